"""The shape of 68 points: its mirror image, its size, its mean over many faces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.similarity import fit_similarity, transformed

__all__ = ["EXTENT", "SWAP", "eye_distance", "mean_shape", "normalised"]

Array = NDArray[np.float64]

# The larger side of the mean shape's bounding box, as a fraction of the crop's side: room for the forehead, for
# profiles and for a face that was located a little beside its place.
EXTENT = 0.66

_PAIRS = [(i, 16 - i) for i in range(8)] + [(17 + i, 26 - i) for i in range(5)]
_PAIRS += [(31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
_PAIRS += [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)]


def _swapped() -> NDArray[np.int64]:
    order = np.arange(68)
    for left, right in _PAIRS:
        order[left], order[right] = right, left
    return order


# Point i of a mirrored face is point SWAP[i] of the face.
SWAP = _swapped()


def eye_distance(xy: NDArray[Any]) -> NDArray[Any]:
    """Return the distance of the outer eye corners, shape (...) for points of shape (..., 68, 2)."""
    return np.asarray(np.linalg.norm(xy[..., 36, :] - xy[..., 45, :], axis=-1))


def normalised(shape: NDArray[Any]) -> Array:
    """Return a shape centred in the unit square, its bounding box at most `EXTENT` wide and high."""
    low, high = shape.min(axis=0), shape.max(axis=0)
    return np.asarray((shape - (low + high) / 2) * (EXTENT / (high - low).max()) + 0.5)


def mean_shape(shapes: NDArray[Any], rounds: int = 5) -> Array:
    """Return the mean of shapes (n, 68, 2) after each was brought onto it, symmetric and upright, in the unit square.

    Notes
    -----
    Generalised Procrustes analysis: fit to the mean, average, repeat. A mirrored twin of each shape takes part, so
    that the mean face looks straight ahead.

    References
    ----------
    Gower: Generalized Procrustes analysis. Psychometrika 40, 1975. doi:10.1007/BF02291478
    """
    both = np.concatenate([shapes, shapes[:, SWAP] * (-1, 1)])
    mean = normalised(both.mean(axis=0))
    for _ in range(rounds):
        mean = np.mean([transformed(fit_similarity(shape, mean), shape) for shape in both], axis=0)
        mean = (mean + (mean[SWAP] * (-1, 1) + (2 * mean[:, 0].mean(), 0))) / 2
        mean = normalised(mean)
    return mean
