"""From an input to predictions: when something moved, what moved, which class it is and how far to trust that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.statistics import RegionStatistics
from mer.errors import DataError, FaceNotFoundError
from mer.frames.pair import to_grey
from mer.landmarks.base import ImageLandmarks
from mer.model.explain import shapley
from mer.model.fitted import FittedModel
from mer.model.follow import FollowedFace, Look
from mer.model.inputs import Held, Moment, Source
from mer.model.moved import candidates, region_shifts, sentence
from mer.model.result import CANNOT_SAY, Contribution, Flag, Prediction
from mer.model.trust import Trust
from mer.pipeline import Stages
from mer.pipeline.clip import Moving, Timer
from mer.roi.names import partners
from mer.spotting.fit import Spotter
from mer.spotting.motion import MotionCurve, RegionMotion
from mer.svm.selection import region_of
from mer.types import (
    KINDS,
    AlignedPair,
    FlowField,
    Image,
    Interval,
    Kind,
    Numbers,
    Regions,
    RegionScheme,
    Sample,
)

__all__ = ["Evidence", "Follow", "Predictor", "follow", "fps_of", "nearest_frame"]

Float = NDArray[np.float64]
_LENGTH = RegionStatistics(quantities=("magnitude",), norm="none")
_ORDERS = 8  # of regions, for the contributions


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """A prediction and what it rests on, for a picture.

    Attributes
    ----------
    prediction : Prediction
    pair : AlignedPair or None
        None where no face was found.
    flow : FlowField or None
    regions : Regions or None
    """

    prediction: Prediction
    pair: AlignedPair | None = None
    flow: FlowField | None = None
    regions: Regions | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Follow:
    """The motion in a source over time.

    Attributes
    ----------
    curve : MotionCurve
    first : int
        Frame of the source at which the curve begins.
    looks : sequence of Look
        At the frames that were searched for a face.
    step : int
        Frames from one of them to the next.
    strengths : dict of str to ndarray
        Kind → strength of motion, px, shape (T,).
    found : tuple of Interval
        In which something moved, counted as the source counts.
    """

    curve: MotionCurve
    first: int
    looks: Sequence[Look]
    step: int
    strengths: dict[Kind, Numbers]
    found: tuple[Interval, ...]

    def looks_around(self, interval: Interval) -> list[Look]:
        """Return what was seen from one searched frame before an interval to one after it."""
        start, end = interval.onset - self.first - self.step, interval.offset - self.first + self.step
        return [look for number, look in enumerate(self.looks) if start <= number * self.step <= end]


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """Everything that is needed to look at an input.

    Attributes
    ----------
    measure : RegionMotion
        Motion over time.
    spotter : Spotter
    stages : Stages
        Stages 2 to 7: those of the model, or those of the default run.
    roi : RegionScheme
        Regions in which motion is described in words.
    trust : Trust
    model : FittedModel or None
    """

    measure: RegionMotion
    spotter: Spotter
    stages: Stages
    roi: RegionScheme
    trust: Trust
    model: FittedModel | None = None

    def follow(
        self, frames: Iterable[Image], fps: float, advance: Callable[[], None] = lambda: None, first: int = 0
    ) -> Follow:
        """Return the motion in frames that follow each other.

        Raises
        ------
        FaceNotFoundError
            If no face is followed anywhere.
        """
        return follow(self.measure, self.spotter, frames, fps, advance, first)

    def given(self, follow: Follow, onset: int, offset: int) -> Interval:
        """Return an interval that a user gives, with its apex where the motion is strongest."""
        strength = np.asarray(follow.strengths["micro"][onset - follow.first + 1 : offset - follow.first + 1])
        if not np.isfinite(strength).any():
            raise FaceNotFoundError(f"no face was found in frames {onset} to {offset}; choose another interval")
        apex = onset + 1 + int(np.nanargmax(strength))
        kind: Kind = "micro" if (offset - onset) / follow.curve.fps <= self.trust.seconds else "macro"
        return Interval(onset=onset, apex=apex, offset=offset, kind=kind, strength=float(np.nanmax(strength)))

    def judged(self, source: Source, follow: Follow, intervals: Sequence[Interval]) -> Iterator[Evidence]:
        """Yield what is said of each interval of a source, in one pass over its frames.

        Only the frames of intervals that have begun and not yet ended are held.
        """
        waiting = sorted(intervals, key=lambda interval: interval.onset)
        held: dict[int, Image] = {}
        times = source.times
        for number, frame in enumerate(source.frames()):
            if any(interval.onset <= number <= interval.offset for interval in waiting):
                held[number] = to_grey(frame)
            for interval in [one for one in waiting if one.offset == number]:
                waiting.remove(interval)
                moment = Moment(name=source.name, interval=interval, fps=fps_of(times), clip=Held(images=dict(held)))
                yield self.judge(moment, times, follow)
            first = min((interval.onset for interval in waiting), default=number + 1)
            for gone in [one for one in held if one < first]:
                del held[gone]
            if not waiting:
                return

    def judge(
        self,
        moment: Moment,
        times: Numbers | None = None,
        follow: Follow | None = None,
    ) -> Evidence:
        """Return what is said of one interval.

        Parameters
        ----------
        moment : Moment
        times : ndarray, shape (T,), optional
            Seconds of the frames of its source.
        follow : Follow, optional
            Motion in the source.
        """
        interval = moment.interval
        start, apex, end = _seconds(interval, times, moment.fps)
        duration = (end - start) if start is not None and end is not None else 0.0
        flags = [*self.trust.of_time(interval, duration, moment.fps)]
        if follow is not None:
            flags += self.trust.of_faces(follow.looks_around(interval))
            flags += self.trust.of_motion(interval.strength, _rest(follow, interval))
        about = Prediction(
            input=moment.name,
            interval=interval,
            start=start,
            apex=apex,
            end=end,
            shifts=(),
            sentence="no face was found in its frames",
            action_units=(),
            model="" if self.model is None else self.model.name,
        )
        try:
            seen, pair, moving = self._seen(moment)
        except FaceNotFoundError:
            missing = [] if any(flag.name == "no_face" for flag in flags) else [_NO_FACE]
            return Evidence(prediction=self._outcome(replace(about, flags=(*flags, *missing))))
        if follow is None:
            flags += self.trust.of_faces(seen.looks)
        if len(seen.looks) == 2 and seen.looks[0].face and seen.looks[1].face:
            flags += self.trust.of_head(seen.looks[0].face, seen.looks[1].face)
        return self._described(replace(about, flags=tuple(flags)), pair, moving)

    def _seen(self, moment: Moment) -> tuple[FollowedFace, AlignedPair, Moving]:
        """Return the face at onset and apex, the aligned frames, and the motion between them: stages 2 to 6."""
        stages = self.stages
        assert stages.frames is not None and stages.align is not None
        frames = stages.frames(_sample(moment))
        face = FollowedFace(finder=_finder(stages.landmarks))
        pair = stages.align(frames, face.of_pair(frames))
        try:
            face(frames.apex)
        except FaceNotFoundError:
            face.looks.pop()
            face.looks.append(Look(faces=0, face=None))
        return face, pair, stages.moving(stages.estimated(pair, Timer()))

    def _described(self, about: Prediction, pair: AlignedPair, moving: Moving) -> Evidence:
        regions = self.roi(pair.landmarks, moving.apex.shape)
        shifts = region_shifts(moving.apex, regions)
        found = replace(about, shifts=shifts, sentence=sentence(shifts), action_units=candidates(shifts))
        if self.model is not None:
            found = self._classified(found, self.model, moving)
        return Evidence(prediction=self._outcome(found), pair=pair, flow=moving.apex, regions=regions)

    def _classified(self, about: Prediction, model: FittedModel, moving: Moving) -> Prediction:
        """Return the prediction with probabilities, contributions and what the model says of itself."""
        rest = replace(moving, fields=tuple(FlowField(uv=np.zeros_like(field.uv)) for field in moving.fields))
        row, still = self._rows(model, moving), self._rows(model, rest)
        likelihood = model.calibration(model.scores(row[None]))[0]
        best = int(likelihood.argmax())
        length = _LENGTH(moving.apex, moving.regions).mean(keepdims=True)
        distance = float(model.neighbourhood(row[:1], length)[0])
        flags = [*about.flags, *self.trust.of_distance(distance, model.far), *_of_model(model)]
        return replace(
            about,
            probabilities={name: float(p) for name, p in zip(model.classes, likelihood, strict=True)},
            contributions=_contributions(model, best, row, still),
            flags=tuple(flags),
        )

    def _rows(self, model: FittedModel, moving: Moving) -> Float:
        """Return the feature row of a clip, and that of its mirror image where the model takes both, (images, D)."""
        images = [moving, self.stages.mirrored(moving)] if model.average else [moving]
        return np.stack([self.stages.described(image) for image in images]).astype(np.float64)

    @staticmethod
    def _outcome(about: Prediction) -> Prediction:
        if not about.model:
            return about
        unsure = any(flag.decides for flag in about.flags) or not about.probabilities
        return replace(about, outcome=CANNOT_SAY if unsure else about.likeliest)


_NO_FACE = Flag(name="no_face", sentence="no face in the frame of the onset")


def follow(
    measure: RegionMotion,
    spotter: Spotter,
    frames: Iterable[Image],
    fps: float,
    advance: Callable[[], None] = lambda: None,
    first: int = 0,
) -> Follow:
    """Return the motion in frames that follow each other, of one face; see `Predictor.follow`."""
    face = FollowedFace(finder=_finder(measure.landmarks))
    curve = replace(measure, landmarks=face)(frames, fps, advance)
    return Follow(
        curve=curve,
        first=first,
        looks=face.looks,
        step=max(round(measure.anchor * fps), 1),
        strengths={kind: spotter.strength(curve, kind) for kind in KINDS},
        found=tuple(interval.shifted(first) for interval in spotter(curve)),
    )


def fps_of(times: Numbers) -> float:
    """Return the mean number of frames per second."""
    return (len(times) - 1) / float(times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0


def nearest_frame(times: Numbers, seconds: float) -> int:
    """Return the frame that is shown nearest to a time."""
    return int(np.abs(np.asarray(times) - seconds).argmin())


def _finder(found: object) -> ImageLandmarks:
    if not isinstance(found, ImageLandmarks):
        raise DataError("landmarks: a video has no stored landmarks; use landmarks=cnn68, also to fit a model")
    return found


def _sample(moment: Moment) -> Sample:
    interval = moment.interval
    apex = (interval.onset + interval.offset) // 2 if interval.apex is None else interval.apex
    return Sample(
        id=moment.name,
        dataset="input",
        subject="input",
        label="",
        onset=interval.onset,
        apex=max(apex, min(interval.onset + 1, interval.offset)),
        offset=interval.offset,
        fps=moment.fps,
        clip=moment.clip,
    )


def _seconds(interval: Interval, times: Numbers | None, fps: float) -> tuple[float | None, float | None, float | None]:
    ends = interval.onset, interval.apex, interval.offset
    if times is not None:
        found = [None if end is None else float(times[end]) for end in ends]
    elif fps:
        found = [None if end is None else end / fps for end in ends]
    else:
        return None, None, None
    return found[0], found[1], found[2]


def _rest(follow: Follow, interval: Interval) -> Numbers:
    """Return the strength of motion in the frames outside of an interval and of all that was found."""
    outside = np.ones(len(follow.strengths["micro"]), dtype=bool)
    for one in (interval, *follow.found):
        outside[max(one.onset - follow.first, 0) : one.offset - follow.first + 1] = False
    return follow.strengths["micro"][outside]


def _contributions(model: FittedModel, best: int, row: Float, still: Float) -> tuple[Contribution, ...]:
    """Return what each region adds to the score of the likeliest class; a mirrored region counts for its original."""
    images = len(row)
    region = region_of(model.columns)
    names = list(dict.fromkeys(name.rpartition(":")[0] or name for name in model.columns))
    index = np.concatenate([region, np.asarray(partners(names))[region]]) if images == 2 else region

    def score(rows: Float) -> Float:
        return np.asarray(model.scores(rows.reshape(len(rows), images, -1))[:, best])

    changes = shapley(score, row.ravel(), still.ravel(), index, _ORDERS)
    found = [Contribution(region=name, change=float(change)) for name, change in zip(names, changes, strict=True)]
    return tuple(sorted(found, key=lambda one: -abs(one.change)))


def _of_model(model: FittedModel) -> Iterator[Flag]:
    if model.demonstration:
        yield Flag(name="demonstration", sentence="demonstration: trained on generated faces")
    if model.changed:
        yield Flag(
            name="other_version",
            sentence=f"fitted by mer {model.card['versions']['mer']} with another version of "
            f"{', '.join(model.changed)}, which may compute otherwise; fit the model again",
        )
