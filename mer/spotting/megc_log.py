"""Logs of the Micro-Expression Grand Challenge: one line per interval that is true, found, or both.

A line ``1`` or ``2`` begins a data set: SAMM Long Videos at 200 frames per second, CAS(ME)² at 30. The other lines are
``VIDEO ONSET OFFSET FOUND_ONSET FOUND_OFFSET TP|FP|FN``, with ``-`` where there is no true or no found interval. The
last column is written, and never read: it is for the scorer to say what is a hit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.tables import text_lines
from mer.errors import DataError, reason
from mer.spotting.matching import Matching, matched
from mer.spotting.score import SpottedVideo
from mer.types import KINDS, Interval, Kind

__all__ = [
    "MICRO_SECONDS",
    "SETS",
    "LogSet",
    "ends_of",
    "lines_of",
    "of_other_kind",
    "read_log",
    "separating",
    "write_log",
]

MICRO_SECONDS = 0.52
"""Longest micro-expression of a log, offset minus onset: it names no kinds. With 0.5 s the organisers' own numbers of
found intervals on SAMM Long Videos are missed by 13; with 0.520 to 0.525 s they are reached on both data sets."""

_Ends = dict[tuple[int, int], Interval]


@dataclass(frozen=True, kw_only=True)
class LogSet:
    """A data set of the challenge: the line that begins it, its name and its frames per second."""

    line: str
    name: str
    fps: float


SETS = (LogSet(line="1", name="SAMM Long Videos", fps=200), LogSet(line="2", name="CAS(ME)²", fps=30))


def read_log(path: Path, *, micro: float = MICRO_SECONDS) -> dict[str, tuple[SpottedVideo, ...]]:
    """Read a log.

    Parameters
    ----------
    path : Path
    micro : float
        Longest micro-expression in seconds, offset minus onset: a log names no kinds.

    Returns
    -------
    dict of str to tuple of SpottedVideo
        By name of the data set. An interval that stands in the log twice is one interval.

    Raises
    ------
    DataError
        If the file is no such log; names the line.
    """
    found: dict[str, dict[str, tuple[_Ends, _Ends]]] = {}
    current: LogSet | None = None
    for number, words in lines_of(path):
        where = f"{path}: line {number}"
        if len(words) == 1:
            current = _set(where, words[0])
            continue
        if current is None:
            raise DataError(f"{where}: a line 1 (SAMM Long Videos) or 2 (CAS(ME)²) must come before the first interval")
        if len(words) not in (5, 6):
            raise DataError(
                f"{where} has {len(words)} words; an interval has VIDEO ONSET OFFSET FOUND_ONSET FOUND_OFFSET and TP, "
                "FP or FN, with - where there is none"
            )
        true, spotted = found.setdefault(current.name, {}).setdefault(words[0], ({}, {}))
        _take(where, words, current.fps * micro, true, spotted)
    if not found:
        raise DataError(f"{path}: the log holds no interval; copy the file again")
    return {name: tuple(_video(video, *both) for video, both in videos.items()) for name, videos in found.items()}


def write_log(
    path: Path, videos: Mapping[str, Sequence[SpottedVideo]], least: float = 0.5, rule: Matching = "one_to_one"
) -> None:
    """Write a log; `videos` by the line that begins their data set, ``1`` or ``2``.

    Raises
    ------
    DataError
        If the name of a video has a blank, which separates the words of a line, or the file cannot be written.
    """
    blank = next((video.video for some in videos.values() for video in some if len(video.video.split()) != 1), None)
    if blank is not None:
        raise DataError(f"video {blank!r}: a name with a blank cannot stand in a log; rename the video and run again")
    lines: list[str] = []
    for line, some in videos.items():
        lines.append(line)
        for video in some:
            lines += _lines_of(video, least, rule)
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written ({reason(error)}): give another output=FILE") from error


def separating(videos: Sequence[SpottedVideo], of_set: LogSet) -> float:
    """Return the limit, s by the frame rate of a log, between the micro- and the macro-expressions of videos.

    It lies halfway between the longest of the former and the shortest of the latter.
    """
    spans = {kind: [i.offset - i.onset for i in _all(videos) if i.kind == kind] for kind in KINDS}
    longest, shortest = max(spans["micro"], default=0), min(spans["macro"], default=0)
    return (longest + max(shortest, longest + 1)) / 2 / of_set.fps


def of_other_kind(videos: Sequence[SpottedVideo], of_set: LogSet, micro: float) -> list[Interval]:
    """Return the intervals whose kind is another one where a log is read with a limit of `micro` s."""
    return [i for i in _all(videos) if (i.offset - i.onset <= micro * of_set.fps) != (i.kind == "micro")]


def _all(videos: Sequence[SpottedVideo]) -> list[Interval]:
    return [interval for video in videos for interval in (*video.true, *video.found)]


def _lines_of(video: SpottedVideo, least: float, rule: Matching) -> list[str]:
    rows: list[tuple[Interval | None, Interval | None]] = []
    for kind in KINDS:
        found, true = ([i for i in some if i.kind == kind] for some in (video.found, video.true))
        hits = matched(found, true, least, rule)
        rows += [(interval, found[hits[j]] if j in hits else None) for j, interval in enumerate(true)]
        rows += [(None, interval) for i, interval in enumerate(found) if i not in hits.values()]
    rows.sort(key=lambda row: min(interval.onset for interval in row if interval))
    return [f"{video.video} {_ends(true)} {_ends(found)} {_verdict(true, found)}" for true, found in rows]


def _verdict(true: Interval | None, found: Interval | None) -> str:
    return "FN" if found is None else "FP" if true is None else "TP"


def _ends(interval: Interval | None) -> str:
    return f"{interval.onset} {interval.offset}" if interval else "- -"


def lines_of(path: Path) -> list[tuple[int, list[str]]]:
    """Return the words of each line that is not blank, with its number."""
    lines = text_lines(path, str(path), "not UTF-8 text; give a log of intervals, saved as UTF-8")
    return [(number, line.split()) for number, line in lines]


def _set(where: str, word: str) -> LogSet:
    for known in SETS:
        if word == known.line:
            return known
    raise DataError(f"{where}: {word!r} is no data set; 1 is SAMM Long Videos, 2 is CAS(ME)²")


def _take(where: str, words: Sequence[str], longest_micro: float, true: _Ends, spotted: _Ends) -> None:
    """Put the intervals of a line where they belong."""
    parts = [(ends, into) for ends, into in ((words[1:3], true), (words[3:5], spotted)) if ends != ["-", "-"]]
    if not parts:
        raise DataError(f"{where}: there is neither a true nor a found interval; correct or remove the line")
    for ends, into in parts:
        onset, offset = ends_of(where, ends)
        kind: Kind = "micro" if offset - onset <= longest_micro else "macro"
        into[onset, offset] = Interval(onset=onset, offset=offset, kind=kind)


def ends_of(where: str, words: Sequence[str]) -> tuple[int, int]:
    """Return onset and offset of two words of a line.

    Raises
    ------
    DataError
        If one is no frame number, or the onset is after the offset.
    """
    onset, offset = (_frame(where, text) for text in words)
    if onset > offset:
        raise DataError(f"{where}: onset {onset} is after offset {offset}; correct the line")
    return onset, offset


def _frame(where: str, text: str) -> int:
    if not re.fullmatch(r"\d+(\.0*)?", text):
        raise DataError(f"{where}: {text!r} is no frame number; correct the line")
    return int(text.partition(".")[0])


def _video(name: str, true: _Ends, found: _Ends) -> SpottedVideo:
    in_order = [tuple(some[ends] for ends in sorted(some)) for some in (true, found)]
    return SpottedVideo(video=name, subject=name.partition("_")[0], true=in_order[0], found=in_order[1])
