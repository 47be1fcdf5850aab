"""FACS action units as smooth displacement fields of the skin, anchored at the landmarks of one face.

Every unit is a sum of bumps w·(1 − r²)⁴ with elliptic support: no transcendental function, three continuous
derivatives, and exactly zero outside, so that a unit of the left side leaves the right side still.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLINK", "MIDLINE", "UNITS", "Bumps", "bumps_of", "peak_of"]

Array = NDArray[np.float64]

# One row a bump: landmark of the subject's left (image right), its twin on the other side, shift of the centre, pull,
# radii. Shift, pull and radii in face units; x grows away from the midline, y downwards; pulls are relative within a
# unit. Anatomy: Ekman, Friesen and Hager, Facial Action Coding System (2002).
_Row = tuple[int, int, tuple[float, float], tuple[float, float], tuple[float, float]]
UNITS: dict[str, tuple[_Row, ...]] = {
    "AU1": (  # frontalis, inner part
        (22, 21, (0.04, -0.05), (-0.10, -1.0), (0.59, 0.70)),
        (22, 21, (0.08, -0.45), (0.0, -0.45), (0.63, 0.63)),
    ),
    "AU2": (  # frontalis, outer part
        (25, 18, (0.05, -0.03), (0.10, -1.0), (0.59, 0.67)),
        (25, 18, (0.0, -0.42), (0.0, -0.40), (0.59, 0.59)),
    ),
    "AU4": (  # corrugator, depressor supercilii
        (22, 21, (0.10, 0.0), (-0.65, 0.75), (0.63, 0.56)),
        (24, 19, (0.05, 0.0), (-0.30, 0.35), (0.56, 0.50)),
    ),
    "AU5": ((43, 38, (0.05, -0.03), (0.0, -1.0), (0.45, 0.30)),),  # levator palpebrae
    "AU6": (  # orbicularis oculi, outer ring
        (46, 41, (0.08, 0.36), (-0.10, -1.0), (0.70, 0.59)),
        (45, 36, (0.10, 0.0), (-0.55, 0.10), (0.48, 0.45)),
        (46, 41, (0.0, 0.04), (0.0, -0.40), (0.40, 0.25)),
    ),
    "AU7": (  # orbicularis oculi, inner ring
        (46, 41, (-0.07, 0.03), (-0.15, -1.0), (0.43, 0.28)),
        (44, 37, (-0.05, -0.03), (0.0, 0.40), (0.40, 0.25)),
    ),
    "AU9": (  # levator labii superioris alaeque nasi
        (35, 31, (0.05, -0.22), (0.0, -1.0), (0.50, 0.59)),
        (22, 21, (-0.06, 0.10), (-0.15, 0.60), (0.50, 0.48)),
        (52, 50, (0.06, -0.06), (0.0, -0.45), (0.38, 0.33)),
    ),
    "AU10": (  # levator labii superioris
        (52, 50, (0.10, -0.05), (0.10, -1.0), (0.48, 0.42)),
        (35, 31, (0.14, 0.02), (0.10, -0.65), (0.45, 0.45)),
    ),
    "AU12": (  # zygomaticus major
        (54, 48, (0.04, -0.03), (0.75, -0.66), (0.64, 0.59)),
        (54, 48, (0.25, -0.40), (0.25, -0.55), (0.63, 0.59)),
    ),
    "AU14": (  # buccinator: lip corner and cheek are drawn together
        (54, 48, (-0.02, 0.0), (0.70, 0.0), (0.38, 0.35)),
        (54, 48, (0.36, 0.02), (-0.90, 0.0), (0.48, 0.56)),
    ),
    "AU15": (  # depressor anguli oris
        (54, 48, (0.02, 0.05), (0.10, 1.0), (0.56, 0.56)),
        (54, 48, (0.0, 0.38), (0.05, 0.35), (0.48, 0.50)),
    ),
    "AU17": (  # mentalis
        (8, 8, (0.0, -0.22), (0.0, -1.0), (0.70, 0.56)),
        (57, 57, (0.0, 0.0), (0.0, -0.60), (0.53, 0.33)),
    ),
    "AU20": (  # risorius
        (54, 48, (0.08, 0.05), (1.0, 0.12), (0.73, 0.50)),
        (55, 59, (0.12, 0.25), (0.50, 0.10), (0.56, 0.50)),
    ),
    "AU23": (  # orbicularis oris
        (54, 48, (-0.03, 0.0), (-1.0, 0.0), (0.45, 0.33)),
        (52, 50, (0.0, 0.0), (0.0, 0.40), (0.30, 0.20)),
        (56, 58, (0.0, 0.0), (0.0, -0.45), (0.30, 0.22)),
    ),
    "AU25": (  # lips part
        (57, 57, (0.0, -0.03), (0.0, 1.0), (0.60, 0.30)),
        (51, 51, (0.0, 0.02), (0.0, -0.35), (0.55, 0.22)),
    ),
    "AU26": (  # jaw drops
        (8, 8, (0.0, -0.15), (0.0, 1.0), (1.33, 0.98)),
        (57, 57, (0.0, 0.0), (0.0, 0.50), (0.70, 0.48)),
    ),
}
# The upper lid comes down, the lower one rises a little: AU45, the distractor.
BLINK: tuple[_Row, ...] = (
    (43, 38, (0.065, 0.0), (0.0, 1.0), (0.43, 0.31)),
    (47, 40, (0.065, 0.02), (0.0, -0.15), (0.40, 0.25)),
)
MIDLINE = frozenset({"AU17", "AU25", "AU26"})  # one muscle, or both halves together: no sides


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


def bumps_of(rows: tuple[_Row, ...], points: Array, side: int, turn: float = 0.0) -> Bumps:
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
