"""FACS action units as smooth displacement fields of the skin, anchored at the landmarks of one face.

Every unit is a sum of bumps w·(1 − r²)⁴ with elliptic support: no transcendental function, three continuous
derivatives, and exactly zero outside, so that a unit of the left side leaves the right side still.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        (22, 21, (0.04, -0.05), (-0.10, -1.0), (0.42, 0.50)),
        (22, 21, (0.08, -0.45), (0.0, -0.45), (0.45, 0.45)),
    ),
    "AU2": (  # frontalis, outer part
        (25, 18, (0.05, -0.03), (0.10, -1.0), (0.42, 0.48)),
        (25, 18, (0.0, -0.42), (0.0, -0.40), (0.42, 0.42)),
    ),
    "AU4": (  # corrugator, depressor supercilii
        (22, 21, (0.10, 0.0), (-0.65, 0.75), (0.45, 0.40)),
        (24, 19, (0.05, 0.0), (-0.30, 0.35), (0.40, 0.36)),
    ),
    "AU5": ((43, 38, (0.05, -0.03), (0.0, -1.0), (0.36, 0.24)),),  # levator palpebrae
    "AU6": (  # orbicularis oculi, outer ring
        (46, 41, (0.08, 0.36), (-0.10, -1.0), (0.50, 0.42)),
        (45, 36, (0.10, 0.0), (-0.55, 0.10), (0.34, 0.32)),
        (46, 41, (0.0, 0.04), (0.0, -0.40), (0.32, 0.20)),
    ),
    "AU7": (  # orbicularis oculi, inner ring
        (46, 41, (-0.07, 0.03), (-0.15, -1.0), (0.34, 0.22)),
        (44, 37, (-0.05, -0.03), (0.0, 0.40), (0.32, 0.20)),
    ),
    "AU9": (  # levator labii superioris alaeque nasi
        (35, 31, (0.05, -0.22), (0.0, -1.0), (0.36, 0.42)),
        (22, 21, (-0.06, 0.10), (-0.15, 0.60), (0.36, 0.34)),
        (52, 50, (0.06, -0.06), (0.0, -0.45), (0.30, 0.26)),
    ),
    "AU10": (  # levator labii superioris
        (52, 50, (0.10, -0.05), (0.10, -1.0), (0.34, 0.30)),
        (35, 31, (0.14, 0.02), (0.10, -0.65), (0.32, 0.32)),
    ),
    "AU12": (  # zygomaticus major
        (54, 48, (0.04, -0.03), (0.75, -0.66), (0.46, 0.42)),
        (54, 48, (0.25, -0.40), (0.25, -0.55), (0.45, 0.42)),
    ),
    "AU14": (  # buccinator: lip corner and cheek are drawn together
        (54, 48, (-0.02, 0.0), (0.70, 0.0), (0.30, 0.28)),
        (54, 48, (0.36, 0.02), (-0.90, 0.0), (0.34, 0.40)),
    ),
    "AU15": (  # depressor anguli oris
        (54, 48, (0.02, 0.05), (0.10, 1.0), (0.40, 0.40)),
        (54, 48, (0.0, 0.38), (0.05, 0.35), (0.34, 0.36)),
    ),
    "AU17": (  # mentalis
        (8, 8, (0.0, -0.22), (0.0, -1.0), (0.50, 0.40)),
        (57, 57, (0.0, 0.0), (0.0, -0.60), (0.42, 0.26)),
    ),
    "AU20": (  # risorius
        (54, 48, (0.08, 0.05), (1.0, 0.12), (0.52, 0.36)),
        (55, 59, (0.12, 0.25), (0.50, 0.10), (0.40, 0.36)),
    ),
    "AU23": (  # orbicularis oris
        (54, 48, (-0.03, 0.0), (-1.0, 0.0), (0.36, 0.26)),
        (52, 50, (0.0, 0.0), (0.0, 0.40), (0.24, 0.16)),
        (56, 58, (0.0, 0.0), (0.0, -0.45), (0.24, 0.18)),
    ),
    "AU25": (  # lips part
        (57, 57, (0.0, -0.03), (0.0, 1.0), (0.48, 0.24)),
        (51, 51, (0.0, 0.02), (0.0, -0.35), (0.44, 0.18)),
    ),
    "AU26": (  # jaw drops
        (8, 8, (0.0, -0.15), (0.0, 1.0), (0.95, 0.70)),
        (57, 57, (0.0, 0.0), (0.0, 0.50), (0.50, 0.34)),
    ),
}
# The upper lid comes down, the lower one rises a little: AU45, the distractor.
BLINK: tuple[_Row, ...] = (
    (43, 38, (0.065, 0.0), (0.0, 1.0), (0.34, 0.25)),
    (47, 40, (0.065, 0.02), (0.0, -0.15), (0.32, 0.20)),
)
MIDLINE = frozenset({"AU17", "AU25", "AU26"})  # one muscle, or both halves together: no sides


@dataclass(frozen=True, eq=False)
class Bumps:
    """A sum of bumps: centres, pulls and radii, each of shape (n, 2), in face units."""

    centre: Array
    pull: Array
    radius: Array

    def __call__(self, x: Array, y: Array) -> Array:
        """Return the displacement at points x, y of shape (H, W), as (H, W, 2)."""
        return self.with_slope(x, y, slope=False)[0]

    def with_slope(self, x: Array, y: Array, *, slope: bool = True) -> tuple[Array, Array]:
        """Return the displacement (H, W, 2) and its derivatives (H, W, 2, 2), [..., i, j] = ∂d_i / ∂x_j."""
        d, jacobian = np.zeros((*x.shape, 2)), np.zeros((*x.shape, 2, 2) if slope else 0)
        columns, rows = (x.min(0), x.max(0)), (y.min(1), y.max(1))
        for (cx, cy), pull, (rx, ry) in zip(self.centre, self.pull, self.radius, strict=True):
            window = _span(*rows, cy - ry, cy + ry), _span(*columns, cx - rx, cx + rx)
            u, v = (x[window] - cx) / rx, (y[window] - cy) / ry
            base = np.clip(1 - u * u - v * v, 0, None)
            cube = base * base * base
            d[window] += (cube * base)[..., None] * pull
            if slope:
                gradient = np.stack([-8 * u / rx * cube, -8 * v / ry * cube], axis=-1)
                jacobian[window] += pull[:, None] * gradient[..., None, :]
        return d, jacobian

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
    d = field(*np.meshgrid(x, y))
    return float(np.sqrt((d * d).sum(-1).max()))
