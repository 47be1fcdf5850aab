"""Two crops of one face that differ by a small, known motion: what makes the points follow motion, not only shape.

Annotated points are wrong by more than a micro-expression moves them, but wrong alike in both crops of a face; in the
difference the error drops out, and what remains is true motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mer.training.draws import log_uniform
from mer.training.landmarks.augment import Augmentation, jittered, pushes
from mer.validation import require_number

__all__ = ["MotionPairs"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MotionPairs:
    """How the second crop of a face differs from the first, and how much the difference counts.

    Attributes
    ----------
    weight : float
        Of the error of the difference relative to that of the points, both in eye distances; ≥ 0.
    softness : float
        Error of a difference, in eye distances, below which the loss is no longer linear; > 0.
    nudge : sequence of float
        Standard deviations by which the second crop differs: shift (of the side), size (log), roll (degrees).
    bumps : sequence of int
        Least and greatest number of bumps.
    peak, width : sequence of float
        Least and greatest displacement and σ of a bump, fractions of the side, both drawn on a log scale.
    """

    weight: float
    softness: float
    nudge: Sequence[float]
    bumps: Sequence[int]
    peak: Sequence[float]
    width: Sequence[float]

    def __post_init__(self) -> None:
        require_number("motion_pairs.weight", self.weight, low=0)
        require_number("motion_pairs.softness", self.softness, low=0, above=True)

    def __call__(
        self, rng: Generator, augmentation: Augmentation, image: NDArray[np.uint8], xy: Array, mean: Array, side: int
    ) -> tuple[NDArray[np.uint8], Array]:
        """Return two crops (2, side, side) of a face and their points (2, 68, 2) in crop pixels."""
        matrix, bumps = augmentation.placed(rng, xy, mean, side)
        moved = np.concatenate([bumps, self._drawn(rng, xy, matrix, side)])
        near = jittered(rng, matrix, side, self.nudge)
        first = augmentation.shown(rng, image, xy, matrix, bumps, side)
        second = augmentation.shown(rng, image, xy, near, moved, side)
        return np.stack([first[0], second[0]]), np.stack([first[1], second[1]])

    def _drawn(self, rng: Generator, xy: Array, matrix: Array, side: int) -> Array:
        """Return bumps about landmarks: place, σ, displacement (x, y), crop pixels, (N, 5)."""
        count = int(rng.integers(self.bumps[0], self.bumps[1] + 1))
        linear, shift = matrix[:, :2], matrix[:, 2]
        place = np.linalg.solve(linear, (xy[rng.integers(len(xy), size=count)] - shift).T).T
        width, peak = (side * log_uniform(rng, limits, count) for limits in (self.width, self.peak))
        return pushes(rng, place, width, peak)
