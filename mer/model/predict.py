"""From an input to predictions: when something moved, what moved, which class it is and how far to trust that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mer.errors import FaceNotFoundError
from mer.frames.pair import to_grey
from mer.model.classify import classified
from mer.model.fitted import FittedModel
from mer.model.follow import FollowedFace, Look
from mer.model.inputs import Held, Moment, Source
from mer.model.motion import Follow, face_finder, follow, fps_of
from mer.model.moved import candidates, region_shifts, sentence
from mer.model.result import CANNOT_SAY, Flag, Prediction
from mer.model.trust import Trust
from mer.pipeline import Stages
from mer.pipeline.clip import Moving, Timer
from mer.spotting.fit import Spotter
from mer.spotting.motion import RegionMotion
from mer.types import (
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

__all__ = ["Evidence", "Predictor"]


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
            flags += self.trust.of_motion(interval.strength, follow.rest(interval))
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
        face = FollowedFace(finder=face_finder(stages.landmarks))
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
            found = classified(found, self.model, self.trust, moving)
        return Evidence(prediction=self._outcome(found), pair=pair, flow=moving.apex, regions=regions)

    @staticmethod
    def _outcome(about: Prediction) -> Prediction:
        if not about.model:
            return about
        unsure = any(flag.decides for flag in about.flags) or not about.probabilities
        return replace(about, outcome=CANNOT_SAY if unsure else about.likeliest)


_NO_FACE = Flag(name="no_face", sentence="no face in the frame of the onset")


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
