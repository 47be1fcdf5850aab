"""Logs of the Micro-Expression Grand Challenge: one line per interval that is true, found, or both.

A line ``1`` or ``2`` begins a data set: SAMM Long Videos at 200 frames per second, CAS(ME)² at 30. The other lines are
``VIDEO ONSET OFFSET FOUND_ONSET FOUND_OFFSET TP|FP|FN``, with ``-`` where there is no true or no found interval. The
last column is written, and never read: it is for the scorer to say what is a hit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.tables import text_lines
from mer.errors import DataError
from mer.spotting.matching import matched
from mer.spotting.score import SpottedVideo
from mer.types import KINDS, Interval, Kind

__all__ = ["MICRO_SECONDS", "SETS", "LogSet", "Truth", "read_log", "read_truth", "write_log"]

MICRO_SECONDS = 0.52
"""Longest micro-expression of a log, offset minus onset: it names no kinds. With 0.5 s the organisers' own numbers of
found intervals on SAMM Long Videos are missed by 13; with 0.520 to 0.525 s they are reached on both data sets."""

Truth = Mapping[tuple[str, int, int], Kind]  # video, onset, offset → kind
_Ends = dict[tuple[int, int], Interval]


@dataclass(frozen=True, kw_only=True)
class LogSet:
    """A data set of the challenge: the line that begins it, its name and its frames per second."""

    line: str
    name: str
    fps: float


SETS = (LogSet(line="1", name="SAMM Long Videos", fps=200), LogSet(line="2", name="CAS(ME)²", fps=30))


def read_log(path: Path, truth: Truth, *, micro: float = MICRO_SECONDS) -> dict[str, tuple[SpottedVideo, ...]]:
    """Read a log.

    Parameters
    ----------
    path : Path
    truth : mapping
        Kinds of the true intervals, of `read_truth`; one that it does not hold gets its kind by its duration.
    micro : float
        Longest micro-expression in seconds, offset minus onset.

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
    for number, words in _lines(path):
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
        for ends, into, known in ((words[1:3], true, truth), (words[3:5], spotted, {})):
            if ends != ["-", "-"]:
                interval = _interval(where, words[0], ends, current.fps, micro, known)
                into[interval.onset, interval.offset] = interval
    if not found:
        raise DataError(f"{path}: the log holds no interval; copy the file again")
    return {name: tuple(_video(video, *both) for video, both in videos.items()) for name, videos in found.items()}


def read_truth(paths: Iterable[Path]) -> Truth:
    """Read the kinds of true intervals: lines ``SUBJECT VIDEO micro-expression|macro-expression ONSET APEX OFFSET``.

    Raises
    ------
    DataError
        If a file cannot be read or a line is another one; names the line.
    """
    kinds: dict[tuple[str, int, int], Kind] = {}
    for path in paths:
        for number, words in _lines(path):
            where = f"{path}: line {number}"
            kind = next((kind for kind in KINDS if len(words) == 6 and words[2].lower().startswith(kind)), None)
            if kind is None:
                raise DataError(
                    f"{where}: must be SUBJECT VIDEO micro-expression (or macro-expression) ONSET APEX OFFSET"
                )
            ends = (_frame(where, words[3]), _frame(where, words[5]))
            kinds[(_plain(f"{words[0]}_{words[1]}"), *ends)] = kind
    return kinds


def write_log(path: Path, videos: Mapping[str, Sequence[SpottedVideo]], least: float = 0.5) -> None:
    """Write a log; `videos` by the line that begins their data set, ``1`` or ``2``."""
    lines: list[str] = []
    for line, some in videos.items():
        lines.append(line)
        for video in some:
            lines += _lines_of(video, least)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lines_of(video: SpottedVideo, least: float) -> list[str]:
    rows: list[tuple[Interval | None, Interval | None]] = []
    for kind in KINDS:
        found, true = ([i for i in some if i.kind == kind] for some in (video.found, video.true))
        hits = matched(found, true, least)
        rows += [(interval, found[hits[j]] if j in hits else None) for j, interval in enumerate(true)]
        rows += [(None, interval) for i, interval in enumerate(found) if i not in hits.values()]
    rows.sort(key=lambda row: min(interval.onset for interval in row if interval))
    return [f"{video.video} {_ends(true)} {_ends(found)} {_verdict(true, found)}" for true, found in rows]


def _verdict(true: Interval | None, found: Interval | None) -> str:
    return "FN" if found is None else "FP" if true is None else "TP"


def _ends(interval: Interval | None) -> str:
    return f"{interval.onset} {interval.offset}" if interval else "- -"


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    lines = text_lines(path, str(path), "not a text file; give a log of intervals")
    return [(number, line.split()) for number, line in lines]


def _set(where: str, word: str) -> LogSet:
    for known in SETS:
        if word == known.line:
            return known
    raise DataError(f"{where}: {word!r} is no data set; 1 is SAMM Long Videos, 2 is CAS(ME)²")


def _interval(where: str, video: str, ends: Sequence[str], fps: float, micro: float, truth: Truth) -> Interval:
    onset, offset = (_frame(where, text) for text in ends)
    if onset > offset:
        raise DataError(f"{where}: onset {onset} is after offset {offset}; correct the line")
    by_duration: Kind = "micro" if (offset - onset) / fps <= micro else "macro"
    return Interval(onset=onset, offset=offset, kind=truth.get((_plain(video), onset, offset), by_duration))


def _frame(where: str, text: str) -> int:
    if not re.fullmatch(r"\d+(\.0*)?", text):
        raise DataError(f"{where}: {text!r} is no frame number; correct the line")
    return int(text.partition(".")[0])


def _plain(video: str) -> str:
    """Return a video's name without the letters in front: s15_0401 is 15_0401."""
    return re.sub(r"^[^\d]+", "", video)


def _video(name: str, true: _Ends, found: _Ends) -> SpottedVideo:
    in_order = [tuple(some[ends] for ends in sorted(some)) for some in (true, found)]
    return SpottedVideo(video=name, subject=name.partition("_")[0], true=in_order[0], found=in_order[1])
