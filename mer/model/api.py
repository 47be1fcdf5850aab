"""A model, or none, as one object for notebooks, the command line and the web page."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mer.config.composition import build, compose
from mer.errors import ConfigError, DataError, FaceNotFoundError
from mer.model.fitted import FittedModel
from mer.model.inputs import Held, InMemory, Moment, Source, found, moments
from mer.model.motion import Follow, fps_of, nearest_frame
from mer.model.predict import Evidence, Predictor
from mer.model.result import Prediction
from mer.model.shelf import load_named
from mer.pipeline import Stages
from mer.store.program import default_home
from mer.types import Image, Numbers
from mer.validation import user_path

__all__ = ["Looked", "Model", "Progress", "load_model"]

Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
_INTERVAL = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)(s?)")
_AROUND_S = 1.5  # s before and after a given interval that are looked at, too
_WINDOW_S, _MARGIN_S = 20.0, 5.0  # of a stream: what is looked at together, and how much of it twice


def _silent(_what: str, _total: int) -> AbstractContextManager[Callable[[], None]]:
    return nullcontext(lambda: None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """All that is said of one source, for pictures.

    Attributes
    ----------
    name : str
    source : Source or None
        None for a pair of images or a row of a table.
    follow : Follow or None
        Motion over time, of a source.
    times : ndarray, shape (T,), or None
        Seconds of the frames of a source.
    evidence : iterable of Evidence
        One per interval; computed as it is read.
    """

    name: str
    source: Source | None
    follow: Follow | None
    times: Numbers | None
    evidence: Iterable[Evidence]


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """Looks at faces with a model that was fitted by ``mer fit``, or without one.

    Attributes
    ----------
    predictor : Predictor
    """

    predictor: Predictor

    @classmethod
    def of(cls, model: FittedModel | None, overrides: Sequence[str] = ()) -> Model:
        """Return the object for a loaded model, or for none.

        Parameters
        ----------
        model : FittedModel or None
        overrides : sequence of str
            Of the groups of ``conf/predict.yaml``, such as ``["spotter.micro_height=0.2"]``.
        """
        cfg = compose(overrides, root="predict")
        return cls(
            predictor=Predictor(
                measure=build(cfg.region_motion),
                spotter=build(cfg.spotter),
                stages=_default_stages() if model is None else model.stages,
                roi=build(cfg.roi),
                trust=build(cfg.trust),
                model=model,
            )
        )

    @property
    def name(self) -> str:
        """``NAME@VERSION``; empty without a model."""
        return "" if self.predictor.model is None else self.predictor.model.name

    def predict(
        self,
        frames: str | Path | Sequence[Image],
        *,
        interval: str = "",
        fps: float | None = None,
    ) -> list[Prediction]:
        """Return one prediction per interval.

        Parameters
        ----------
        frames : path or sequence of ndarray
            A video, a folder of frames, a folder with two images (onset and apex), a table as of ``dataset=csv``, a
            folder of any of these; or frames in memory, grey (H, W) or BGR (H, W, 3), uint8.
        interval : str
            ``3.2-3.6`` is seconds, ``80-90`` frames (the first is 0), ``3-4s`` seconds, too; empty to have intervals
            spotted.
        fps : float, optional
            Frames per second, of a folder of frames and of frames in memory.

        Raises
        ------
        MerError
            For input that cannot be looked at, in one sentence.
        """
        if isinstance(frames, str | Path):
            sources = found(user_path("input", frames), fps)
            some = (one for source in sources for one in self.look(source, interval=interval))
            return [one.prediction for looked in some for one in looked.evidence]
        if fps is None or fps <= 0:
            raise ConfigError(f"fps={fps}: frames in memory need their number per second, above 0")
        looked = self._look_at(InMemory(images=frames, fps=fps), interval, _silent)
        return [one.prediction for one in looked.evidence]

    def look(
        self, source: Source | Moment | Path, *, interval: str = "", progress: Progress = _silent
    ) -> Iterator[Looked]:
        """Yield what is said of a source with all that it rests on; a table gives one `Looked` per row.

        Parameters
        ----------
        source : Source, Moment or Path
            Of `mer.model.inputs.found`.
        interval : str
            As in `predict`.
        progress : callable
            As `mer.progress.progress`.
        """
        if isinstance(source, Path):
            table = moments(_table(source))
            with progress("clips", len(table)) as advance:
                for moment in table:
                    yield from self.look(moment)
                    advance()
        elif isinstance(source, Moment):
            evidence = [self.predictor.judge(moment=source)]
            yield Looked(name=source.name, source=None, follow=None, times=None, evidence=evidence)
        else:
            yield self._look_at(source, interval, progress)

    def stream(self, frames: Iterable[Image], fps: float) -> Iterator[Prediction]:
        """Yield the predictions of frames as they come, such as those of a camera; memory does not grow.

        Parameters
        ----------
        frames : iterable of ndarray
            Grey (H, W) or BGR (H, W, 3), uint8.
        fps : float
            Frames per second.

        Notes
        -----
        Windows of 20 s are looked at, each 10 s after the last: an interval is told when the window ends in whose
        middle 10 s its apex lies. A face that is lost for a whole window is waited for.
        """
        if fps <= 0:
            raise ConfigError(f"fps={fps}: must be above 0")
        step = max(round(self.predictor.measure.anchor * fps), 1)
        margin = max(round(_MARGIN_S * fps) // step, 1) * step
        hop = max(round(_WINDOW_S * fps) // step, 3) * step - 2 * margin
        held: deque[Image] = deque()
        first, ended, begin = 0, False, 0
        source = iter(frames)
        while not ended:
            fresh = list(islice(source, hop + 2 * margin - len(held)))
            held.extend(fresh)
            ended = len(held) < hop + 2 * margin
            end = first + len(held) if ended else first + margin + hop
            yield from self._of_window(list(held), fps, first, begin, end)
            begin = end
            for _ in range(min(hop, len(held))):
                held.popleft()
            first += hop

    def _of_window(self, images: list[Image], fps: float, first: int, begin: int, end: int) -> Iterator[Prediction]:
        """Yield the predictions of a window whose apex lies in [begin, end)."""
        if len(images) < 2:
            return
        try:
            follow = self.predictor.follow(images, fps, first=first)
        except FaceNotFoundError:
            return
        times = np.arange(first + len(images)) / fps
        for interval in follow.found:
            apex = interval.onset if interval.apex is None else interval.apex
            if begin <= apex < end:
                part = {k: images[k - first] for k in range(interval.onset, interval.offset + 1)}
                moment = Moment(name="stream", interval=interval, fps=fps, clip=Held(images=part))
                yield self.predictor.judge(moment, times, follow).prediction

    def _look_at(self, source: Source, interval: str, progress: Progress) -> Looked:
        times = source.times
        fps = fps_of(times)
        if not fps:
            raise DataError(f"{source.name}: the video has {len(times)} frame, so there is no motion to find")
        ends = _ends(interval, times, source.name) if interval else None
        around = round(_AROUND_S * fps)
        first, last = (max(ends[0] - around, 0), ends[1] + around) if ends else (0, len(times) - 1)
        last = min(last, len(times) - 1)
        try:
            with progress("frames", last - first + 1) as advance:
                follow = self.predictor.follow(islice(source.frames(), first, last + 1), fps, advance, first)
            intervals = (self.predictor.given(follow, *ends),) if ends else follow.found
        except DataError as error:
            raise type(error)(f"{source.name}: {error}") from error
        evidence = self.predictor.judged(source, follow, intervals)
        return Looked(name=source.name, source=source, follow=follow, times=times, evidence=evidence)


def load_model(name: str = "", *, home: str | Path | None = None) -> Model:
    """Load a model that ``mer fit`` made, for use from Python.

    Parameters
    ----------
    name : str
        ``NAME`` (the newest version), ``NAME@VERSION`` or the folder of a model; empty for none: motion, intervals and
        action units need no model.
    home : path, optional
        MER_HOME; that of the environment, or ``mer_home``, by default.

    Raises
    ------
    MerError
        If there is no such model, or it was edited.

    Examples
    --------
    >>> model = mer.load_model("mine")  # doctest: +SKIP
    >>> for prediction in model.predict("interview.mp4"):  # doctest: +SKIP
    ...     print(prediction.start, prediction.outcome, prediction.sentence)
    """
    root = user_path("home", home or default_home())
    return Model.of(load_named(root, name) if name else None)


def _default_stages() -> Stages:
    cfg = compose()
    names = ("frames", "landmarks", "align", "flow", "motion", "roi", "descriptor")
    return Stages(**{name: build(cfg[name]) for name in names})


def _table(path: Path) -> Any:
    cfg = compose(["dataset=csv"])
    cfg.dataset.table = str(path)
    manifest = build(cfg.dataset).load()
    if manifest.faults:
        raise DataError(f"{path}: {manifest.faults[0].sample_id}: {manifest.faults[0].reason}")
    return manifest.samples


def _ends(text: str, times: Numbers, name: str) -> tuple[int, int]:
    """Return the frames of ``3.2-3.6`` (seconds), ``3-4s`` or ``80-90`` (frames)."""
    parts = _INTERVAL.fullmatch(text.replace(" ", ""))
    if not parts:
        raise ConfigError(f"interval={text}: write seconds, such as 3.2-3.6 or 3-4s, or frames, such as 80-90")
    first, second, unit = parts.groups()
    seconds = bool(unit) or "." in first or "." in second
    onset, offset = (nearest_frame(times, float(end)) if seconds else int(end) for end in (first, second))
    late = max(float(first), float(second)) > float(times[-1]) + 1 if seconds else offset >= len(times)
    if late:
        raise DataError(
            f"interval={text}: {name} ends at frame {len(times) - 1}, {float(times[-1]):.2f} s; correct the interval"
        )
    if onset >= offset:
        raise DataError(f"interval={text}: frames {onset} to {offset}: the offset must come after the onset")
    return onset, offset
