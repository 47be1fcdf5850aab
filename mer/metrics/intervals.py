"""Intervals over subjects: a person's clips are not independent, so persons are drawn, with all their clips."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.metrics.measures import measures

__all__ = ["LEVEL", "METHODS", "Intervals", "by_subject", "nameless"]

Float = NDArray[np.float64]

LEVEL = 0.95
METHODS = ("percentile", "bca")
NORMAL = NormalDist()


def by_subject(y_true: Any, y_pred: Any, subject: Any, classes: int) -> NDArray[np.int64]:
    """Return one confusion matrix a subject, shape (subjects, classes, classes), subjects sorted by name."""
    names, index = np.unique(subject, return_inverse=True)
    cell = (index * classes + np.asarray(y_true)) * classes + np.asarray(y_pred)
    return np.bincount(cell, minlength=len(names) * classes**2).reshape(len(names), classes, classes)


def nameless(y_true: Any, y_pred: Any, subject: Any, classes: int) -> NDArray[np.intp]:
    """Return a number for each clip's subject, given by what was predicted of it: a name must not steer a draw."""
    tables = by_subject(y_true, y_pred, subject, classes)
    order = np.lexsort(tables.reshape(len(tables), -1).T)
    number = np.argsort(order)
    return np.asarray(number[np.unique(subject, return_inverse=True)[1]])


class Intervals:
    """All scores of the whole set, with their intervals.

    Parameters
    ----------
    per_subject : ndarray, shape (subjects, K, K)
    draws : int
    seed : int
    method : {"percentile", "bca"}
        ``bca`` corrects for bias and skewness, by the scores without each subject in turn.

    References
    ----------
    Efron, Better bootstrap confidence intervals, doi:10.1080/01621459.1987.10478410.
    """

    def __init__(self, per_subject: NDArray[np.int64], *, draws: int, seed: int, method: str) -> None:
        pooled = per_subject.sum(axis=0)
        self.value = measures(pooled)
        self._drawn = measures(_resample(per_subject, draws, seed))
        self._without = measures(pooled - per_subject) if method == "bca" and len(per_subject) > 1 else None

    def of(self, name: str, item: int | None = None) -> dict[str, float]:
        """Return ``{"value", "low", "high"}`` of a score; `item` is the class for ``f1`` and ``recall``."""
        value, drawn = (found[name] if item is None else found[name][..., item] for found in (self.value, self._drawn))
        held = drawn[np.isfinite(drawn)]
        if not len(held):
            return {"value": float(value), "low": float("nan"), "high": float("nan")}
        shares = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        if self._without is not None:
            without = self._without[name] if item is None else self._without[name][..., item]
            shares = _corrected(shares, float(value), held, without[np.isfinite(without)])
        low, high = np.quantile(held, shares)
        return {"value": float(value), "low": float(low), "high": float(high)}


def _resample(per_subject: NDArray[np.int64], draws: int, seed: int) -> Float:
    n, k = len(per_subject), per_subject.shape[-1]
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    # a draw without a single clip cannot be: every subject has one
    return (times.astype(np.float64) @ per_subject.reshape(n, k * k).astype(np.float64)).reshape(draws, k, k)


def _corrected(shares: list[float], value: float, drawn: Float, without: Float) -> list[float]:
    below = (np.count_nonzero(drawn < value) + np.count_nonzero(drawn == value) / 2) / len(drawn)
    bias = NORMAL.inv_cdf(float(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn))))
    off = without.mean() - without
    spread = float((off**2).sum() ** 1.5)
    skew = float((off**3).sum()) / (6 * spread) if spread > 0 else 0.0
    shifted = [bias + NORMAL.inv_cdf(share) for share in shares]
    return [NORMAL.cdf(bias + z / (1 - skew * z)) for z in shifted]
