"""One pass over a video: its clock, its faults and what is remarkable; and its frames by number."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from mer.dataset.video.decoding import Damage, frames, opened, pixels, thumbnail
from mer.dataset.video.remarks import remarks
from mer.errors import DataError
from mer.types import Image

__all__ = ["VideoIndex", "frame_times", "frames_of", "video_frame", "video_index"]

_NEW_CLOCK = "-vf setpts=N/FR/TB"  # for ffmpeg: frames at the file's nominal rate


@dataclass(frozen=True, kw_only=True)
class VideoIndex:
    """What one pass over a video shows.

    Attributes
    ----------
    times : ndarray of float64, shape (frames,)
        Seconds since the first frame; strictly increasing.
    remarks : tuple of str
        What a user should know of the file, each with its next step: gaps in the clock, sudden changes of the picture,
        pixels that are not square, further video streams.
    """

    times: NDArray[np.float64]
    remarks: tuple[str, ...]


def video_index(file: Path) -> VideoIndex:
    """Decode a video once and return its clock and what is remarkable about it; kept until the file changes.

    Raises
    ------
    DataError
        If the file is missing, has no video, is damaged or interlaced, or if its clock is absent, stops or runs back,
        or its frames change their size.
    """
    try:
        state = file.stat()
    except OSError as error:
        raise DataError(f"{file}: no such video ({error.strerror}); correct the path") from error
    if file.is_dir():
        raise DataError(f"{file}: a folder, not a video; give the path of a video file")
    return _index(file.absolute(), state.st_mtime_ns, state.st_size)


def frame_times(file: Path) -> NDArray[np.float64]:
    """Return the time of every frame in seconds since the first; raises as `video_index` does."""
    return video_index(file).times


def frames_of(file: Path) -> Iterator[Image]:
    """Yield every frame of a video as BGR (H, W, 3), uint8, upright, in order; raises as `video_index` does."""
    video_index(file)
    with opened(file) as (container, stream):
        yield from map(pixels, frames(container, stream, Damage()))


def video_frame(file: Path, number: int) -> Image | None:
    """Return frame `number` (from 0) as BGR (H, W, 3), uint8, upright; None if the video is shorter.

    Raises
    ------
    DataError
        As `video_index` does.
    """
    if number >= len(video_index(file).times):
        return None
    with opened(file) as (container, stream):
        return pixels(next(islice(frames(container, stream, Damage()), number, None)))


@lru_cache(maxsize=256)
def _index(file: Path, _modified: int, _size: int) -> VideoIndex:
    damage = Damage()
    stamps: list[int | None] = []
    changes: list[float] = []
    before: NDArray[np.float64] | None = None
    size = (0, 0)
    with opened(file) as (container, stream):
        for number, frame in enumerate(frames(container, stream, damage)):
            if frame.interlaced_frame:
                raise DataError(_interlaced(file, number))
            if (frame.width, frame.height) != size and number:
                raise DataError(_resized(file, number, size, (frame.width, frame.height)))
            size = frame.width, frame.height
            stamps.append(frame.pts)
            small = thumbnail(frame)
            changes.append(0.0 if before is None else float(np.abs(small - before).mean()))
            before = small
        if not stamps:
            raise DataError(
                f"{file}: no video can be decoded from it; it is broken or of an unknown format: convert it"
            )
        times, clock = _seconds(stamps, container, stream)
        _require_sound(file, damage, stamps, stream, clock)
        found = tuple(f"{file}: {remark}" for remark in remarks(times, np.array(changes), container, stream))
    return VideoIndex(times=times, remarks=found)


def _require_sound(file: Path, damage: Damage, stamps: list[int | None], stream: av.VideoStream, clock: str) -> None:
    """Raise for a damaged file, or one whose clock has a fault."""
    if not damage.failed and not damage.corrupt:
        if clock:
            copy = _convert(file, "with_clock", _NEW_CLOCK)
            raise DataError(f"{file}: {clock}, so a time does not name one frame; give it a new clock: {copy}")
        return
    parts = [
        f"{len(stamps)} of {stream.frames} frames can be decoded" if stream.frames > len(stamps) else "",
        f"packets that cannot be decoded: {damage.failed}" if damage.failed else "",
        f"frames or packets marked as corrupt: {damage.corrupt}" if damage.corrupt else "",
    ]
    where = "" if damage.first is None else f", the first at {damage.first:.3f} s"
    raise DataError(
        f"{file}: the video is damaged: {', '.join(filter(None, parts))}{where}{clock and ', and '}{clock}; frames "
        "after it may be missing or wrong, so frame numbers are uncertain; copy the file again from its source, or "
        f"accept the loss in a copy and count the frames of that: {_convert(file, 'repaired', clock and _NEW_CLOCK)}"
    )


def _interlaced(file: Path, number: int) -> str:
    return (
        f"{file}: frame {number} is interlaced: it shows two moments in alternate lines, which looks like motion; "
        f"deinterlace it: {_convert(file, 'deinterlaced', '-vf bwdif=mode=send_frame')} (if the camera was progressive "
        "and only the mark is wrong: -vf setfield=prog)"
    )


def _resized(file: Path, number: int, before: tuple[int, int], after: tuple[int, int]) -> str:
    (width, height), (other_width, other_height) = before, after
    sizes = f"is {other_width} x {other_height} px, and those before are {width} x {height} px"
    copy = _convert(file, "one_size", f"-vf scale={width}:{height}")
    return f"{file}: frame {number} {sizes}, so no motion can be measured across it; give all one size: {copy}"


def _convert(file: Path, name: str, filters: str = "") -> str:
    """Return the command that makes a lossless copy."""
    target = file.with_name(f"{file.stem}_{name}.mkv")
    return " ".join(filter(None, ["ffmpeg -i", shlex.quote(str(file)), filters, "-c:v ffv1", shlex.quote(str(target))]))


def _seconds(
    stamps: list[int | None], container: av.container.InputContainer, stream: av.VideoStream
) -> tuple[NDArray[np.float64], str]:
    """Return the seconds of each frame since the first, and what is wrong with the clock, if anything."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps) or stream.time_base is None:
        return np.zeros(len(stamps)), "its frames have no times"
    ticks = np.array(known, dtype=np.int64)
    times = (ticks - ticks[0]) * float(stream.time_base)
    back = np.flatnonzero(np.diff(ticks) <= 0)
    if not back.size:
        return times, ""
    # AVI has no presentation times, only a frame rate: what FFmpeg makes of them is out of order with B-frames.
    if container.format.name == "avi" and stream.average_rate:
        return np.arange(len(ticks)) / float(stream.average_rate), ""
    at = int(back[0])
    return times, (
        f"its clock {'stops' if ticks[at + 1] == ticks[at] else 'runs back'}: frame {at} is at {times[at]:.3f} s and "
        f"frame {at + 1} at {times[at + 1]:.3f} s"
    )
