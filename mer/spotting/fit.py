"""The two thresholds of `Peaks`, chosen on training subjects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from mer.spotting.motion import MotionCurve
from mer.spotting.peaks import Candidates, Peaks
from mer.spotting.score import SpottedVideo, counts
from mer.types import Kind, Recording

__all__ = ["Followed", "fitted", "leave_one_subject_out", "spotted"]

Followed = tuple[Recording, MotionCurve]
_Prepared = tuple[Recording, Candidates]


def spotted(spotter: Peaks, videos: Sequence[Followed]) -> list[SpottedVideo]:
    """Return what a spotter finds in videos, next to what is true."""
    return _chosen(spotter, _prepared(spotter, videos))


def fitted(spotter: Peaks, videos: Sequence[Followed], heights: Sequence[float]) -> Peaks:
    """Return the spotter with the heights that give the best F1 of their kind on these videos.

    That of macro-expressions is chosen first, since it decides which micro-expressions are left; of equally good
    heights the lowest is taken.
    """
    return _fitted(spotter, _prepared(spotter, videos), heights)


def leave_one_subject_out(spotter: Peaks, videos: Sequence[Followed], heights: Sequence[float]) -> list[SpottedVideo]:
    """Return what is found in the videos of each subject by a spotter that was fitted on all others."""
    prepared, found = _prepared(spotter, videos), []
    for subject in sorted({recording.subject for recording, _ in prepared}):
        others = [video for video in prepared if video[0].subject != subject]
        own = [video for video in prepared if video[0].subject == subject]
        found += _chosen(_fitted(spotter, others, heights), own)
    return found


def _prepared(spotter: Peaks, videos: Sequence[Followed]) -> list[_Prepared]:
    """Return the peaks of every video; the heights, which are to be fitted, only choose from these."""
    return [(recording, spotter.candidates(curve)) for recording, curve in videos]


def _chosen(spotter: Peaks, videos: Sequence[_Prepared]) -> list[SpottedVideo]:
    return [
        SpottedVideo(
            video=recording.id,
            subject=recording.subject,
            true=recording.events,
            found=spotter.choose(candidates),
            minutes=recording.minutes,
        )
        for recording, candidates in videos
    ]


def _fitted(spotter: Peaks, videos: Sequence[_Prepared], heights: Sequence[float]) -> Peaks:
    for kind, name in (("macro", "macro_height"), ("micro", "micro_height")):
        choices = [replace(spotter, **{name: height}) for height in sorted(heights)]  # type: ignore[arg-type]
        spotter = max(choices, key=lambda one: _f1(one, videos, kind))  # type: ignore[arg-type]
    return spotter


def _f1(spotter: Peaks, videos: Sequence[_Prepared], kind: Kind) -> float:
    score = counts(_chosen(spotter, videos))[kind].f1
    return 0.0 if math.isnan(score) else score
