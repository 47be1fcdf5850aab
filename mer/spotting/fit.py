"""The two thresholds of `Peaks`, chosen on training subjects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from mer.spotting.motion import MotionCurve
from mer.spotting.peaks import Peaks
from mer.spotting.score import SpottedVideo, counts
from mer.types import Kind, Recording

__all__ = ["Followed", "fitted", "leave_one_subject_out", "spotted"]

Followed = tuple[Recording, MotionCurve]


def spotted(spotter: Peaks, videos: Sequence[Followed]) -> list[SpottedVideo]:
    """Return what a spotter finds in videos, next to what is true."""
    return [
        SpottedVideo(
            video=recording.id,
            subject=recording.subject,
            true=recording.events,
            found=spotter(curve),
            minutes=recording.minutes,
        )
        for recording, curve in videos
    ]


def fitted(spotter: Peaks, videos: Sequence[Followed], heights: Sequence[float]) -> Peaks:
    """Return the spotter with the heights that give the best F1 of their kind on these videos.

    That of macro-expressions is chosen first, since it decides which micro-expressions are left; of equally good
    heights the lowest is taken.
    """
    for kind, name in (("macro", "macro_height"), ("micro", "micro_height")):
        choices = [replace(spotter, **{name: height}) for height in sorted(heights)]  # type: ignore[arg-type]
        spotter = max(choices, key=lambda one: _f1(one, videos, kind))  # type: ignore[arg-type]
    return spotter


def leave_one_subject_out(spotter: Peaks, videos: Sequence[Followed], heights: Sequence[float]) -> list[SpottedVideo]:
    """Return what is found in the videos of each subject by a spotter that was fitted on all others."""
    found: list[SpottedVideo] = []
    for subject in sorted({recording.subject for recording, _ in videos}):
        others = [video for video in videos if video[0].subject != subject]
        own = [video for video in videos if video[0].subject == subject]
        found += spotted(fitted(spotter, others, heights), own)
    return found


def _f1(spotter: Peaks, videos: Sequence[Followed], kind: Kind) -> float:
    score = counts(spotted(spotter, videos))[kind].f1
    return 0.0 if math.isnan(score) else score
