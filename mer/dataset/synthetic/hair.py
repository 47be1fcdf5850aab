"""What surrounds the face: wall, clothes, neck, ears and hair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.canvas import Canvas, edge, mix
from mer.dataset.synthetic.identity import Identity
from mer.dataset.synthetic.noise import fractal, strands
from mer.dataset.synthetic.relief import light_on

__all__ = ["paint_behind", "paint_hair"]

Array = NDArray[np.float64]


def paint_behind(identity: Identity, canvas: Canvas, skin: Array, rng: np.random.Generator) -> Array:
    """Return wall, long hair, shoulders, neck and ears (H, W, 3) in linear light."""
    x, y = canvas.x[None, :], canvas.y[:, None]
    wall = 1 + 0.10 * identity.light[0] * x - 0.06 * y + 0.02 * fractal(rng, canvas.shape, 4, 3)
    picture = identity.wall**2.2 * wall[..., None]
    if identity.hair[2]:
        _long_hair(identity, canvas, picture, rng)
    _neck(identity, canvas, picture, skin)
    _shoulders(identity, canvas, picture, rng)
    _ears(identity, canvas, picture, skin)
    return picture


def _long_hair(identity: Identity, canvas: Canvas, picture: Array, rng: np.random.Generator) -> None:
    x, y = canvas.x[None, :], canvas.y[:, None]
    half = identity.skull[0] + identity.hair[0] * 0.9
    side = edge(half + 0.12 * np.clip(y, 0, 1.6) - np.abs(x), 0.12) * edge(y + 0.4, 0.3)
    sway = 0.15 * identity.hair[1] * fractal(rng, canvas.shape, 5, 2)
    streaks = strands(rng, x + 0.1 * y * np.sign(x) + sway, 26, 3)
    tone = np.clip(0.55 + 0.22 * streaks + 0.25 * identity.light[0] * x, 0.12, None)
    mix(picture, identity.hair_colour**2.2 * tone[..., None], side)


def _neck(identity: Identity, canvas: Canvas, picture: Array, skin: Array) -> None:
    x, y = canvas.x[None, :], canvas.y[:, None]
    chin, half = float(identity.points[8, 1]), 0.66 * float(identity.points[12, 0])
    width = half + 0.25 * np.clip(y - chin - 0.15, 0, None) ** 2
    z = 0.7 * np.sqrt(np.clip(1.05 - (x / width) ** 2, 0.03, None))
    diffuse, _ = light_on(identity, canvas, z)
    shadow = 0.38 + 0.55 * edge(y - chin - 0.32 - 0.2 * np.abs(x), 0.6)
    mix(picture, skin * (diffuse * shadow)[..., None], edge(width - np.abs(x), 0.05) * edge(y - 0.8, 0.1))


def _shoulders(identity: Identity, canvas: Canvas, picture: Array, rng: np.random.Generator) -> None:
    x, y = np.abs(canvas.x[None, :]), canvas.y[:, None]
    chin, throat = float(identity.points[8, 1]), 0.62 * float(identity.points[12, 0])
    collar = chin + 0.24 + np.where(x < throat, 0.2 * (1 - (x / throat) ** 2), 0.4 * (x - throat))
    weave = 1 + 0.06 * fractal(rng, canvas.shape, 40, 3) + 0.12 * identity.light[0] * canvas.x[None, :] - 0.1 * x
    weave -= 0.25 * edge(0.03 - np.abs(y - collar - 0.1), 0.03) * edge(throat + 0.1 - x, 0.1)
    mix(picture, identity.cloth**2.2 * np.clip(weave, 0.2, None)[..., None], edge(y - collar, 0.03))


def _ears(identity: Identity, canvas: Canvas, picture: Array, skin: Array) -> None:
    for k, side in ((1, -1.0), (15, 1.0)):
        cx, cy = float(identity.points[k, 0]) + side * 0.05, 0.2
        window = canvas.window(cx - 0.25, cx + 0.25, cy - 0.5, cy + 0.5)
        x, y = canvas.at(window)
        u, v = (x - cx + side * 0.08 * (y - cy)) / 0.15, (y - cy) / 0.36
        reach = np.hypot(u, v)
        lit = 0.6 + 0.3 * side * identity.light[0]
        inner = 1 - 0.5 * edge(0.3 - np.abs(reach - 0.62), 0.4) * edge(side * u + 0.35, 0.5)
        mix(picture[window], skin[window] * (lit * inner)[..., None] * (1.0, 0.9, 0.88), edge(1 - reach, 0.15))


def paint_hair(identity: Identity, canvas: Canvas, picture: Array, share: Array, rng: np.random.Generator) -> None:
    """Lay the hair over the skull down to the hair line, in place."""
    x, y = canvas.x[None, :], canvas.y[:, None]
    combed, streaks, rough = _locks(identity, canvas, rng)
    line, peak, _, roundness = identity.hairline
    across = np.clip(np.abs(x) / (identity.skull[0] - 0.16), 0, 1.4)
    front = -line + line * 0.9 * across**roundness + peak * np.clip(1 - (x / 0.3) ** 2, 0, None) ** 2
    front = front + 0.025 * streaks + 0.03 * rough
    volume = identity.hair[0] * edge(0.6 - y, 1.2)
    crown = edge(1 + volume + 0.012 * streaks - share, 0.05) * edge((0.9 if identity.hair[2] else 0.32) - y, 0.25)
    cover = crown * edge(front - y, 0.1)
    height = y + line + 0.3 - 0.3 * x * x + 0.2 * identity.light[0] * x + 0.05 * streaks
    gloss = np.clip(1 - (height / 0.35) ** 2, 0, None) ** 2 * np.clip(0.5 + 0.5 * combed, 0, None)
    gloss *= 1 - 0.7 * identity.hair[1]
    round_off = np.clip(1.25 - 0.55 * np.clip(share, 0, 1.3) ** 3 + 0.3 * identity.light[0] * x, 0.25, None)
    tone = round_off * np.clip(0.62 + 0.27 * streaks + 0.3 * gloss, 0.12, None)
    shadow = crown * edge(front + 0.1 - y, 0.3)
    picture *= 1 - 0.3 * (shadow * (1 - cover))[..., None]
    mix(picture, identity.hair_colour**2.2 * tone[..., None] + 0.006 * gloss[..., None], cover)


def _locks(identity: Identity, canvas: Canvas, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return strands combed away from the parting, the same mixed with curls, and the roughness of the hair line."""
    rough, curls = fractal(rng, canvas.shape, 34, 2), 1.2 * fractal(rng, canvas.shape, 60, 3, 0.9)
    x, y = canvas.x[None, :] - 0.6 * identity.hairline[2], canvas.y[:, None] + identity.skull[1] + 0.3
    combed = strands(rng, np.arctan2(x, y) + 0.012 * rough, 34, 3)
    return combed, combed + identity.hair[1] * (curls - combed), rough
