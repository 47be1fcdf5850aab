"""From the face at rest to the pixels of a frame and back: the map that frames, landmarks and truth flow share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.bumps import Bumps

__all__ = ["Motion"]

Array = NDArray[np.float64]
_STEPS = 4  # Newton steps; a fixed number, so that every machine stops at the same place
_HEAD = (1.45, 2.0)  # half axes of what moves as one with the head, in face units
_STILL = 1.45  # so many half axes away nothing moves any more


@dataclass(frozen=True, eq=False)
class Motion:
    """pixel = A · (X + d(X) + w(X) · (B X + c)) + b, with X in face units.

    Attributes
    ----------
    pose : ndarray of float64, shape (2, 3)
        Camera: A and b, a similarity from face units to pixels, the same in all frames of a clip.
    sway : ndarray of float64, shape (2, 3)
        Head: B and c, a similarity less the identity, in face units; it fades (w) from the head to the wall, which
        stands still.
    skin : Bumps
        The displacement d of the skin in face units.
    """

    pose: Array
    sway: Array
    skin: Bumps

    def forward(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Map points at rest x, y, each of shape (H, W) in face units, to pixels."""
        dx, dy = self.skin(x, y)
        weight, _, _ = _fade(x, y)
        (a, b, c), (d, e, f) = self.sway
        return _apply(self.pose, x + dx + weight * (a * x + b * y + c), y + dy + weight * (d * x + e * y + f))

    def inverse(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Map pixels x, y, each of shape (H, W), to points at rest, to less than 1e-4 px, by Newton's method."""
        (a, b, c), (d, e, f) = self.sway
        goal_x, goal_y = _apply(_undo(self.pose), x, y)
        x, y = goal_x.copy(), goal_y.copy()
        for _ in range(_STEPS):
            (dx, dy), ((xx, xy), (yx, yy)) = self.skin.with_slope(x, y)
            weight, wx, wy = _fade(x, y)
            px, py = a * x + b * y + c, d * x + e * y + f
            xx += 1 + a * weight + px * wx
            xy += b * weight + px * wy
            yx += d * weight + py * wx
            yy += 1 + e * weight + py * wy
            dx += x + weight * px - goal_x
            dy += y + weight * py - goal_y
            scale = 1 / (xx * yy - xy * yx)
            x -= scale * (yy * dx - xy * dy)
            y -= scale * (xx * dy - yx * dx)
        return x, y


def _apply(matrix: Array, x: Array, y: Array) -> tuple[Array, Array]:
    (a, b, c), (d, e, f) = matrix
    return a * x + b * y + c, d * x + e * y + f


def _undo(matrix: Array) -> Array:
    inverse = np.linalg.inv(matrix[:, :2])
    return np.column_stack([inverse, -inverse @ matrix[:, 2]])


def _fade(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return 1 on the head falling smoothly to 0 on the wall, and its derivatives along x and y."""
    u, v = x / _HEAD[0], y / _HEAD[1]
    span = _STILL**2 - 1
    t = np.clip((_STILL**2 - u * u - v * v) / span, 0, 1)
    square, rest = t * t, 1 - t
    descent = (-60 / span) * square * (rest * rest)
    return square * t * (10 - 15 * t + 6 * square), descent * (u / _HEAD[0]), descent * (v / _HEAD[1])
