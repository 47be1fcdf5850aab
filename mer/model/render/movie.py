"""A source with what is said of it drawn into every frame: H.264 in MP4, which browsers play."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from mer.errors import DataError
from mer.model.inputs import Source, Video
from mer.model.motion import Follow, fps_of
from mer.model.result import Prediction
from mer.types import Image, Landmarks, Numbers

__all__ = ["write_movie"]

_BAND = 46  # px; height of the timeline below the picture
_TICKS = 90_000  # of the clock, per second: fine enough for a variable frame rate
_COLOURS = {"micro": (0, 94, 213), "macro": (178, 114, 0)}  # BGR
_SHOWN_S = 1.0  # s that a caption stays at least, so that it can be read


def write_movie(
    path: Path, source: Source, follow: Follow, predictions: Sequence[Prediction], advance: Callable[[], None]
) -> None:
    """Write the annotated video.

    Parameters
    ----------
    path : Path
        MP4 to write.
    source : Source
    follow : Follow
        Motion over time; frames outside of it get no curve.
    predictions : sequence of Prediction
        Of this source.
    advance : callable
        Called after every frame.

    Raises
    ------
    DataError
        If the MP4 is the source itself, or cannot be written.
    """
    if isinstance(source, Video) and path.exists() and path.samefile(source.file):
        raise DataError(f"{path}: the video with the intervals would replace the video itself; choose another output=")
    times = source.times
    band: Image | None = None
    try:
        with av.open(str(path.absolute()), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=Fraction(fps_of(times)).limit_denominator(1001))
            stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, _TICKS)
            stream.codec_context.time_base = Fraction(1, _TICKS)
            stream.options = {"crf": "20", "preset": "superfast"}
            for number, frame in enumerate(source.frames()):
                picture = _even(_colour(frame))
                if band is None:
                    band = _timeline(picture.shape[1], follow, predictions, times)
                    stream.height, stream.width = picture.shape[0] + _BAND, picture.shape[1]
                shown = _annotated(picture, band, number, times, follow, predictions)
                video = av.VideoFrame.from_ndarray(shown, format="bgr24")
                video.pts, video.time_base = round(float(times[number]) * _TICKS), Fraction(1, _TICKS)
                container.mux(stream.encode(video))
                advance()
            container.mux(stream.encode())
    except av.FFmpegError as error:
        raise DataError(f"{path}: the video cannot be written ({error.strerror}); choose another output=") from error


def _annotated(
    picture: Image, band: Image, number: int, times: Numbers, follow: Follow, predictions: Sequence[Prediction]
) -> Image:
    picture = picture.copy()
    face = _face(follow, number)
    if face is not None:
        for x, y in np.rint(face.xy).astype(int):
            cv2.circle(picture, (int(x), int(y)), 1, (233, 180, 86), -1, cv2.LINE_AA)
    for one in predictions:
        if one.start is not None and one.end is not None:
            end = max(one.end, one.start + _SHOWN_S)
            if one.start <= times[number] <= end:
                _caption(picture, one)
    below = band.copy()
    x = round(float(times[number] / times[-1]) * (band.shape[1] - 1))
    cv2.line(below, (x, 0), (x, _BAND - 1), (255, 255, 255), 1)
    return np.concatenate([picture, below])


def _caption(picture: Image, one: Prediction) -> None:
    scale = picture.shape[1] / 1000
    share = f" {one.probabilities[one.likeliest]:.0%}" if one.outcome == one.likeliest and one.outcome else ""
    lines = [f"{one.interval.kind}: {one.outcome}{share}" if one.outcome else one.interval.kind, one.sentence]
    for row, text in enumerate(lines, start=1):
        place = (8, round(row * 34 * scale) + 6)
        for colour, width in (((0, 0, 0), 3), (_COLOURS[one.interval.kind] if row == 1 else (255, 255, 255), 1)):
            cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, width, cv2.LINE_AA)


def _timeline(width: int, follow: Follow, predictions: Sequence[Prediction], times: Numbers) -> Image:
    """Return a strip with the strength of motion over the whole source and the intervals."""
    strip = np.full((_BAND, width, 3), 24, dtype=np.uint8)
    length = float(times[-1])
    for one in predictions:
        if one.start is not None and one.end is not None:
            left, right = (round(end / length * (width - 1)) for end in (one.start, one.end))
            cv2.rectangle(strip, (left, 0), (max(right, left + 1), _BAND - 1), _COLOURS[one.interval.kind], -1)
    strength = np.nan_to_num(np.asarray(follow.strengths["micro"], dtype=np.float64))
    own = np.asarray(times)[follow.first : follow.first + len(strength)]
    high = max(float(strength.max(initial=0)), 0.1)
    points = np.stack([own / length * (width - 1), (_BAND - 4) - strength / high * (_BAND - 8)], axis=1)
    cv2.polylines(strip, [np.rint(points).astype(np.int32)], False, (220, 220, 220), 1, cv2.LINE_AA)
    return strip


def _face(follow: Follow, number: int) -> Landmarks | None:
    """Return the face in the frame that was searched last, as long as the next one is not due."""
    place = (number - follow.first) // follow.step
    return follow.looks[place].face if 0 <= place < len(follow.looks) else None


def _colour(frame: Image) -> Image:
    return frame if frame.ndim == 3 else np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _even(picture: Image) -> Image:
    """Return the picture without an odd last row or column, which H.264 cannot hold."""
    height, width = (side - side % 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width])
