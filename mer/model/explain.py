"""Which regions pushed a decision: Shapley values of the regions of one feature row."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["shapley"]

Float = NDArray[np.float64]


def shapley(score: Callable[[Float], Float], row: Float, rest: Float, region: NDArray[np.intp], orders: int) -> Float:
    """Return what each region adds to a score, shape (R,); the sum is ``score(row) − score(rest)``.

    Parameters
    ----------
    score : callable
        Rows (n, D) → one score each, shape (n,).
    row, rest : ndarray, shape (D,)
        The face that is explained, and a face at rest.
    region : ndarray of int, shape (D,)
        Number of the region that each feature is of, 0 to R − 1.
    orders : int
        Random orders in which regions are added to the face at rest, each also taken backwards, ≥ 1. The orders are
        drawn from a fixed seed.

    References
    ----------
    Štrumbelj and Kononenko, Explaining prediction models and individual predictions with feature contributions, 2014,
    doi:10.1007/s10115-013-0679-x.
    """
    count = int(region.max()) + 1
    rng = np.random.default_rng(0)
    forward = [rng.permutation(count) for _ in range(orders)]
    every = np.stack([order for one in forward for order in (one, one[::-1])])  # (orders, R)
    place = np.argsort(every, axis=1)  # when a region is added
    added = place[:, None, :] < np.arange(count + 1)[None, :, None]  # (orders, steps, R)
    rows = np.where(added[..., region], row, rest)  # (orders, steps, D)
    values = score(rows.reshape(-1, len(row))).reshape(len(every), count + 1)
    found = np.zeros(count)
    np.add.at(found, every, np.diff(values, axis=1))
    return found / len(every)
