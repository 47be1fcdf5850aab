"""Scores of spotting by the rule of the Micro-Expression Grand Challenge (MEGC).

A true interval is a hit where a found one of its kind overlaps it with an intersection over union of at least 0.5, see
`mer.spotting.matching.matched`, whose rule ``megc`` may count a found interval twice; then precision, hits per found
interval, can be above 1. Recall, precision and F1 come from the sums over all videos: micro- and
macro-expressions apart, and together (the sums of both).

References
----------
He et al.: Spotting macro- and micro-expression intervals in long video sequences. arXiv:1912.11985 (FG 2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.metrics.intervals import dice_limits
from mer.spotting.matching import Matching, matched, overlap
from mer.types import KINDS, Interval

__all__ = [
    "TOGETHER",
    "Counts",
    "Difference",
    "SpottedVideo",
    "average_precision",
    "counts",
    "counts_by_subject",
    "f1_difference",
    "f1_limits",
    "summary",
    "truth_of",
]

TOGETHER = "together"
Tables = Sequence[NDArray[np.int64]]
_LEAST_SUBJECTS = 2  # of an interval


@dataclass(frozen=True, kw_only=True)
class SpottedVideo:
    """What is true of one video, and what was found in it.

    Attributes
    ----------
    video, subject : str
    true, found : tuple of Interval
    minutes : float
        Duration; NaN where it is not known.
    fps : float
        Frames per second; NaN where they are not known.
    """

    video: str
    subject: str
    true: tuple[Interval, ...]
    found: tuple[Interval, ...]
    minutes: float = float("nan")
    fps: float = float("nan")


def truth_of(videos: Sequence[SpottedVideo]) -> tuple[object, ...]:
    """Return all that must be equal for what was found in videos to be compared: who, and which intervals are true."""
    plain = {
        video.video: (video.subject, tuple((i.onset, i.apex, i.offset, i.kind) for i in video.true)) for video in videos
    }
    return tuple(sorted(plain.items(), key=lambda item: item[0]))


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Numbers of intervals.

    Attributes
    ----------
    true, found, hits : int
        Annotated, found, and annotated ones that a found one matches.
    """

    true: int
    found: int
    hits: int

    @property
    def recall(self) -> float:
        """Share of the true intervals that were found; NaN where there is none."""
        return self.hits / self.true if self.true else float("nan")

    @property
    def precision(self) -> float:
        """Share of the found intervals that are true; NaN where none was found."""
        return self.hits / self.found if self.found else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision, 2 · hits / (true + found); NaN where there is neither."""
        return 2 * self.hits / (self.true + self.found) if self.true + self.found else float("nan")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How much greater one F1 is than another.

    Attributes
    ----------
    value, low, high : float
        Difference and the limits of its 95 % interval, within -1 and 1; NaN where they are not defined.
    p : float
        Of the hypothesis that there is no difference, two-sided.
    """

    value: float
    low: float
    high: float
    p: float


def counts(videos: Sequence[SpottedVideo], least: float = 0.5, rule: Matching = "one_to_one") -> dict[str, Counts]:
    """Return the sums over all videos, for ``micro``, ``macro`` and ``together``.

    Parameters
    ----------
    videos : sequence of SpottedVideo
    least : float
        Smallest intersection over union of a hit.
    rule : {"one_to_one", "megc"}
        Of `matched`.
    """
    tables = counts_by_subject(videos, least, rule)
    return {kind: _counts(table.sum(axis=0)) for kind, table in tables.items()}


def counts_by_subject(
    videos: Sequence[SpottedVideo], least: float = 0.5, rule: Matching = "one_to_one"
) -> dict[str, NDArray[np.int64]]:
    """Return true, found and hits of every subject, shape (subjects, 3), subjects sorted by name."""
    names = sorted({video.subject for video in videos})
    tables = {kind: np.zeros((len(names), 3), dtype=np.int64) for kind in KINDS}
    for video in videos:
        for kind, table in tables.items():
            true, found = ([i for i in intervals if i.kind == kind] for intervals in (video.true, video.found))
            table[names.index(video.subject)] += len(true), len(found), len(matched(found, true, least, rule))
    return {str(kind): table for kind, table in tables.items()} | {TOGETHER: sum(tables.values(), start=np.array(0))}


def f1_limits(table: NDArray[np.int64]) -> tuple[float, float]:
    """Return the limits of the 95 % interval of F1: Student's t over subjects, as for UF1.

    Parameters
    ----------
    table : ndarray of int, shape (subjects, 3)
        Of `counts_by_subject`; subjects without true or found intervals say nothing of F1 and are not counted.
    """
    involved = table[table[:, :2].sum(axis=1) > 0].astype(np.float64)
    if not len(involved):
        return float("nan"), float("nan")
    f1, pull = _influence(involved)
    low, high = dice_limits(np.array(f1), pull, np.array(len(involved)))
    return float(low), float(high)


def f1_difference(one: Tables, other: Tables) -> Difference:
    """Return how much greater the F1 of one method is than that of another on the same subjects.

    Parameters
    ----------
    one, other : sequence of ndarray of int, shape (subjects, 3)
        Of `counts_by_subject`, all with rows of the same subjects in the same order. Of several tables, such as those
        of all cells with one level of a factor, the mean F1 is compared.

    Returns
    -------
    Difference
        Limits and p from Student's t over the subjects' paired influences; NaN where an F1 is not defined or there are
        fewer than two subjects.
    """
    from scipy.special import stdtr, stdtrit

    involved = np.any([table[:, :2].sum(axis=1) > 0 for table in (*one, *other)], axis=0)
    n = int(involved.sum())
    (f1, pull), (f1_other, pull_other) = (_mean_influence(tables, involved) for tables in (one, other))
    difference = f1 - f1_other
    if n < _LEAST_SUBJECTS:
        return Difference(value=difference, low=float("nan"), high=float("nan"), p=float("nan"))
    error = float(np.sqrt(((pull - pull_other) ** 2).sum() * n / (n - 1)))
    reach = float(stdtrit(n - 1, 0.975)) * error
    p = float(2 * stdtr(n - 1, -abs(difference) / error)) if error else float(difference == 0)
    low, high = np.clip([difference - reach, difference + reach], -1, 1)
    return Difference(value=difference, low=float(low), high=float(high), p=p)


def _mean_influence(tables: Tables, involved: NDArray[np.bool_]) -> tuple[float, NDArray[np.float64]]:
    """Return the mean F1 of several tables, and its derivative by the weight of each subject."""
    some = [_influence(table[involved].astype(np.float64)) for table in tables]
    return float(np.mean([f1 for f1, _ in some])), np.asarray(np.mean([pull for _, pull in some], axis=0))


def _influence(table: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return F1 and its derivative by the weight of each subject."""
    true, found, hits = table.sum(axis=0)
    whole = true + found
    if not whole:
        return float("nan"), np.full(len(table), np.nan)
    return float(2 * hits / whole), (2 * table[:, 2] * whole - 2 * hits * table[:, :2].sum(axis=1)) / whole**2


def average_precision(videos: Sequence[SpottedVideo], kind: str, least: float = 0.5) -> float:
    """Return the area under precision over recall as the threshold on strength falls.

    Precision at a recall is the largest at that recall or above, as in PASCAL VOC since 2010. From the strongest down,
    each found interval takes the best true one that is left. NaN where there is no true interval, or a found one has no
    strength.
    """
    true = [(v.video, [i for i in v.true if i.kind == kind]) for v in videos]
    found = sorted(((i.strength, v.video, i) for v in videos for i in v.found if i.kind == kind), key=_weakest_last)
    total = sum(len(intervals) for _, intervals in true)
    if not total or any(np.isnan(strength) for strength, _, _ in found):
        return float("nan")
    left = dict(true)
    hits = np.array([_taken(left, video, interval, least) for _, video, interval in found], dtype=np.float64)
    reached = np.cumsum(hits)
    precision = reached / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((best * hits).sum() / total)


def summary(
    videos: Sequence[SpottedVideo], least: float = 0.5, rule: Matching = "one_to_one"
) -> dict[str, Mapping[str, Any]]:
    """Return the scores of each kind and together, as metrics.json holds them.

    Returns
    -------
    dict
        For ``micro``, ``macro`` and ``together``: ``true``, ``found``, ``hits``, ``recall``, ``precision``, ``f1`` with
        ``value``, ``low`` and ``high``, and, where all durations are known, ``false_alarms_per_minute``.
    """
    minutes = sum(video.minutes for video in videos)
    scores: dict[str, Mapping[str, Any]] = {}
    for kind, table in counts_by_subject(videos, least, rule).items():
        number = _counts(table.sum(axis=0))
        low, high = f1_limits(table)
        scores[kind] = {
            **{name: getattr(number, name) for name in ("true", "found", "hits", "recall", "precision")},
            "f1": {"value": number.f1, "low": low, "high": high},
            "false_alarms_per_minute": (number.found - number.hits) / minutes if minutes > 0 else None,
        }
    return scores


def _counts(numbers: NDArray[np.int64]) -> Counts:
    true, found, hits = (int(number) for number in numbers)
    return Counts(true=true, found=found, hits=hits)


def _weakest_last(item: tuple[float, str, Interval]) -> tuple[float, str, int]:
    strength, video, interval = item
    return -strength, video, interval.onset


def _taken(left: dict[str, list[Interval]], video: str, interval: Interval, least: float) -> bool:
    """Take the best true interval that is left for a found one, if one overlaps enough."""
    if not left[video]:
        return False
    share = overlap([interval], left[video])[0]
    best = int(np.argmax(share))
    if share[best] < least:
        return False
    left[video] = [*left[video][:best], *left[video][best + 1 :]]
    return True
