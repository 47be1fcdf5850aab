"""What a user should know of a video that can be decoded, each remark with its next step."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from mer.errors import first_of

__all__ = ["remarks"]

_JUMP = 5.0  # a change from frame to frame is sudden above this multiple of the usual one around it ...
_JUMP_LEVELS = 2.0  # ... and above this many grey levels
_AROUND = 11  # frames around it
_GAP = 1.5  # a step of the clock is a gap above this multiple of a long usual step
_LOST_S = 0.5  # by so many seconds a file may be shorter than its header says
_NAMED = 5  # of many frames, so many are named


def remarks(
    times: NDArray[np.float64],
    changes: NDArray[np.float64],
    container: av.container.InputContainer,
    stream: av.VideoStream,
) -> Iterator[str]:
    """Yield a remark each on missing frames, gaps in the clock, sudden changes, odd pixels and further streams.

    Parameters
    ----------
    times : ndarray of float64, shape (frames,)
        Seconds.
    changes : ndarray of float64, shape (frames,)
        Mean change of the grey levels since the frame before.
    container, stream
        Of the open file.
    """
    yield from _count(len(times), stream)
    yield from _duration(times, container)
    yield from _gaps(times)
    yield from _jumps(changes)
    yield from _form(container, stream)


def _count(found: int, stream: av.VideoStream) -> Iterator[str]:
    if stream.frames > found:
        yield (
            f"its header counts {stream.frames} frames and {found} are shown; if it was not trimmed, frames are "
            "missing: compare it with its source"
        )


def _duration(times: NDArray[np.float64], container: av.container.InputContainer) -> Iterator[str]:
    """Compare with the duration in the header, where no other stream may last longer."""
    said = (container.duration or 0) / av.time_base
    if len(container.streams) == 1 and len(times) > 1 and said > times[-1] + max(_LOST_S, 3 * times[-1] / len(times)):
        yield (
            f"its header says {said:.1f} s and its frames end at {times[-1]:.1f} s; its end may be missing: compare it "
            "with its source"
        )


def _gaps(times: NDArray[np.float64]) -> Iterator[str]:
    steps = np.diff(times)
    usual = float(np.quantile(steps, 0.95)) if steps.size else 0.0
    gaps = np.flatnonzero(steps > _GAP * usual + 1e-9)
    if gaps.size:
        first = int(gaps[0])
        more = f" (and at {len(gaps) - 1} more places)" if len(gaps) > 1 else ""
        yield (
            f"its clock jumps by {steps[first]:.3f} s after frame {first}, where {usual:.3f} s is usual{more}: frames "
            "were dropped or lost there; give dataset.unit=seconds where numbers were counted on another copy"
        )


def _jumps(changes: NDArray[np.float64]) -> Iterator[str]:
    """Name sudden changes: many decoders conceal damage without a word."""
    usual = median_filter(changes, size=_AROUND, mode="nearest")
    jumps = np.flatnonzero(changes > np.maximum(_JUMP * usual, _JUMP_LEVELS))
    if jumps.size:
        named, first = first_of(jumps.tolist(), _NAMED), jumps[0]
        frame = "frame" if jumps.size == 1 else "frames"
        yield (
            f"the picture changes suddenly at {frame} {named}: by {changes[first]:.1f} grey levels, where "
            f"{usual[first]:.1f} is usual; a cut, or damage that the decoder did not notice: look at it"
        )


def _form(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[str]:
    ratio = stream.sample_aspect_ratio
    if ratio and ratio != 1:
        yield (
            f"its pixels are not square (aspect ratio {ratio}), and motion is measured in pixels; stretch it: ffmpeg "
            "with -vf scale=iw*sar:ih,setsar=1"
        )
    if len(container.streams.video) > 1:
        yield f"it has {len(container.streams.video)} video streams, and only stream {stream.index} is read; split it"
