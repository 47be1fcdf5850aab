"""What makes it doubtful that expressions in a long video can be found: no face, few frames, an uneven clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from mer.errors import counted
from mer.spotting.motion import MotionCurve
from mer.types import Numbers

__all__ = ["doubts", "in_short"]

_SLOW = 10.0  # frames per second, below which a micro-expression of half a second has fewer than five frames
_SHORT = 0.5  # s; a micro-expression may be as long as that
_UNEVEN = 1.5  # times as long as a short step of the clock a long one may be


def doubts(curve: MotionCurve, times: Numbers) -> Iterator[tuple[str, str]]:
    """Yield what is doubtful about a video, each as the name of the doubt and a sentence with the next step.

    Parameters
    ----------
    curve : MotionCurve
    times : ndarray, shape (T,)
        Seconds of each frame.
    """
    long, rate = float(times[-1] - times[0]), curve.fps
    missing = np.asarray(np.isnan(curve.displacement).any(axis=(1, 2)))
    if missing.any():
        yield "no_face", f"no face in {_where(missing, times)}; nothing can be found there"
    if long < _SHORT:
        yield "short", f"{long:.2f} s are too short to find an expression in; give a longer video"
    if rate < _SLOW:
        text = "are too few to see an expression of half a second; record with 25 or more"
        yield "slow", f"{rate:.3g} frames/s {text}"
    low, high = np.quantile(np.diff(times), [0.05, 0.95])
    if high > _UNEVEN * low:
        text = f"all are taken as {1 / rate:.3f} s apart; give it an even clock, ffmpeg with -vf fps={round(1 / low)}"
        yield "uneven", f"its frames are {low:.3f} to {high:.3f} s apart, and {text}"


def _where(missing: NDArray[np.bool_], times: Numbers) -> str:
    """Return how many frames show no face, and the first stretch of them."""
    first = int(missing.argmax())
    last = first + int(np.argmin(np.append(missing[first:], False))) - 1
    frames = f"{int(missing.sum())} of {counted(len(missing), 'frame')}"
    return f"{frames}, first from {times[first]:.2f} to {times[last]:.2f} s"


def in_short(found: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return one sentence per doubt, of many videos, that names the first.

    Parameters
    ----------
    found : iterable of tuple
        Video, name of the doubt, sentence.
    """
    by_name: dict[str, list[str]] = {}
    for video, name, sentence in found:
        by_name.setdefault(name, []).append(f"{video}: {sentence}")
    return [
        sentences[0] + (f" (and {counted(len(sentences) - 1, 'more video')})" if len(sentences) > 1 else "")
        for sentences in by_name.values()
    ]
