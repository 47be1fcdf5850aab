"""`mer spot VIDEO ...`: when the face in a long video shows an expression."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mer.cli.command import Command, Parser, make_output
from mer.config.arguments import overrides, truth
from mer.errors import ConfigError, DataError, counted
from mer.progress import progress
from mer.validation import user_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mer.model.motion import Follow
    from mer.types import Interval, Numbers

__all__ = ["COMMAND"]

_GROUPS = ("spotter", "landmarks", "align", "flow", "motion", "roi")
_DESCRIPTION = """Finds micro- and macro-expressions in videos of one face, without training, and writes intervals.csv
and intervals.jsonl (onset, apex and offset as frames, the first is 0; when, how long, which kind, how strong in pixels
of the aligned face, and which regions), and one picture of the motion per video. Look at the picture: speech, blinks
and turns of the head are motion, too."""
_EXAMPLES = """  mer spot interview.mp4
  mer spot a.mp4 b.mp4 output=spotted spotter.micro_height=0.4"""


def _fill(parser: Parser) -> None:
    parser.setting("output", "output folder; spotted by default", metavar="DIR")
    parser.setting("render", "true: also the video with face, intervals and motion drawn into it", metavar="true|false")
    parser.overrides(_GROUPS)


def _run(asked: Namespace) -> int:
    """Spot in each video, write the tables and pictures, and print what was found."""
    from mer.config.composition import build, compose

    files = _files(asked.overrides)
    pictures = _pictures(files)
    asked.overrides = [word for word in asked.overrides if not _is_video(word)]
    cfg = compose(overrides(asked), root="spot")
    measure, spot = build(cfg.region_motion), build(cfg.spotter)
    output = user_path("output", asked.output or "spotted")

    from mer.spotting.interval_table import write_intervals

    render = truth("render", asked.render)
    make_output(output)
    found: dict[str, tuple[Interval, ...]] = {}
    times: dict[str, Numbers] = {}
    failed = False
    for name, file in files.items():
        try:
            seconds, follow = _followed(measure, spot, file)
            found[name], times[name] = follow.found, seconds
            shown = file.name if pictures[name] == file.stem else name
            _show(file, shown, follow, seconds, output / pictures[name], render=render)
        except DataError as error:
            failed = True
            print(f"mer: {error}", file=sys.stderr)
        if found:
            write_intervals(output, found, times)
    if found:
        print(f"intervals {output / 'intervals.csv'}\npictures  {output}")
    return int(failed)


def _files(words: Sequence[str]) -> dict[str, Path]:
    """Return the words that are videos → their paths; a video that is named twice comes once."""
    files: dict[str, Path] = {}
    for word in filter(_is_video, words):
        if (path := user_path("video", word)).resolve() not in map(Path.resolve, files.values()):
            files[word] = path
    if not files:
        raise ConfigError("mer spot: missing video; write mer spot VIDEO, one or more")
    return files


def _is_video(word: str) -> bool:
    """Say whether a word is no setting; the name of a file may have ``=`` in it."""
    return "=" not in word or user_path("video", word).is_file()


def _pictures(files: Mapping[str, Path]) -> dict[str, str]:
    """Return how the picture of each video is called: as the video, or, where two have one name, as its whole path."""
    stems = Counter(file.stem for file in files.values())
    names = {
        word: file.stem if stems[file.stem] == 1 else re.sub(r"[^\w-]+", "_", word).strip("_")
        for word, file in files.items()
    }
    twice = next((name for name, times in Counter(names.values()).items() if times > 1), None)
    if twice:
        raise ConfigError(f"mer spot: two pictures would be called {twice}; give these videos other names")
    return names


def _followed(measure: Any, spot: Any, file: Path) -> tuple[NDArray[Any], Follow]:
    """Return the times of the frames and the motion of the face."""
    from mer.dataset.video import frames_of, video_index
    from mer.model.motion import follow, fps_of

    index = video_index(file)
    for remark in index.remarks:
        print(f"mer: {remark}", file=sys.stderr)
    times = index.times
    rate = fps_of(times)
    if not rate:
        raise DataError(f"{file}: the video has {len(times)} frame, so there is no motion to find; give a longer one")
    try:
        with progress("frames", len(times)) as advance:
            found = follow(measure, spot, frames_of(file), rate, advance)
    except DataError as error:
        raise type(error)(f"{file}: {error}") from error
    for doubt in found.doubts(times):
        print(f"mer: {file}: {doubt}", file=sys.stderr)
    return times, found


def _show(file: Path, name: str, follow: Follow, seconds: Numbers, picture: Path, *, render: bool) -> None:
    from mer.report.figures.motion_curve import draw

    name = name if name.isprintable() else ascii(name)
    draw(name, seconds, follow.strengths, follow.found, picture.with_name(f"{picture.name}.png"))
    _say(name, follow.found, seconds)
    if render:
        _render(file, follow, seconds, picture.with_name(f"{picture.name}.mp4"))


def _render(file: Path, follow: Follow, times: Numbers, movie: Path) -> None:
    from mer.model.inputs import Video
    from mer.model.render.movie import write_movie
    from mer.model.result import Prediction

    said = [
        Prediction(
            input=file.name,
            interval=one,
            start=float(times[one.onset]),
            apex=None if one.apex is None else float(times[one.apex]),
            end=float(times[one.offset]),
            shifts=(),
            sentence=", ".join(one.regions).replace("_", " "),
            action_units=(),
        )
        for one in follow.found
    ]
    with progress("video", len(times)) as advance:
        write_movie(movie, Video(file=file), follow, said, advance)


def _say(name: str, found: Sequence[Interval], times: Numbers) -> None:
    kinds = ", ".join(counted(sum(i.kind == kind for i in found), f"{kind}-expression") for kind in ("micro", "macro"))
    print(f"{name}: {kinds} in {float(times[-1] - times[0]):.1f} s")
    for one in found:
        start, end = float(times[one.onset]), float(times[one.offset])
        print(f"  {start:8.2f} to {end:8.2f} s  {one.kind}  {one.strength:5.2f} px  {', '.join(one.regions)}")


COMMAND = Command(
    help="find micro- and macro-expressions in a long video",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    fill=_fill,
    run=_run,
)
