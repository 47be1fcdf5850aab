"""The shape of a face: eyes, and the 68 points of iBUG that everything else depends on.

Face coordinates: the origin is between the eyes, x grows to the image's right, y downwards, and the unit is the
distance between the centres of the eyes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_points", "eyelid"]

Array = NDArray[np.float64]

# Average proportions of frontal faces, right half of the subject (image left), (x, y).
_JAW = np.array(
    [(1.15, 0.04), (1.12, 0.35), (1.07, 0.62), (1.01, 0.89), (0.92, 1.17), (0.77, 1.42), (0.59, 1.60), (0.34, 1.73)]
)
_CHIN = 1.78
_BROW = np.array([(0.92, -0.26), (0.77, -0.35), (0.60, -0.385), (0.43, -0.37), (0.27, -0.33)])
_UPPER_LIP = np.array([(0.405, 1.055), (0.26, 0.985), (0.09, 0.935)])
_LOWER_LIP = np.array([(0.26, 1.165), (0.135, 1.225)])


def eyelid(eye: Array, x: Array, *, upper: bool) -> Array:
    """Return the height y of a lid's edge at x; at the corners and beyond, the line through the corners."""
    cx, cy, half, up, low, slant = eye
    u = (x - cx) / half
    inside = np.clip(1 - u * u, 0, 1)
    medial = u * -np.sign(cx)
    bulge = -up * inside**0.75 * (1 + 0.12 * medial) if upper else low * inside**0.9 * (1 - 0.15 * medial)
    return np.asarray(cy + slant * (x - cx) + bulge)


def draw_points(rng: np.random.Generator) -> tuple[tuple[Array, Array], Array]:
    """Return both eyes and the 68 points in face coordinates."""
    width, taper, length = rng.normal(1, 0.042), rng.normal(0, 0.06), rng.normal(1, 0.042)
    jaw = _JAW * (width, length)
    jaw[:, 0] *= 1 + taper * np.clip(jaw[:, 1] / 1.6, 0, 1)
    brow = _BROW * (rng.normal(1, 0.025), 1) + (0, rng.normal(0, 0.035))
    brow[:, 1] += rng.normal(0, 0.02) * np.array([1, 0, -1, -0.6, 0.6]) + rng.normal(0, 0.02) * np.linspace(1, -1, 5)
    nose_length, nose_width = rng.normal(1, 0.05) * length, rng.normal(1, 0.11)
    mouth = _draw_mouth(rng, nose_length)
    eyes = _draw_eyes(rng)
    points = np.zeros((68, 2))
    points[0:8], points[9:17] = jaw * (-1, 1), jaw[::-1]
    points[8] = 0, _CHIN * length
    points[17:22], points[22:27] = brow * (-1, 1), brow[::-1]
    points[27:31, 1] = np.array([0.01, 0.20, 0.39, 0.56]) * nose_length
    points[31:36, 0] = np.array([-0.19, -0.10, 0, 0.10, 0.19]) * nose_width
    points[31:36, 1] = np.array([0.68, 0.71, 0.73, 0.71, 0.68]) * nose_length
    points[36:48] = np.concatenate([_eye_points(eyes[0], -1), _eye_points(eyes[1], 1)])
    points[48:68] = mouth
    bend = rng.normal(0, 0.012, 2)  # no face is quite symmetric: the lower face leans a little, one brow sits higher
    points[:, 0] += bend[0] * np.clip(points[:, 1], 0, None)
    points[17:22, 1] += bend[1]
    return eyes, points


def _draw_eyes(rng: np.random.Generator) -> tuple[Array, Array]:
    half, up, low = rng.normal(0.195, 0.01), rng.uniform(0.062, 0.1), rng.uniform(0.036, 0.056)
    slant, gap = rng.normal(-0.03, 0.04), rng.normal(0, 0.008)
    uneven = rng.normal(1, 0.04)
    left = np.array([-0.5 - gap, 0.0, half, up, low, -slant])
    right = np.array([0.5 + gap, 0.0, half, up * uneven, low, slant])
    return left, right


def _eye_points(eye: Array, side: int) -> Array:
    """Return the six points of one eye in the order of iBUG; `side` is −1 for the eye on the image's left."""
    cx, _, half = eye[:3]
    x = cx + half * np.array([-1, -0.36, 0.36, 1, 0.36, -0.36])
    y = np.where([True, True, True, True, False, False], eyelid(eye, x, upper=True), eyelid(eye, x, upper=False))
    return np.stack([x, y], axis=1)


def _draw_mouth(rng: np.random.Generator, nose_length: float) -> Array:
    width, full, bow = rng.normal(1, 0.07), rng.uniform(0.65, 1.3), rng.uniform(0.5, 1.6)
    corner, gap, shift = rng.normal(0, 0.015), rng.uniform(0.006, 0.02), rng.normal(0, 0.03) + 0.6 * (nose_length - 1)
    line = 1.06 + shift
    upper, lower = _UPPER_LIP.copy(), _LOWER_LIP.copy()
    upper[1:, 1] = line + (upper[1:, 1] - 1.06) * full
    lower[:, 1] = line + (lower[:, 1] - 1.06) * full * rng.uniform(0.9, 1.15)
    upper[0, 1] = line + corner
    dip = (0, float(upper[2, 1]) + 0.022 * bow)
    bottom = (0, float(lower[1, 1]) + 0.012)
    inner = np.array([(0.345, line + 0.7 * corner), (0.115, line - gap), (0.115, line + gap)])
    outer = [*(upper * (-1, 1)), dip, *upper[::-1], *lower, bottom, *(lower[::-1] * (-1, 1))]
    left, right = inner * (-1, 1), inner
    ring = [left[0], left[1], (0, line - 0.8 * gap), right[1], right[0], right[2], (0, line + 1.1 * gap), left[2]]
    return np.array([*outer, *ring]) * (width, 1)
