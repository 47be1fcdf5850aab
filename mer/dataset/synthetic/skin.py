"""The colour of the skin without light: blush, mottling, pores, freckles, moles, stubble, lips."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from mer.dataset.synthetic.canvas import Canvas, edge, mix
from mer.dataset.synthetic.identity import Identity
from mer.dataset.synthetic.noise import fractal
from mer.dataset.synthetic.relief import curve

__all__ = ["paint_lips", "paint_skin"]

Array = NDArray[np.float64]


def paint_skin(identity: Identity, canvas: Canvas, rngs: list[np.random.Generator]) -> Array:
    """Return the bare skin (H, W, 3) in linear light; the second generator makes what is as fine as the sheet."""
    rng, fine = rngs
    red = 0.12 * fractal(rng, canvas.shape, 12, 3)
    for side in (-1, 1):
        canvas.blob(red, (side * 0.62, 0.5), (0.5, 0.4), 0.5)
        canvas.blob(red, (side * 1.2, 0.4), (0.25, 0.5), 0.5)
    canvas.blob(red, (float(identity.points[30, 0]), 0.56), (0.26, 0.24), 0.5)
    canvas.blob(red, (0, float(identity.points[8, 1]) - 0.15), (0.4, 0.3), 0.25)
    dark = (
        0.045 * fractal(rng, canvas.shape, 9, 4) + _pores(identity, canvas, rng, fine) + _spots(identity, canvas, rng)
    )
    dark += _stubble(identity, canvas, fine) + _eye_rings(identity, canvas)
    skin = identity.skin**2.2 * np.exp(-dark[..., None] * (0.8, 1.0, 1.15))
    return np.asarray(skin * (1 + 0.22 * np.clip(red, -0.6, 1.2)[..., None] * (0.35, -0.75, -0.55)))


def _pores(identity: Identity, canvas: Canvas, rng: np.random.Generator, fine: np.random.Generator) -> Array:
    """Return fine grain; its size belongs to the face, its sharpness to the sheet."""
    coarse = fractal(rng, canvas.shape, 110, 2, 0.8)
    grain = scipy.ndimage.gaussian_filter(fine.standard_normal(canvas.shape), 0.9) * 3.2
    return np.asarray(identity.pores * (0.035 * coarse + 0.022 * grain))


def _spots(identity: Identity, canvas: Canvas, rng: np.random.Generator) -> Array:
    spots = np.zeros(canvas.shape)
    for _ in range(identity.freckles):
        place = (float(rng.normal(0, 0.55)), float(rng.normal(0.42, 0.3)))
        size = float(rng.uniform(0.018, 0.045))
        canvas.blob(spots, place, (size, size * float(rng.uniform(0.7, 1.3))), float(rng.uniform(0.1, 0.45)))
    for _ in range(identity.moles):
        place = (float(rng.uniform(-0.9, 0.9)), float(rng.uniform(-0.7, 1.5)))
        size = float(rng.uniform(0.02, 0.045))
        canvas.blob(spots, place, (size, size), float(rng.uniform(0.7, 1.3)))
    return spots


def _stubble(identity: Identity, canvas: Canvas, rng: np.random.Generator) -> Array:
    cover = np.zeros(canvas.shape)
    if identity.stubble > 0:
        x, y = np.abs(canvas.x[None, :]), canvas.y[:, None]
        beard = edge(y - 1.12 + 0.55 * np.clip(x - 0.35, 0, None), 0.5) * edge(
            float(identity.points[8, 1]) + 0.15 - y, 0.3
        )
        moustache = edge(0.42 - x, 0.2) * edge(y - 0.79, 0.08) * edge(1.1 - y, 0.15)
        dots = 1 + 0.8 * scipy.ndimage.gaussian_filter(rng.standard_normal(canvas.shape), 0.8) * 2.8
        cover += identity.stubble * np.clip(np.maximum(beard, moustache) * dots, 0, None)
    return cover


def _eye_rings(identity: Identity, canvas: Canvas) -> Array:
    rings = np.zeros(canvas.shape)
    for eye in identity.eyes:
        side = float(np.sign(eye[0]))
        canvas.blob(rings, (eye[0] - side * 0.05, 0.06), (0.34, 0.24), 0.16 + 0.2 * identity.age)
        canvas.blob(rings, (eye[0], -0.1), (0.34, 0.16), 0.12)
    return rings


def paint_lips(identity: Identity, canvas: Canvas, skin: Array, rng: np.random.Generator) -> None:
    """Colour the lips and draw the line between them, in place."""
    p = identity.points
    left, right = float(p[48, 0]), float(p[54, 0])
    window = canvas.window(left - 0.05, right + 0.05, float(p[50, 1]) - 0.1, float(p[57, 1]) + 0.15)
    x, y = canvas.at(window)
    top, bottom = curve(p[48:55], x), curve(np.array([p[48], *p[59:54:-1], p[54]]), x)
    middle = curve(
        np.array([p[48], p[60], (p[61] + p[67]) / 2, (p[62] + p[66]) / 2, (p[63] + p[65]) / 2, p[64], p[54]]), x
    )
    ends = edge(np.minimum(x - left, right - x), 0.06)
    cover = edge(y - top, 0.05) * edge(bottom - y, 0.07) * ends
    creases = fractal(rng, (1, x.size), x.size / 5, 2)
    shade = 1 - 0.16 * edge(middle - y, 0.04) + 0.06 * creases
    view = skin[window]
    mix(view, identity.lip_colour**2.2 * shade[..., None], 0.85 * cover)
    opening = curve(np.array([p[60], *p[65:68][::-1], p[64]]), x) - curve(p[60:65], x)
    depth = np.abs(y - middle) / (0.016 + 0.6 * np.clip(opening, 0, None))
    dark = edge(1 - depth, 1.1) * edge(np.minimum(x - left, right - x) + 0.02, 0.1)
    mix(view, identity.lip_colour**2.2 * 0.1, 0.85 * dark)
