"""Action units as smooth displacement fields of the skin, anchored at the landmarks of one face.

Every unit is a sum of bumps w·(1 − r²)⁴ with elliptic support: no transcendental function, three continuous
derivatives, and exactly zero outside, so that a unit of the left side leaves the right side still.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.units import Row

__all__ = ["Bumps", "bumps_of", "peak_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bumps:
    """A sum of bumps: centres, pulls and radii, each of shape (n, 2), in face units."""

    centre: Array
    pull: Array
    radius: Array

    def __call__(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return the displacement (dx, dy) at points x, y, all of shape (H, W)."""
        dx, dy = np.zeros(x.shape), np.zeros(x.shape)
        for window, _, _, base, (px, py) in self._met(x, y):
            weight = base**2 * base**2
            dx[window] += px * weight
            dy[window] += py * weight
        return dx, dy

    def with_slope(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return the displacement, shape (2, H, W), and its derivatives (2, 2, H, W), [i, j] = ∂d_i / ∂x_j."""
        d, slope = np.zeros((2, *x.shape)), np.zeros((2, 2, *x.shape))
        for window, u, v, base, pull in self._met(x, y):
            cube = base * base * base
            weight = cube * base
            for i in range(2):
                d[i][window] += pull[i] * weight
                slope[i, 0][window] += pull[i] * (u * cube)
                slope[i, 1][window] += pull[i] * (v * cube)
        return d, slope

    def _met(self, x: Array, y: Array) -> Iterator[tuple[Any, Array, Array, Array, Array]]:
        """Yield for every bump: the window of points that it meets, −8·u/rx, −8·v/ry and 1 − r² there, and its pull."""
        columns, rows = (x.min(0), x.max(0)), (y.min(1), y.max(1))
        for (cx, cy), pull, (rx, ry) in zip(self.centre, self.pull, self.radius, strict=True):
            window = _span(*rows, cy - ry, cy + ry), _span(*columns, cx - rx, cx + rx)
            u, v = (x[window] - cx) / rx, (y[window] - cy) / ry
            yield window, u * (-8 / rx), v * (-8 / ry), np.maximum(1 - u * u - v * v, 0), pull

    def scaled(self, factor: float) -> Bumps:
        """Return the same field, `factor` times as strong."""
        return Bumps(self.centre, self.pull * factor, self.radius)

    @staticmethod
    def joined(parts: list[Bumps]) -> Bumps:
        """Return the sum of several fields."""
        return Bumps(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("centre", "pull", "radius")))


def _span(low: Array, high: Array, start: float, stop: float) -> slice:
    """Return the rows (or columns) whose extent [low, high] meets [start, stop]."""
    hit = np.flatnonzero((high > start) & (low < stop))
    return slice(int(hit[0]), int(hit[-1]) + 1) if len(hit) else slice(0, 0)


def bumps_of(rows: tuple[Row, ...], points: Array, side: int, turn: float = 0.0) -> Bumps:
    """Return the field of one unit on one face, its peak not yet normalised.

    Parameters
    ----------
    rows : tuple
        An entry of `UNITS`, or `BLINK`.
    points : ndarray of float64, shape (68, 2)
        The face's landmarks in face units.
    side : int
        +1 for the subject's left (image right) or the midline, −1 for the subject's right.
    turn : float
        Radians by which this person's muscles pull away from the textbook's direction, mirrored with the side.
    """
    flip = np.array([side, 1.0])
    centre = [points[left if side > 0 else right] + flip * shift for left, right, shift, _, _ in rows]
    c, s = np.cos(turn), np.sin(turn)
    pull = [flip * (c * px - s * py, s * px + c * py) for _, _, _, (px, py), _ in rows]
    return Bumps(np.array(centre), np.array(pull), np.array([radius for *_, radius in rows]))


def peak_of(field: Bumps) -> float:
    """Return the largest displacement of a field, searched on a fine grid of the face."""
    if not len(field.centre):
        return 0.0
    low, high = (field.centre - field.radius).min(0), (field.centre + field.radius).max(0)
    x, y = (np.linspace(low[k], high[k], 161) for k in range(2))
    dx, dy = field(*np.meshgrid(x, y))
    return float(np.sqrt((dx * dx + dy * dy).max()))
