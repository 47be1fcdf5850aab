"""True intervals of the long databases, as lists of MEGC 2020 give them, put in place of those of a log.

A log holds the true intervals only as far as its author wrote a line for each, and no kinds. With the lists, those that
the log leaves out are missed ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mer.dataset.interval import kind_named
from mer.errors import DataError
from mer.spotting.megc_log import ends_of, lines_of
from mer.spotting.score import SpottedVideo
from mer.types import Interval

__all__ = ["Truth", "read_truth", "with_truth"]

Truth = Mapping[str, tuple[Interval, ...]]  # by video, without the letters in front: s15_0401 is 15_0401
_Sets = Mapping[str, Sequence[SpottedVideo]]
_NAMED = 3  # examples in a remark


def read_truth(path: Path) -> Truth:
    """Read a list of true intervals: lines ``SUBJECT VIDEO micro-expression|macro-expression ONSET APEX OFFSET``.

    An interval that stands in the list twice is one interval.

    Raises
    ------
    DataError
        If the file cannot be read or holds nothing, or a line is another one; names the line.
    """
    found: dict[str, list[Interval]] = {}
    for number, words in lines_of(path):
        where = f"{path}: line {number}"
        kind = kind_named(words[2]) if len(words) == 6 else None
        if kind is None:
            raise DataError(f"{where}: must be SUBJECT VIDEO micro-expression (or macro-expression) ONSET APEX OFFSET")
        onset, offset = ends_of(where, (words[3], words[5]))
        found.setdefault(_plain(f"{words[0]}_{words[1]}"), []).append(Interval(onset=onset, offset=offset, kind=kind))
    if not found:
        raise DataError(f"{path}: the list holds no interval; copy the file again")
    return {video: tuple(sorted(set(some), key=lambda i: (i.onset, i.offset, i.kind))) for video, some in found.items()}


def with_truth(sets: _Sets, files: Iterable[Path]) -> tuple[dict[str, tuple[SpottedVideo, ...]], list[str]]:
    """Return the sets of a log with the true intervals of lists, and what log and lists do not agree on.

    Parameters
    ----------
    sets : mapping of str to sequence of SpottedVideo
        Of `read_log`.
    files : iterable of Path
        Each belongs to the set with which it shares most videos.

    Returns
    -------
    sets : dict of str to tuple of SpottedVideo
        A set without a list is as it was; a video of a list that is not in the log comes without a found interval.
    remarks : list of str

    Raises
    ------
    DataError
        If a list cannot be read or shares no video with the log, or two lists fit one set.
    """
    taken: dict[str, Path] = {}
    whole = {name: tuple(videos) for name, videos in sets.items()}
    remarks: list[str] = []
    for path in files:
        truth = read_truth(path)
        name = _set_of(path, truth, whole)
        if name in taken:
            raise DataError(f"truth={path}: {taken[name]} already holds the true intervals of {name}; give one of them")
        taken[name] = path
        remarks += _differences(name, whole[name], truth)
        whole[name] = _replaced(whole[name], truth)
    without = [name for name in whole if name not in taken]
    if without:
        text = "kinds come from durations, and a true interval that the log leaves out is not counted; give truth="
        remarks.append(f"{' and '.join(without)}: {text}")
    return whole, remarks


def _set_of(path: Path, truth: Truth, sets: _Sets) -> str:
    shared = {name: sum(_plain(video.video) in truth for video in videos) for name, videos in sets.items()}
    best = max(shared, key=lambda name: shared[name])
    if not shared[best]:
        raise DataError(f"truth={path}: shares no video with the log; give the list of the same data set")
    return best


def _replaced(videos: Sequence[SpottedVideo], truth: Truth) -> tuple[SpottedVideo, ...]:
    inside = [replace(video, true=truth.get(_plain(video.video), ())) for video in videos]
    names = {_plain(video.video) for video in videos}
    outside = [
        SpottedVideo(video=name, subject=name.partition("_")[0], true=true, found=())
        for name, true in truth.items()
        if name not in names
    ]
    return (*inside, *outside)


def _differences(name: str, videos: Sequence[SpottedVideo], truth: Truth) -> list[str]:
    logged = {(_plain(video.video), i.onset, i.offset) for video in videos for i in video.true}
    listed = {(video, i.onset, i.offset) for video, some in truth.items() for i in some}
    strange = [video.video for video in videos if _plain(video.video) not in truth]
    return [
        f"{name}: {text}: {len(some)}, such as {_examples(some)}"
        for some, text in (
            (sorted(listed - logged), "true intervals of truth= that are not in the log, counted as missed"),
            (sorted(logged - listed), "true intervals of the log that are not in truth=, not counted"),
            (sorted(strange), "videos of the log without a true interval in truth="),
        )
        if some
    ]


def _examples(some: Sequence[object]) -> str:
    shown = [" ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in some[:_NAMED]]
    return ", ".join(shown) + (" …" if len(some) > _NAMED else "")


def _plain(video: str) -> str:
    return re.sub(r"^[^\d]+(?=\d)", "", video)
