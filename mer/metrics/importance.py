"""How much each setting of a search mattered for the score that it reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["importance"]

LEVELS = 6  # parts of equal size that the values of a number are cut into


def importance(
    settings: Mapping[str, Sequence[object]], scores: NDArray[np.float64], search: NDArray[np.intp]
) -> dict[str, float]:
    """Return the share of the variance of the scores that each setting explains alone.

    Parameters
    ----------
    settings : mapping of str to sequence
        Setting → its value in each of the n trials; numbers, or anything else where it is a choice; None where a trial
        did not have it.
    scores : ndarray, shape (n,)
    search : ndarray of int, shape (n,)
        Which search a trial belongs to: only differences within a search count.

    Returns
    -------
    dict of str to float
        In [0, 1], the most important first; 0 for a setting that was never varied.

    Notes
    -----
    The first-order share of a variance decomposition, corrected for chance (Kelley's ε²): numbers are cut into six
    parts with as many trials each. Settings that matter only together are not seen, and trials that a sampler places
    where it expects good scores make a setting look less important than evenly spread ones would.

    References
    ----------
    Hutter, Hoos, Leyton-Brown: An efficient approach for assessing hyperparameter importance. ICML 2014.

    Kelley: An unbiased correlation ratio measure. PNAS 1935. doi:10.1073/pnas.21.9.554
    """
    centred = np.asarray(scores, dtype=np.float64).copy()
    for k in np.unique(search):
        centred[search == k] -= centred[search == k].mean()
    found = {name: _explained(_level(values), centred) for name, values in settings.items()}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _level(values: Sequence[object]) -> NDArray[np.intp]:
    """Return the number of the part that each value falls into, −1 for None."""
    there = np.array([value is not None for value in values])
    given = [value for value in values if value is not None]
    level = np.full(len(values), -1)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        number = np.array(given, dtype=np.float64)
        edges = np.quantile(number, np.arange(1, LEVELS) / LEVELS) if len(number) else number
        level[there] = np.searchsorted(np.unique(edges), number, side="left")
    else:
        level[there] = np.unique([str(value) for value in given], return_inverse=True)[1]
    return level


def _explained(level: NDArray[np.intp], centred: NDArray[np.float64]) -> float:
    known = level >= 0
    _, index, size = np.unique(level[known], return_inverse=True, return_counts=True)
    values, count, groups = centred[known], int(known.sum()), len(size)
    if groups < 2 or count <= groups or not values.var() > 0:
        return 0.0
    values = values - values.mean()
    mean = np.bincount(index, weights=values) / size
    within = float(((values - mean[index]) ** 2).sum()) / (count - groups)
    return float(np.clip(1 - within * (count - 1) / float((values**2).sum()), 0, 1))
