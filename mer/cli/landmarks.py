"""`mer landmarks VIDEO`: the face and its 68 points in every frame of a video, as a table and a picture."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mer.cli.command import Command, Parser
from mer.config.arguments import overrides
from mer.errors import ConfigError, DataError, FaceNotFoundError
from mer.progress import progress
from mer.store.program import typed
from mer.validation import require_choice, user_path

__all__ = ["COMMAND"]

_SHOWN = 12  # frames in the picture


def _fill(parser: Parser) -> None:
    parser.add_argument("video", nargs="?", metavar="VIDEO", help="a video file, or a table of landmarks to convert")
    parser.setting("output", "output folder; the video's name by default", metavar="DIR")
    text = "columns of the table: mer (x0, y0, ...), openface or pyfeat (x_0, ..., y_0, ...)"
    parser.setting("format", text, default="mer", metavar="NAME")
    parser.overrides(("landmarks", "temporal"))


def _run(asked: Namespace) -> int:
    """Find the points, write both files and print a summary."""
    from mer.config.composition import build, compose
    from mer.dataset.tool_points import TOOLS

    if asked.video is None:
        raise ConfigError("mer landmarks: missing video; write mer landmarks VIDEO")
    file = user_path("video", asked.video)
    require_choice("format", asked.format, ("mer", *TOOLS))
    if file.suffix.lower() == ".csv":
        if asked.overrides:
            raise ConfigError(f"{asked.overrides[0]}: a table is converted as it is; leave the setting out")
        return _convert(file, user_path("output", asked.output or file.stem), asked.format)
    cfg = compose(overrides(asked), root="landmarks_of")
    output = user_path("output", asked.output or file.stem)
    clip = build(cfg.temporal)

    from mer.dataset.video import video_index
    from mer.model.motion import fps_of
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
    rate = fps_of(times)
    smoothed = clip.smoothed(found, rate)
    try:
        output.mkdir(parents=True, exist_ok=True)
        _write(output / "landmarks.csv", smoothed, asked.format, times.tolist())
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


def _convert(table: Path, output: Path, form: str) -> int:
    """Write the landmarks of one table with other columns."""
    from mer.dataset.points import read_points
    from mer.dataset.tool_points import is_tool_table, read_tool_table

    found = read_points(table)
    try:
        output.mkdir(parents=True, exist_ok=True)
        _write(output / "landmarks.csv", found, form, None)
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another output=") from error
    if is_tool_table(table) and (chosen := read_tool_table(table)).faces > 1:
        print(f"face      {chosen.face} of {chosen.faces}: the one in most frames")
    print(f"found     the face in {len(found)} frames of {table}\npoints    {output / 'landmarks.csv'}")
    return 0


def _write(path: Path, found: Mapping[int, Any], form: str, times: Sequence[float] | None) -> None:
    from mer.dataset.points import write_points
    from mer.dataset.tool_points import TOOLS, write_tool_points

    tool = next((name for name in TOOLS if name == form), None)
    if tool is None:
        write_points(path, found)
    else:
        write_tool_points(path, found, tool, times)


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
    "without a face get\nno row. format= gives the table the columns of OpenFace or py-feat. A table in place of the "
    "video is\nconverted; of several faces in it, the one in most frames is taken.",
    examples="  mer landmarks openface.csv format=mer output=points\n"
    "  mer landmarks me.mp4\n  mer landmarks me.mp4 temporal=smooth output=points\n",
    fill=_fill,
    run=_run,
)
