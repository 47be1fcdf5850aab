"""From flow vectors to bins of direction.

A slot is the number of a bin that was not wrapped: slot s means bin s modulo the number of bins, and slots lie in
[0, 3 · bins). So the histogram is wrapped once, not every pixel.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.pooling import Pooling
from mer.types import Float32

__all__ = ["bin_centres", "linear_votes", "nearest_votes", "picked_components", "smoothing_matrix"]

Index = NDArray[np.intp]
_STEPS = 2048  # of the table a quadrant: linear between them, its error is below that of single precision


def picked_components(uv: Float32, pooling: Pooling) -> tuple[Float32, Float32]:
    """Return u and v of fields (N, H, W, 2) at the pixels that the regions hold."""
    vectors = pooling.pick(uv.view(np.complex64)[..., 0])  # both components in one pass
    return np.ascontiguousarray(vectors.real), np.ascontiguousarray(vectors.imag)


def bin_centres(bins: int, phase: float) -> NDArray[np.float64]:
    """Return the directions that bins are centred on, degrees in (−180, 180], shape (bins,); `phase` in bin widths."""
    centres = (np.arange(bins) + phase) * 360.0 / bins
    return np.asarray(180.0 - (180.0 - centres) % 360.0)


def nearest_votes(u: Float32, v: Float32, bins: int, phase: float) -> Index:
    """Return the slot of the bin whose centre is nearest to each vector's direction."""
    return _position(u, v, bins, phase - 0.5).astype(np.intp)


def linear_votes(u: Float32, v: Float32, bins: int, phase: float) -> tuple[Index, Float32]:
    """Return the slot of the last bin centre before each direction, and the share in [0, 1) of the bin after it."""
    position = _position(u, v, bins, phase)
    slots = position.astype(np.intp)
    return slots, position - slots.astype(np.float32)


def _position(u: Float32, v: Float32, bins: int, phase: float) -> Float32:
    """Return the direction in bin widths, always positive; whole numbers are the bins' centres (or lower edges).

    The arctangent is most of a histogram's cost. So 1 − u / (|u| + |v|), with the sign of v, which runs from −2 to 2
    once around the circle, is looked up instead; exact on axes and diagonals, elsewhere within 2e-6 of a radian.
    """
    place = np.abs(u)
    place += np.abs(v)
    place += np.finfo(np.float32).tiny  # no vector, no direction: anything but 0 / 0
    np.divide(u, place, out=place)
    np.subtract(np.float32(1), place, out=place)
    np.copysign(place, v, out=place)
    place += np.float32(2)
    place *= np.float32(_STEPS)
    whole = np.floor(place)
    place -= whole
    step = whole.astype(np.intp)
    at, to_next = _table(bins, phase)
    place *= to_next.take(step)
    place += at.take(step)
    return place


@lru_cache(maxsize=64)
def _table(bins: int, phase: float) -> tuple[Float32, Float32]:
    """Return the position at every step of what `_position` looks up, and the way to the next."""
    place = np.arange(4 * _STEPS + 1) / _STEPS - 2
    cosine = 1 - np.abs(place)
    sine = np.copysign(1 - np.abs(cosine), place)
    position = np.arctan2(sine, cosine) * (bins / (2 * np.pi)) + (bins - phase)
    return position.astype(np.float32), np.diff(position, append=position[-1]).astype(np.float32)


def smoothing_matrix(fine: int, bins: int, phase: float, sigma: float) -> NDArray[np.float64]:
    """Return the shares (fine, bins) that the centres of fine bins give to coarse ones; the rows sum to 1.

    Parameters
    ----------
    fine, bins : int
        Numbers of bins; both sets have their first centre `phase` of their own widths from 0°, moved as one.
    phase : float
        Of the coarse bins, in coarse bin widths.
    sigma : float
        Standard deviation of the circular Gaussian, in coarse bin widths.
    """
    away = bin_centres(fine, phase * fine / bins)[:, None] - bin_centres(bins, phase)
    wrapped = np.abs((away + 180.0) % 360.0 - 180.0) * bins / 360.0
    shares = np.exp(-0.5 * (wrapped / sigma) ** 2)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
