"""Which found interval is which true one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mer.types import Interval

__all__ = ["Matching", "matched", "overlap"]

Matching = Literal["one_to_one", "megc"]


def overlap(found: Sequence[Interval], true: Sequence[Interval]) -> NDArray[np.float64]:
    """Return the intersection over union of each found and each true interval, shape (found, true).

    Both ends of an interval belong to it: frames 3 to 5 are three frames.
    """
    (a, b), (c, d) = (_ends(intervals) for intervals in (found, true))
    shared = np.maximum(np.minimum(b[:, None], d) - np.maximum(a[:, None], c) + 1, 0)
    together = (b - a + 1)[:, None] + (d - c + 1) - shared
    return np.asarray(shared / together)


def matched(
    found: Sequence[Interval], true: Sequence[Interval], least: float, rule: Matching = "one_to_one"
) -> dict[int, int]:
    """Return for each true interval of a video that was found the found interval that it is matched with.

    Parameters
    ----------
    found, true : sequence of Interval
        Of one kind.
    least : float
        Smallest intersection over union of a hit, in (0, 1].
    rule : {"one_to_one", "megc"}
        ``one_to_one`` uses a found interval once at most: as many true intervals as possible are matched, and among
        such matchings the one with the greatest sum of intersections over unions is taken. ``megc`` counts as the
        organisers of MEGC 2020 do: each true interval takes the found one that overlaps it most (the first of equals),
        so that a found one counts twice where two true ones overlap each other (five times in their own results on
        CAS(ME)²).

    Returns
    -------
    dict of int to int
        Place in `true` → place in `found`. Each true interval counts once at most.
    """
    if not found or not true:
        return {}
    share = overlap(found, true)
    if rule == "megc":
        return {j: int(i) for j, i in enumerate(share.argmax(axis=0)) if share[i, j] >= least}
    return _one_to_one(share, least)


def _one_to_one(share: NDArray[np.float64], least: float) -> dict[int, int]:
    from scipy.optimize import linear_sum_assignment

    # a hit outweighs any sum of shares, so that the number of hits comes first
    worth = np.where(share >= least, share + min(share.shape) + 1, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return {int(j): int(i) for i, j in sorted(zip(rows, columns, strict=True), key=lambda ij: ij[1]) if worth[i, j] > 0}


def _ends(intervals: Sequence[Interval]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ends = np.array([(interval.onset, interval.offset) for interval in intervals], dtype=np.int64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]
