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
    chin, half = float(identity.points[8, 1]), 0.74 * float(identity.points[12, 0])
    width = half + 0.25 * np.clip(y - chin - 0.15, 0, None) ** 2
    z = 0.7 * np.sqrt(np.clip(1.05 - (x / width) ** 2, 0.03, None))
    diffuse, _ = light_on(identity, canvas, z)
    shadow = 0.38 + 0.55 * edge(y - chin - 0.32 - 0.2 * np.abs(x), 0.6)
    mix(picture, skin * (diffuse * shadow)[..., None], edge(width - np.abs(x), 0.05) * edge(y - 0.8, 0.1))


def _shoulders(identity: Identity, canvas: Canvas, picture: Array, rng: np.random.Generator) -> None:
    x, y = np.abs(canvas.x[None, :]), canvas.y[:, None]
    chin = float(identity.points[8, 1])
    collar = (
        chin + 0.42 - 0.55 * np.clip(x - 0.5, 0, None) ** 0.5 * edge(1.0 - x, 0.9) + 0.16 * np.clip(x - 0.6, 0, None)
    )
    weave = 1 + 0.06 * fractal(rng, canvas.shape, 40, 3) + 0.12 * identity.light[0] * canvas.x[None, :] - 0.1 * x
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
    line, peak, parting = identity.hairline
    volume, curl, _ = identity.hair
    rough = fractal(rng, canvas.shape, 30, 3)
    sway = 0.05 * rough + curl * 0.16 * fractal(rng, canvas.shape, 9, 3)
    px, py = parting * 0.6, -identity.skull[1] - 0.05
    angle = np.arctan2(x - px, (y - py) + 0.25)
    streaks = strands(rng, angle + sway, 30, 3)
    temple = identity.skull[0] - 0.16
    across = np.clip(np.abs(x) / temple, 0, 1.4)
    front = -line + line * 0.9 * across**4 + peak * np.clip(1 - (x / 0.3) ** 2, 0, None) ** 2
    front = front + 0.02 * streaks + 0.025 * rough
    sideburn = edge(0.32 - y, 0.25)
    crown = edge(1 + volume * edge(0.6 - y, 1.2) + 0.012 * streaks - share, 0.05) * sideburn
    cover = crown * edge(front - y, 0.1)
    gloss = np.clip(1 - ((y + line + 0.32 - 0.25 * x * x + 0.15 * identity.light[0] * x) / 0.3) ** 2, 0, None)
    round_off = np.clip(1.25 - 0.55 * np.clip(share, 0, 1.3) ** 3 + 0.3 * identity.light[0] * x, 0.25, None)
    tone = round_off * np.clip(0.62 + 0.25 * streaks + 0.4 * gloss, 0.12, None)
    shadow = crown * edge(front + 0.1 - y, 0.3)
    picture *= 1 - 0.3 * (shadow * (1 - cover))[..., None]
    mix(picture, identity.hair_colour**2.2 * tone[..., None] + 0.015 * gloss[..., None], cover)
