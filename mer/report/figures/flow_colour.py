"""Colours for directions of motion: the hue is the direction, the saturation the magnitude.

References
----------
Baker et al., A database and evaluation methodology for optical flow, IJCV 92(1), 2011, doi:10.1007/s11263-010-0390-2
(the hue circle, in which green takes less room than in HSV).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mer.types import Numbers

__all__ = ["colours", "full_scale", "hues"]

# Corners of the hue circle in steps of 1/55 of a turn, clockwise from motion to the right: red, yellow, green, ...
_AT = np.array([0, 15, 21, 25, 36, 49, 55]) / 55
_RGB = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]], dtype=np.float64)


def hues(angles: Numbers) -> NDArray[np.float64]:
    """Return the full colour (..., 3), RGB in [0, 1], of directions in radians, +90° pointing down."""
    turn = np.asarray(angles, dtype=np.float64) / (2 * np.pi) % 1
    return np.stack([np.interp(turn, _AT, channel) for channel in _RGB.T], axis=-1)


def colours(uv: Numbers, scale: float) -> NDArray[np.float64]:
    """Return the picture (H, W, 3), RGB in [0, 1], of a flow field (H, W, 2): white is rest, `scale` px full colour."""
    u, v = np.asarray(uv[..., 0], dtype=np.float64), np.asarray(uv[..., 1], dtype=np.float64)
    strength = np.clip(np.hypot(u, v) / scale, 0, 1)[..., None]
    return 1 - strength * (1 - hues(np.arctan2(v, u)))


def full_scale(uv: Numbers) -> float:
    """Return the magnitude that gets full colour, px: the 99th percentile of vectors (..., 2), up to two digits."""
    magnitude = float(np.percentile(np.hypot(uv[..., 0], uv[..., 1]), 99))
    if magnitude <= 1e-6:
        return 1.0
    unit = 10.0 ** (np.floor(np.log10(magnitude)) - 1)
    return float(np.ceil(magnitude / unit - 1e-9) * unit)
