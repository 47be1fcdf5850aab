"""The two thresholds of `Peaks`, chosen on training subjects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.spotting.motion import MotionCurve
from mer.spotting.peaks import Candidates, Peaks
from mer.spotting.score import SpottedVideo, counts
from mer.types import Interval, Kind, Recording
from mer.validation import require_number

__all__ = ["Followed", "Spotter", "SubjectsOut", "fitted", "leave_one_subject_out", "spotted"]

Followed = tuple[Recording, MotionCurve]
_Prepared = tuple[Recording, Candidates]


class Spotter(Protocol):
    """What finds intervals in a curve."""

    def __call__(self, curve: MotionCurve) -> tuple[Interval, ...]:
        """Return the intervals in order of onset, frames counted from 0."""

    def strength(self, curve: MotionCurve, kind: Kind) -> NDArray[np.float64]:
        """Return the strength of motion in every frame, px, shape (T,); NaN where there is no face."""


@dataclass(frozen=True, kw_only=True)
class SubjectsOut:
    """How long videos are evaluated: leave-one-subject-out.

    Attributes
    ----------
    iou : float
        Smallest intersection over union of a hit, in (0, 1].
    heights : sequence of float
        Thresholds that are tried on the training subjects, pixels of the aligned face; empty to use those of the
        spotter as they are.
    """

    iou: float
    heights: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "heights", tuple(self.heights))
        require_number("task.iou", self.iou, low=0, high=1, above=True)
        for height in self.heights:
            require_number("task.heights", height, low=0, above=True)

    def __call__(self, spotter: Spotter, videos: Sequence[Followed]) -> list[SpottedVideo]:
        """Return what is found in every video, by thresholds that its subject had no part in."""
        if not self.fits(spotter):
            return spotted(spotter, videos)
        return leave_one_subject_out(spotter, videos, self.heights, self.iou)

    def check(self, spotter: Spotter, recordings: Sequence[Recording]) -> None:
        """Refuse, before anything is measured, videos on which the thresholds cannot be fitted.

        Raises
        ------
        ConfigError
            If thresholds are to be fitted and there is only one subject.
        """
        subjects = {recording.subject for recording in recordings}
        if self.fits(spotter) and len(subjects) < 2:
            raise ConfigError(
                f"task.heights: thresholds are fitted on the other subjects, and there is only {', '.join(subjects)}; "
                "set task.heights=[] to use those of the spotter"
            )

    def fits(self, spotter: Spotter) -> TypeGuard[Peaks]:
        """Return whether thresholds are fitted: there are heights to choose from, and the spotter has thresholds."""
        return bool(self.heights) and isinstance(spotter, Peaks)


def spotted(spotter: Spotter, videos: Sequence[Followed]) -> list[SpottedVideo]:
    """Return what a spotter finds in videos, next to what is true."""
    return [_beside_truth(recording, _found(spotter, recording, curve)) for recording, curve in videos]


def _found(spotter: Spotter, recording: Recording, curve: MotionCurve) -> tuple[Interval, ...]:
    try:
        return spotter(curve)
    except DataError as error:
        raise type(error)(f"{recording.id}: {error}") from error


def fitted(spotter: Peaks, videos: Sequence[Followed], heights: Sequence[float], iou: float = 0.5) -> Peaks:
    """Return the spotter with the heights that give the best F1 of their kind on these videos.

    That of macro-expressions is chosen first, since it decides which micro-expressions are left; of equally good
    heights the lowest is taken.
    """
    return _fitted(spotter, _prepared(spotter, videos), heights, iou)


def leave_one_subject_out(
    spotter: Peaks, videos: Sequence[Followed], heights: Sequence[float], iou: float = 0.5
) -> list[SpottedVideo]:
    """Return what is found in the videos of each subject by a spotter that was fitted on all others."""
    prepared, found = _prepared(spotter, videos), []
    for subject in sorted({recording.subject for recording, _ in prepared}):
        others = [video for video in prepared if video[0].subject != subject]
        own = [video for video in prepared if video[0].subject == subject]
        found += _chosen(_fitted(spotter, others, heights, iou), own)
    return found


def _prepared(spotter: Peaks, videos: Sequence[Followed]) -> list[_Prepared]:
    """Return the peaks of every video; the heights, which are to be fitted, only choose from these."""
    return [(recording, spotter.candidates(curve)) for recording, curve in videos]


def _chosen(spotter: Peaks, videos: Sequence[_Prepared]) -> list[SpottedVideo]:
    return [_beside_truth(recording, spotter.choose(candidates)) for recording, candidates in videos]


def _beside_truth(recording: Recording, found: Sequence[Interval]) -> SpottedVideo:
    return SpottedVideo(
        video=recording.id,
        subject=recording.subject,
        true=recording.events,
        found=tuple(one.shifted(recording.first) for one in found),  # a curve counts from 0
        minutes=recording.minutes,
        fps=recording.fps,
    )


def _fitted(spotter: Peaks, videos: Sequence[_Prepared], heights: Sequence[float], iou: float) -> Peaks:
    for kind, name in (("macro", "macro_height"), ("micro", "micro_height")):
        choices = [replace(spotter, **{name: height}) for height in sorted(heights)]  # type: ignore[arg-type]
        spotter = max(choices, key=lambda one: _f1(one, videos, kind, iou))  # type: ignore[arg-type]
    return spotter


def _f1(spotter: Peaks, videos: Sequence[_Prepared], kind: Kind, iou: float) -> float:
    score = counts(_chosen(spotter, videos), iou)[kind].f1
    return 0.0 if math.isnan(score) else score
