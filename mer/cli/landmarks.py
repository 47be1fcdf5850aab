"""`mer landmarks VIDEO`: the face and its 68 points in every frame of a video, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mer.cli.arguments import take_config_dir
from mer.config import build, compose
from mer.errors import ConfigError, DataError, FaceNotFoundError
from mer.progress import progress

__all__ = ["USAGE", "main"]

USAGE = """usage: mer landmarks VIDEO [landmarks=OPTION ...] [temporal=follow|smooth|each|carried] [output=DIR]

Finds the face and its 68 points (iBUG order) in every frame of a video. Writes into output= (the video's name unless
said) landmarks.csv, which dataset=video and dataset=csv take as stored landmarks, and landmarks.png, frames with their
points. A frame without a face gets no row.
"""

_SHOWN = 12  # frames in the picture


def main(arguments: Sequence[str]) -> int:
    """Find the points, write both files, say what was found."""
    if not arguments or "=" in arguments[0] or arguments[0].startswith("-"):
        raise ConfigError("mer landmarks: which video? mer landmarks VIDEO [output=DIR]")
    file = Path(arguments[0]).expanduser()
    words = take_config_dir(arguments[1:])
    cfg = compose([word for word in words if not word.startswith("output=")], root="landmarks_of")
    named = [word.partition("=")[2] for word in words if word.startswith("output=")]
    output = Path(named[-1] if named else file.stem).expanduser()
    clip = build(cfg.temporal)

    from mer.dataset.points import write_points
    from mer.dataset.video import frame_times
    from mer.report.faces import draw

    times = frame_times(file)
    shown: list[tuple[str, Any, Any]] = []
    every = -(-len(times) // _SHOWN)  # rounded up, so that the last frames are among them

    def show(number: int, frame: Any, face: Any) -> None:
        if number % every == 0:
            shown.append((f"frame {number}", frame, face))

    found = dict(_found(clip, file, len(times), show))
    if not found:
        raise FaceNotFoundError(f"{file}: no face was found in any of {len(times)} frames; look at the video")
    rate = (len(times) - 1) / (times[-1] - times[0]) if times[-1] > times[0] else 0.0
    smoothed = clip.smoothed(found, rate)
    try:
        output.mkdir(parents=True, exist_ok=True)
        write_points(output / "landmarks.csv", smoothed)
        draw(shown, output / "landmarks.png")
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another output=") from error
    print(f"found     the face in {len(found)} of {len(times)} frames")
    print(f"points    {output / 'landmarks.csv'}\npicture   {output / 'landmarks.png'}")
    return 0


def _found(clip: Any, file: Path, frames: int, show: Any) -> Iterator[tuple[int, Any]]:
    """Yield number and landmarks of every frame in which the face is found."""
    from mer.dataset.video import frames_of

    last = None
    with progress("landmarks", frames) as advance:
        for number, frame in enumerate(frames_of(file)):
            try:
                last = clip.next(frame, last)
                show(number, frame, last)
                yield number, last
            except FaceNotFoundError:
                show(number, frame, None)
            advance()
