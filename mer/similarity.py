"""Similarities of the plane, shift, rotation and one scale, as (2, 3) matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError

__all__ = ["fit_similarity", "inverse", "transformed"]


def fit_similarity(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """Return the matrix that brings `source` closest to `target` by shift, rotation and one scale.

    Parameters
    ----------
    source, target : ndarray, shape (N, 2)
        Corresponding points in pixels, N ≥ 2.

    Returns
    -------
    ndarray of float64, shape (2, 3)
        The least-squares solution; never a reflection.

    Raises
    ------
    DataError
        Where the source points lie in one place.
    """
    if not np.ptp(source, axis=0).any():
        raise DataError("no similarity can be fitted to landmarks that lie in one point: find them again")
    centre, goal = source.mean(axis=0, dtype=float), target.mean(axis=0, dtype=float)
    (x, y), (p, q) = (source - centre).T.astype(float), (target - goal).T.astype(float)
    # In the plane Umeyama's solution without reflection has the closed form of one complex division.
    turn = np.array([(x * p + y * q).sum(), (x * q - y * p).sum()]) / (x * x + y * y).sum()
    linear = np.array([[turn[0], -turn[1]], [turn[1], turn[0]]])
    return np.column_stack([linear, goal - linear @ centre])


def transformed(matrix: NDArray[Any], xy: NDArray[Any]) -> NDArray[np.float64]:
    """Return the points `xy`, shape (..., 2), moved by a (2, 3) matrix."""
    return np.asarray(xy @ matrix[:, :2].T + matrix[:, 2])


def inverse(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Return the matrix that undoes a (2, 3) matrix."""
    turned = np.linalg.inv(matrix[:, :2])
    return np.column_stack([turned, -turned @ matrix[:, 2]])
