"""From the face at rest to the pixels of a frame and back: the map that frames, landmarks and truth flow share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.actions import Bumps

__all__ = ["Motion"]

Array = NDArray[np.float64]
_STEPS = 5  # Newton steps; a fixed number, so that every machine stops at the same place


@dataclass(frozen=True, eq=False)
class Motion:
    """pixel = A · (X + d(X)) + b, with X in face units.

    Attributes
    ----------
    matrix : ndarray of float64, shape (2, 2)
        Head: rotation and scale, face units → pixels.
    shift : ndarray of float64, shape (2,)
        Pixel of the point between the eyes.
    skin : Bumps
        The displacement d of the skin in face units.
    """

    matrix: Array
    shift: Array
    skin: Bumps

    def forward(self, points: Array) -> Array:
        """Map points at rest, shape (H, W, 2) in face units, to pixels."""
        return np.asarray((points + self.skin(points[..., 0], points[..., 1])) @ self.matrix.T + self.shift)

    def inverse(self, pixels: Array) -> Array:
        """Map pixels, shape (H, W, 2), to points at rest, to about 1e-6 px, by Newton's method."""
        goal = (pixels - self.shift) @ np.linalg.inv(self.matrix).T
        at = goal.copy()
        for _ in range(_STEPS):
            d, slope = self.skin.with_slope(at[..., 0], at[..., 1])
            miss = at + d - goal
            a, b, c, e = 1 + slope[..., 0, 0], slope[..., 0, 1], slope[..., 1, 0], 1 + slope[..., 1, 1]
            determinant = a * e - b * c
            at[..., 0] -= (e * miss[..., 0] - b * miss[..., 1]) / determinant
            at[..., 1] -= (a * miss[..., 1] - c * miss[..., 0]) / determinant
        return at
