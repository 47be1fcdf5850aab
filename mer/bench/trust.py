"""What mer predict says of generated clips whose truth is known: flags that must and must not be raised, and regions.

One table of flags: for each, clips that must raise it and clips that must not. One of contributions: clips in which one
action unit moves alone, and whether its regions are among the three that a model names first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from mer.config.arguments import take_settings
from mer.config.composition import component
from mer.errors import ConfigError
from mer.model.api import Model, load_model
from mer.model.moved import region_shifts
from mer.model.result import Prediction
from mer.progress import progress
from mer.store.program import default_home
from mer.types import Image, Sample

__all__ = ["run"]

_FPS = 60
# A clip that must raise nothing: long rests, so that the noise of the video can be told, and a clear expression.
_PLAIN: dict[str, Any] = {
    "fps": _FPS,
    "rest": [0.8, 0.8],
    "rise": [0.1, 0.2],
    "fall": [0.15, 0.25],
    "peak": [1.5, 3.0],
    "blinks": 0,
}
# Flag → fields of the generator that must raise it.
_MADE: dict[str, dict[str, Any]] = {
    "below_noise": {"peak": [0.01, 0.02]},
    "few_frames": {"fps": 15, "rise": [0.06, 0.09], "fall": [0.06, 0.09], "rest": [1.0, 1.0]},
    "too_long": {"rise": [0.4, 0.5], "fall": [0.4, 0.6]},
}
# Clips in which nothing moves but the action units of an expression.
_ALONE: dict[str, Any] = {
    **dict.fromkeys(("stray", "blinks", "drift_shift", "drift_roll", "drift_zoom"), 0.0),
    "peak": [1.0, 3.0],
}
_OWN = 0.7  # of the largest true motion: a region that moves as much is one of the unit's
_NAMED = 3


def run(arguments: Sequence[str]) -> None:
    """Print both tables.

    ``clips=10`` of each kind; ``model=NAME`` also tests contributions and the flag far_from_training; ``home=DIR``.
    """
    given = take_settings(arguments, {"clips": "10", "model": "", "home": default_home(), "units": "60"})
    if not given["clips"].isdigit() or not given["units"].isdigit() or not int(given["clips"]):
        raise ConfigError("mer bench trust: clips= and units= are whole numbers; clips above 0")
    model = load_model(given["model"], home=Path(given["home"]))
    Console(width=110).print(_flags(model, int(given["clips"])))
    if given["model"]:
        Console(width=110).print(_contributions(model, int(given["units"])))


def _flags(model: Model, clips: int) -> Table:
    edited: dict[str, Callable[[Sample, list[Image]], list[Image]]] = {
        "no_face": _without_face,
        "several_faces": _two_faces,
        "head_moved (drift)": _drifting,
        "head_moved (profile)": _profile,
    }
    if model.name:
        edited["far_from_training"] = _torn
    kinds = [*_MADE, "below_noise (noise)", *edited]
    table = Table(title=f"{clips} generated clips of each kind", title_justify="left")
    for head in ("flag", "clips that must raise it: raised", "clips that must not: not raised"):
        table.add_column(head, justify="left" if head == "flag" else "right")
    with progress("clips", (1 + len(kinds)) * clips) as advance:
        plain = [_predicted(model, sample, frames, advance) for sample, frames in _clips({}, clips)]
        for kind in kinds:
            name = kind.partition(" ")[0]
            fields = {"peak": [0.3, 0.4], "noise": 16.0} if "noise)" in kind else _MADE.get(kind, {})
            some = [
                _predicted(model, s, edited[kind](s, frames) if kind in edited else frames, advance)
                for s, frames in _clips(fields, clips)
            ]
            raised = sum(name in _names(one) for one in some)
            silent = sum(name not in _names(one) for one in plain)
            table.add_row(kind, f"{raised} of {clips}", f"{silent} of {clips}")
    return table


def _contributions(model: Model, most: int) -> Table:
    """Return how often the regions that one unit moves are among those that a model names first."""
    roi = model.predictor.stages.roi
    found: dict[str, list[bool]] = {}
    samples = [sample for sample in _samples(_ALONE, 24) if _unit(sample)][:most]
    with progress("units", len(samples)) as advance:
        for sample in samples:
            clip: Any = sample.clip
            frames = {k: clip.read(k) for k in range(sample.onset, sample.offset + 1)}
            one = _at(model, sample, frames)
            regions = roi(clip.landmarks(sample.onset), (256, 256))
            shifts = region_shifts(clip.true_flow(sample.onset, sample.apex), regions)
            own = {shift.region for shift in shifts if shift.length >= _OWN * shifts[0].length}
            named = {part.region for part in one.contributions[:_NAMED]}
            found.setdefault(_unit(sample), []).append(bool(own & named))
            advance()
    title = f"one action unit alone: its regions among the first {_NAMED} contributions, {model.name}"
    table = Table("unit", "clips", "named", title=title, title_justify="left")
    for unit, hits in sorted(found.items()):
        table.add_row(unit, str(len(hits)), f"{sum(hits)} of {len(hits)}")
    every = [hit for hits in found.values() for hit in hits]
    table.add_row("all", str(len(every)), f"{np.mean(every):.0%}")
    return table


def _at(model: Model, sample: Sample, frames: dict[int, Image]) -> Prediction:
    from mer.model.inputs import Held, Moment
    from mer.types import Interval

    interval = Interval(onset=sample.onset, apex=sample.apex, offset=sample.offset, kind="micro")
    moment = Moment(name=sample.id, interval=interval, fps=sample.fps, clip=Held(images=frames))
    return model.predictor.judge(moment).prediction


def _unit(sample: Sample) -> str:
    """Return the only action unit of a clip, without its side; empty where there are several."""
    units = {name.rstrip("LR") for name in sample.clip.action_units}  # type: ignore[attr-defined]
    return next(iter(units)) if len(units) == 1 else ""


def _samples(fields: dict[str, Any], subjects: int) -> list[Sample]:
    dataset = component("dataset", "synthetic", **{**fields, "subjects": subjects})
    samples: list[Sample] = list(dataset.load().samples)
    return samples


def _clips(fields: dict[str, Any], clips: int) -> Iterator[tuple[Sample, list[Image]]]:
    """Yield clips, each of another person, with all their frames."""
    for sample in _samples({**_PLAIN, **fields, "clips": 1}, clips):
        count = sample.clip.frames  # type: ignore[attr-defined]
        yield sample, [sample.clip.read(k) for k in range(count)]


def _predicted(model: Model, sample: Sample, frames: list[Image], advance: Callable[[], None]) -> Prediction:
    advance()
    found = model.predict(frames, interval=f"{sample.onset}-{sample.offset}", fps=sample.fps)
    return found[0]


def _names(one: Prediction) -> set[str]:
    return {flag.name for flag in one.flags}


def _without_face(sample: Sample, frames: list[Image]) -> list[Image]:
    """Return the frames with the face covered shortly before the onset."""
    cover = range(max(sample.onset - 40, 0), max(sample.onset - 4, 1))
    return [np.full_like(frame, 128) if k in cover else frame for k, frame in enumerate(frames)]


def _two_faces(_: Sample, frames: list[Image]) -> list[Image]:
    """Return the frames with a copy of the face beside it."""
    return [np.hstack([frame, frame]) for frame in frames]


def _drifting(sample: Sample, frames: list[Image]) -> list[Image]:
    """Return the frames with the head moving by 24 px and rolling by 8° from onset to apex, then staying there."""
    height, width = frames[0].shape[:2]
    shares = np.clip((np.arange(len(frames)) - sample.onset) / (sample.apex - sample.onset), 0, 1)
    found = []
    for frame, share in zip(frames, shares, strict=True):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 8.0 * float(share), 1.0)
        matrix[0, 2] += 24 * share
        moved = cv2.warpAffine(frame, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        found.append(np.asarray(moved, dtype=np.uint8))
    return found


def _profile(_: Sample, frames: list[Image]) -> list[Image]:
    """Return the frames with one half of the face narrowed, as a turned head shows it."""
    height, width = frames[0].shape[:2]
    x = np.arange(width, dtype=np.float32)
    middle = width / 2
    source = np.where(x < middle * 0.6, x / 0.6, middle + (x - middle * 0.6) / (2 - 0.6) * 1.0)
    across = np.repeat(source[None].astype(np.float32), height, axis=0)
    down = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    return [np.asarray(cv2.remap(frame, across, down, cv2.INTER_LINEAR), dtype=np.uint8) for frame in frames]


def _torn(sample: Sample, frames: list[Image]) -> list[Image]:
    """Return the frames with patches of the skin shifted at random from the onset on, as no face moves."""
    rng = np.random.default_rng(sample.onset)
    size = frames[0].shape[0]
    field = [cv2.GaussianBlur(rng.normal(0, 1, (size, size)), (0, 0), 7) for _ in range(2)]
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    shift = [6.0 * part / np.abs(part).max() for part in field]
    maps = [(grid + part).astype(np.float32) for grid, part in zip((x, y), shift, strict=True)]
    torn = [np.asarray(cv2.remap(frame, maps[0], maps[1], cv2.INTER_LINEAR), dtype=np.uint8) for frame in frames]
    inside = range(sample.onset + 1, sample.offset)
    return [torn[k] if k in inside else frame for k, frame in enumerate(frames)]
