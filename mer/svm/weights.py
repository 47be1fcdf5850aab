"""How much a class counts that has few clips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASS_WEIGHTS", "class_factors"]

CLASS_WEIGHTS = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}  # exponent of N / (classes · clips of the class)


def class_factors(class_weight: str, y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the factor on C of each class that occurs in `y`, in their order."""
    _, clips = np.unique(y, return_counts=True)
    return np.asarray((len(y) / (len(clips) * clips)) ** CLASS_WEIGHTS[class_weight])
