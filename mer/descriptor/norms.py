"""Norms of feature rows; a row without motion stays zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NORMS", "normalised"]

NORMS = ("none", "l1", "l2", "sqrt")


def normalised(values: NDArray[np.float64], norm: str) -> NDArray[np.float64]:
    """Return `values` with norm 1 along the last axis.

    Parameters
    ----------
    values : ndarray of float64, shape (..., D)
        Not negative for ``sqrt``.
    norm : {"none", "l1", "l2", "sqrt"}
        ``sqrt`` is the Hellinger map: the root of the L1-normalised values, so that plain distances are Hellinger's.
    """
    if norm == "none":
        return values
    size = np.sqrt((values**2).sum(-1, keepdims=True)) if norm == "l2" else np.abs(values).sum(-1, keepdims=True)
    scaled = np.divide(values, size, out=np.zeros_like(values), where=size > 0)
    return np.sqrt(scaled) if norm == "sqrt" else scaled
