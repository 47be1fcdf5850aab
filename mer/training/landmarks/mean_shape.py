"""The mean of many shapes of 68 points, which says where a crop is relative to a face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mer.geometry.ibug68 import MIRROR
from mer.geometry.similarity import fit_similarity, transformed
from mer.types import Numbers

__all__ = ["EXTENT", "mean_shape", "normalised"]

Array = NDArray[np.float64]

# The larger side of the mean shape's bounding box, as a fraction of the crop's side: room for the forehead, for
# profiles and for a face that was located a little off its place.
EXTENT = 0.66


def normalised(shape: Numbers) -> Array:
    """Return a shape centred in the unit square, its bounding box at most `EXTENT` wide and high."""
    low, high = shape.min(axis=0), shape.max(axis=0)
    return np.asarray((shape - (low + high) / 2) * (EXTENT / (high - low).max()) + 0.5)


def mean_shape(shapes: Numbers, rounds: int = 5) -> Array:
    """Return the mean of shapes (n, 68, 2) after each was brought onto it, symmetric and upright, in the unit square.

    Notes
    -----
    Generalised Procrustes analysis: fit to the mean, average, repeat. A mirrored twin of each shape takes part, so
    that the mean face looks straight ahead.

    References
    ----------
    Gower: Generalized Procrustes analysis. Psychometrika 40, 1975. doi:10.1007/BF02291478
    """
    both = np.concatenate([shapes, shapes[:, MIRROR] * (-1, 1)])
    mean = normalised(both.mean(axis=0))
    for _ in range(rounds):
        mean = np.mean([transformed(fit_similarity(shape, mean), shape) for shape in both], axis=0)
        mean = (mean + (mean[MIRROR] * (-1, 1) + (2 * mean[:, 0].mean(), 0))) / 2
        mean = normalised(mean)
    return mean
