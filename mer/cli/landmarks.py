"""`mer landmarks VIDEO`: the face and its 68 points in every frame of a video, as a table and a picture."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mer.cli.command import Command, Parser
from mer.config.arguments import overrides
from mer.errors import ConfigError, DataError, FaceNotFoundError
from mer.progress import progress
from mer.store.program import typed
from mer.validation import user_path

__all__ = ["COMMAND"]

_SHOWN = 12  # frames in the picture


def _fill(parser: Parser) -> None:
    parser.add_argument("video", nargs="?", metavar="VIDEO", help="a video file")
    parser.setting("output", "output folder; the video's name by default", metavar="DIR")
    parser.overrides(("landmarks", "temporal"))


def _run(asked: Namespace) -> int:
    """Find the points, write both files and print a summary."""
    from mer.config.composition import build, compose

    if asked.video is None:
        raise ConfigError("mer landmarks: missing video; write mer landmarks VIDEO")
    file = user_path("video", asked.video)
    cfg = compose(overrides(asked), root="landmarks_of")
    output = user_path("output", asked.output or file.stem)
    clip = build(cfg.temporal)

    from mer.dataset.points import write_points
    from mer.dataset.video import video_index
    from mer.report.figures.faces import draw

    index = video_index(file)
    times = index.times
    for remark in index.remarks:
        print(f"mer: {remark}", file=sys.stderr)
    shown: list[tuple[str, Any, Any]] = []
    every = -(-len(times) // _SHOWN)  # rounded up, so that the last frames are included

    def show(number: int, frame: Any, face: Any) -> None:
        if number % every == 0:
            shown.append((f"frame {number}", frame, face))

    found = dict(_found(clip, file, len(times), show))
    if not found:
        raise FaceNotFoundError(f"{file}: no face found in any of {len(times)} frames; check that the video shows one")
    rate = (len(times) - 1) / (times[-1] - times[0]) if times[-1] > times[0] else 0.0
    smoothed = clip.smoothed(found, rate)
    try:
        output.mkdir(parents=True, exist_ok=True)
        write_points(output / "landmarks.csv", smoothed)
        draw(shown, output / "landmarks.png")
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another output=") from error
    print(f"found     the face in {len(found)} of {len(times)} frames")
    points = output / "landmarks.csv"
    print(f"points    {points}\npicture   {output / 'landmarks.png'}")
    words = ("dataset=video", f"dataset.file={file}", f"dataset.landmarks={points}")
    print(f"next      {typed('data', 'show', *words)}   (set dataset.onset, dataset.apex and dataset.offset)")
    print(f"          {typed('spot', str(file))}   (when the face shows an expression)")
    return 0


def _found(clip: Any, file: Path, frames: int, show: Any) -> Iterator[tuple[int, Any]]:
    """Yield number and landmarks of each frame in which a face is found."""
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


COMMAND = Command(
    help="find the face and its 68 points in every frame of a video",
    description="Finds the face and its 68 points (iBUG order) in every frame of a video. Writes landmarks.csv, which "
    "dataset=video\nand dataset=csv read as stored landmarks, and landmarks.png, frames with their points. Frames "
    "without a face get\nno row.",
    examples="  mer landmarks me.mp4\n  mer landmarks me.mp4 temporal=smooth output=points\n",
    fill=_fill,
    run=_run,
)
