"""The frames of a video in the order of presentation, and what FFmpeg complains about on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from mer.errors import DataError
from mer.types import Image

__all__ = ["Damage", "frames", "opened", "pixels", "thumbnail"]

_THUMBNAIL = (64, 48)  # width and height at which neighbouring frames are compared


@dataclass(kw_only=True)
class Damage:
    """What the demuxer and the decoder complained about."""

    failed: int = 0  # packets that the decoder refused
    corrupt: int = 0  # packets and frames that FFmpeg marks as corrupt
    first: float | None = None  # seconds at which the first complaint arose

    def note(self, thing: av.Packet[av.VideoStream] | VideoFrame, *, failed: bool) -> None:
        """Count a packet that the decoder refused, or a packet or frame that is marked as corrupt."""
        self.failed += failed
        self.corrupt += not failed
        if self.first is None and thing.pts is not None and thing.time_base is not None:
            self.first = float(thing.pts * thing.time_base)


@contextlib.contextmanager
def opened(file: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open a video and its best video stream; an error of FFmpeg becomes a `DataError`."""
    try:
        with av.open(str(file.absolute())) as container:  # a relative name such as 10:30.mp4 would be read as a URL
            stream = container.streams.best("video")
            if stream is None or not isinstance(stream, av.VideoStream):
                raise DataError(f"{file}: no video stream can be found in it; choose another file, or copy it again")
            stream.thread_type = "NONE"  # clips are processed in parallel already
            yield container, stream
    except av.FFmpegError as error:
        raise DataError(
            f"{file}: no video can be decoded from it ({error.strerror}); it is broken or of an unknown format: copy "
            "it again or convert it"
        ) from error


def frames(container: av.container.InputContainer, stream: av.VideoStream, damage: Damage) -> Iterator[VideoFrame]:
    """Yield the frames in the order of presentation; what cannot be decoded is noted in `damage`."""
    for packet in container.demux(stream):
        if packet.is_corrupt:
            damage.note(packet, failed=False)
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            damage.note(packet, failed=True)
            continue
        for frame in decoded:
            if frame.is_corrupt:
                damage.note(frame, failed=False)
            yield frame


def thumbnail(frame: VideoFrame) -> NDArray[np.float64]:
    """Return the grey levels of a small copy less their mean: flickering light is no change of the picture."""
    width, height = _THUMBNAIL
    grey = frame.to_ndarray(format="gray8", width=width, height=height, interpolation="AREA")
    return grey - grey.mean()


def pixels(frame: VideoFrame) -> Image:
    """Return the pixels upright: players obey the rotation that a camera wrote, and so do annotators."""
    pixels = frame.to_ndarray(format="bgr24")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))
