"""Similarities of the plane, shift, rotation and one scale, as (2, 3) matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.types import Numbers

__all__ = ["fit_similarity", "inverse", "on_grid", "transformed"]


def fit_similarity(source: Numbers, target: Numbers) -> NDArray[np.float64]:
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
        If the source points lie in one place.
    """
    if not (source != source[0]).any():
        raise DataError("no similarity can be fitted to landmarks that lie in one point: find them again")
    # Points as complex numbers: in the plane Umeyama's solution without reflection is one complex division.
    one, other = (np.array(points, dtype=np.float64).view(np.complex128)[:, 0] for points in (source, target))
    centre, goal = one.mean(), other.mean()
    one -= centre
    other -= goal
    turn = complex(np.vdot(one, other) / np.vdot(one, one).real)
    shift = complex(goal - turn * centre)
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def transformed(matrix: Numbers, xy: Numbers) -> NDArray[np.float64]:
    """Return the points `xy`, shape (..., 2), moved by a (2, 3) matrix."""
    return np.asarray(xy @ matrix[:, :2].T + matrix[:, 2])


def inverse(matrix: Numbers) -> NDArray[np.float64]:
    """Return the matrix that undoes a (2, 3) matrix."""
    turned = np.linalg.inv(matrix[:, :2])
    return np.column_stack([turned, -turned @ matrix[:, 2]])


def on_grid(matrix: Numbers, *, linear: float, shift: float) -> NDArray[np.float64]:
    """Return a (2, 3) matrix whose 2 × 2 part is on multiples of `linear` and whose shift on multiples of `shift`.

    Notes
    -----
    Two processors agree on a fitted matrix to some digits only. Rounded to steps far above their difference it is the
    same on both, and so is all that is sampled with it. With steps that are powers of two the result is exact.
    """
    steps = np.array([linear, linear, shift])
    return np.asarray(np.rint(matrix / steps) * steps, dtype=np.float64)
