"""The colours of skin, hair, eyes, clothes and walls, and the direction of the light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLOTH", "HAIR", "IRIS", "SKIN", "WALL", "blend", "light", "lip_colour"]

Array = NDArray[np.float64]

SKIN = np.array(
    [
        (0.95, 0.79, 0.70),
        (0.90, 0.70, 0.59),
        (0.82, 0.60, 0.47),
        (0.68, 0.47, 0.35),
        (0.50, 0.33, 0.24),
        (0.35, 0.22, 0.16),
    ]
)
HAIR = np.array(
    [
        (0.07, 0.06, 0.06),
        (0.15, 0.10, 0.08),
        (0.27, 0.18, 0.12),
        (0.45, 0.26, 0.15),
        (0.68, 0.53, 0.34),
        (0.60, 0.59, 0.57),
    ]
)
IRIS = np.array([(0.20, 0.11, 0.06), (0.32, 0.20, 0.10), (0.36, 0.36, 0.20), (0.30, 0.42, 0.52), (0.38, 0.44, 0.46)])
CLOTH = np.array([(0.20, 0.24, 0.34), (0.50, 0.50, 0.52), (0.42, 0.18, 0.18), (0.18, 0.30, 0.26), (0.78, 0.76, 0.72)])
WALL = np.array([(0.56, 0.60, 0.64), (0.72, 0.70, 0.66), (0.38, 0.42, 0.46), (0.62, 0.66, 0.60), (0.80, 0.80, 0.80)])


def blend(palette: Array, place: float) -> Array:
    """Return the colour at `place` in [0, 1] along a palette."""
    steps = np.linspace(0, 1, len(palette))
    return np.array([np.interp(place, steps, palette[:, c]) for c in range(3)])


def lip_colour(skin: Array, tone: float, strength: float) -> Array:
    """Return the colour of lips on a skin, redder with `strength` in [0, 1]."""
    red = np.array([0.74, 0.36, 0.36]) * (1 - 0.45 * tone)
    return np.asarray(skin + (red - skin) * (0.35 + 0.4 * strength))


def light(azimuth: float, elevation: float) -> Array:
    """Return the unit vector towards the light; angles in degrees, x right, y down, z to the camera."""
    a, e = np.deg2rad(azimuth), np.deg2rad(elevation)
    return np.array([np.sin(a) * np.cos(e), -np.sin(e), np.cos(a) * np.cos(e)])
