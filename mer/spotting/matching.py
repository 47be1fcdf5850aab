"""Which found interval is which true one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mer.types import Interval

__all__ = ["matched", "overlap"]


def overlap(found: Sequence[Interval], true: Sequence[Interval]) -> NDArray[np.float64]:
    """Return the intersection over union of each found and each true interval, shape (found, true).

    Both ends of an interval belong to it: frames 3 to 5 are three frames.
    """
    (a, b), (c, d) = (_ends(intervals) for intervals in (found, true))
    shared = np.maximum(np.minimum(b[:, None], d) - np.maximum(a[:, None], c) + 1, 0)
    together = (b - a + 1)[:, None] + (d - c + 1) - shared
    return np.asarray(shared / together)


def matched(found: Sequence[Interval], true: Sequence[Interval], least: float) -> dict[int, int]:
    """Return for each true interval of a video that was found the found interval that overlaps it most.

    Parameters
    ----------
    found, true : sequence of Interval
        Of one kind.
    least : float
        Smallest intersection over union of a hit, in (0, 1].

    Returns
    -------
    dict of int to int
        Place in `true` → place in `found`; the first of equals.

    Notes
    -----
    Each true interval counts once at most. A found interval may count for two true ones, if these overlap each other:
    so the organisers of MEGC 2020 count (five times in their own results on CAS(ME)²).
    """
    if not found or not true:
        return {}
    share = overlap(found, true)
    return {j: int(i) for j, i in enumerate(share.argmax(axis=0)) if share[i, j] >= least}


def _ends(intervals: Sequence[Interval]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ends = np.array([(interval.onset, interval.offset) for interval in intervals], dtype=np.int64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]
