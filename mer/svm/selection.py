"""Which features are redundant and which separate the classes, judged on the training rows only."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["anova_f", "kept", "merged", "region_of"]


def region_of(columns: Sequence[str]) -> NDArray[np.intp]:
    """Return the number of each column's region, the regions counted in order; ``brow:+045deg`` is of ``brow``."""
    names = [name.rpartition(":")[0] or name for name in columns]
    number = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return np.array([number[name] for name in names], dtype=np.intp)


def merged(X: NDArray[np.float64], region: NDArray[np.intp], least: float) -> NDArray[np.float64]:
    """Return which columns are added up because they rise and fall together: redundant bins become a wider one.

    Parameters
    ----------
    X : ndarray, shape (n, D)
    region : ndarray of int, shape (D,)
        Region of each column; only neighbours within a region are merged, and its last column is a neighbour of its
        first, as the bins of a circle are.
    least : float
        Pearson's correlation from which on two neighbours are one, in (0, 1]; 1 merges nothing. Three in a row become
        one where the first two and the last two do.

    Returns
    -------
    ndarray of {0, 1}, shape (D, D')
        Each column of `X` goes into one of the D' sums, in the order of their first columns.
    """
    count = X.shape[1]
    after = _next_in_region(region)
    centred = X - X.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    product, scale = (centred * centred[:, after]).sum(axis=0), spread * spread[after]
    alike = product >= least * scale if least < 1 else np.zeros(count, dtype=bool)
    alike &= (scale > 0) & (after != np.arange(count))
    group = _joined(np.flatnonzero(alike), after, count)
    return np.asarray(group[:, None] == np.unique(group), dtype=np.float64)


def _next_in_region(region: NDArray[np.intp]) -> NDArray[np.intp]:
    after = np.arange(len(region))
    for name in np.unique(region):
        own = np.flatnonzero(region == name)
        after[own] = np.roll(own, -1)
    return after


def _joined(pairs: NDArray[np.intp], after: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return for each column the first of those that it is joined with, over any number of joints."""
    group = np.arange(count)
    for column in pairs:
        one, other = sorted((group[column], group[after[column]]))
        group[group == other] = one
    return group


def anova_f(X: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the F value of each feature: variance between the classes over variance within them.

    Parameters
    ----------
    X : ndarray, shape (n, D)
    y : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray, shape (D,)
        0 for a feature that does not vary, inf for one that varies between the classes only.
    """
    from scipy.stats import ConstantInputWarning, f_oneway

    groups = [X[y == k] for k in np.unique(y)]
    if len(groups) < 2:
        return np.zeros(X.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        value = f_oneway(*groups, axis=0).statistic
    # NaN where nothing varies; below 0 where the variance within the classes is a rounding error
    return np.abs(np.nan_to_num(value, nan=0.0, posinf=np.inf))


def kept(
    X: NDArray[np.float64], y: NDArray[np.int64], share: float, region: NDArray[np.intp] | None
) -> NDArray[np.intp]:
    """Return the columns to keep, in their order.

    Parameters
    ----------
    X, y : ndarray, shape (n, D), (n,)
    share : float
        Of the features, or of the regions, in (0, 1]; at least one is kept.
    region : ndarray of int, shape (D,), or None
        Region of each column, to keep or leave whole regions by their mean F; None to judge each column alone.
    """
    if share == 1:
        return np.arange(X.shape[1])
    value = np.minimum(anova_f(X, y), 1e12)
    unit = np.arange(X.shape[1]) if region is None else region
    worth = np.bincount(unit, weights=value) / np.bincount(unit)
    best = np.argsort(-worth, kind="stable")[: max(1, round(share * len(worth)))]
    return np.flatnonzero(np.isin(unit, best))
