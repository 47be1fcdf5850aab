"""Eyes, brows and nostrils, painted over the lit skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.canvas import Canvas, edge, mix
from mer.dataset.synthetic.identity import Identity
from mer.dataset.synthetic.noise import strands
from mer.dataset.synthetic.proportions import eyelid
from mer.dataset.synthetic.relief import curve

__all__ = ["paint_brows", "paint_eyes", "paint_nostrils"]

Array = NDArray[np.float64]


def paint_eyes(identity: Identity, canvas: Canvas, picture: Array, rng: np.random.Generator) -> None:
    """Paint both eyes with lids and lashes over a lit picture (H, W, 3), in place."""
    for eye in identity.eyes:
        cx, _, half, up, low, _ = eye
        window = canvas.window(cx - half - 0.12, cx + half + 0.12, -up - 0.16, low + 0.14)
        x, y = canvas.at(window)
        top, bottom = eyelid(eye, x, upper=True), eyelid(eye, x, upper=False)
        light = picture[window].mean(axis=(0, 1))
        view = picture[window]
        ball = _eyeball(identity, eye, (x, y), rng) * (0.35 + 0.65 * light.mean() / 0.35)
        shade = 0.35 + 0.65 * edge(y - top - 0.035, 0.075)
        mix(view, ball * shade[..., None], edge(y - top, 0.02) * edge(bottom - y, 0.02))
        _lids(identity, eye, (x, y), view)
        _catch_light(identity, eye, (x, y), view)


def _eyeball(identity: Identity, eye: Array, at: tuple[Array, Array], rng: np.random.Generator) -> Array:
    """Return sclera, iris and pupil in linear light."""
    x, y = at
    gaze = (eye[0], 0.5 * float(eye[4] - eye[3]) - 0.002)
    dx, dy = x - gaze[0], y - gaze[1]
    reach = np.hypot(dx, dy)
    white = np.array([0.62, 0.56, 0.53]) * (1 - 0.35 * np.clip(np.abs(x - eye[0]) / eye[2], 0, 1)[..., None] ** 2)
    ball = np.broadcast_to(white, (*reach.shape, 3)).copy()
    side = float(np.sign(eye[0]))
    corner = edge(0.035 - np.hypot(x - eye[0] + side * eye[2], y - 0.5 * eye[4]), 0.05)
    mix(ball, np.array([0.5, 0.22, 0.2]), 0.8 * corner)
    rays = strands(rng, np.arctan2(dy, dx), 12, 2)
    glow = 0.75 + 0.5 * np.clip(reach / identity.iris, 0, 1) + 0.18 * rays
    iris = identity.iris_colour**2.2 * np.clip(glow, 0.3, None)[..., None]
    mix(ball, iris, edge(identity.iris - reach, 0.02))
    mix(ball, np.array(0.015), 0.75 * edge(0.014 - np.abs(reach - identity.iris + 0.006), 0.02))
    mix(ball, np.array(0.008), edge(0.4 * identity.iris - reach, 0.015))
    return ball


def _lids(identity: Identity, eye: Array, at: tuple[Array, Array], view: Array) -> None:
    x, y = at
    top, bottom = eyelid(eye, x, upper=True), eyelid(eye, x, upper=False)
    u = (x - eye[0]) / eye[2]
    within = edge(1.06 - np.abs(u), 0.25)
    outer = 0.5 + 0.5 * u * np.sign(eye[0])
    lash = identity.hair_colour**2.2 * 0.25
    mix(view, lash, within * (0.75 + 0.2 * outer) * edge(0.010 + 0.012 * outer - np.abs(y - top + 0.006), 0.022))
    mix(view, lash, 0.45 * within * outer * edge(0.006 - np.abs(y - bottom - 0.004), 0.018))
    mix(
        view,
        np.array([0.42, 0.26, 0.23]) * view.mean() * 3,
        0.35 * within * edge(0.007 - np.abs(y - bottom + 0.008), 0.014),
    )
    fold = eyelid(eye * (1, 1, 1.12, 1, 1, 1) + (0, -identity.crease, 0, 0.02, 0, 0), x, upper=True)
    crease = edge(0.008 - np.abs(y - fold), 0.03) * edge(1.0 - np.abs(u), 0.5)
    view *= 1 - 0.42 * crease[..., None]
    bag = eyelid(eye + np.array([0, 0.055, 0, 0, 0.03, 0]), x, upper=False)
    view *= (
        1 - (0.06 + 0.2 * identity.age) * (edge(0.008 - np.abs(y - bag), 0.035) * edge(0.9 - np.abs(u), 0.5))[..., None]
    )


def _catch_light(identity: Identity, eye: Array, at: tuple[Array, Array], view: Array) -> None:
    x, y = at
    place = eye[0] + 0.05 * identity.light[0], 0.5 * (eye[4] - eye[3]) - 0.03
    spot = edge(0.014 - np.hypot(x - place[0], (y - place[1]) * 0.9), 0.014)
    mix(view, np.array(0.85), 0.85 * spot)


def paint_brows(identity: Identity, canvas: Canvas, picture: Array, rng: np.random.Generator) -> None:
    """Draw both eyebrows as strokes that lie flatter towards the temple, in place."""
    thick, strength, ragged = identity.brow
    for rows, side in ((slice(17, 22), -1.0), (slice(22, 27), 1.0)):
        p = identity.points[rows]
        window = canvas.window(p[0, 0] - 0.1, p[-1, 0] + 0.1, p[:, 1].min() - 0.16, p[:, 1].max() + 0.16)
        x, y = canvas.at(window)
        spine = curve(p, x)
        along = np.clip((x - p[0, 0]) / (p[-1, 0] - p[0, 0]), 0, 1)
        along = 1 - along if side < 0 else along
        breadth = thick * (0.7 + 0.55 * along * (1 - along) * 2) * (1.05 - 0.75 * along**2)
        hairs = strands(rng, (x * side * (1.0 - 0.3 * along) + (y - spine) * (1.1 + 1.6 * along)), 55, 2)
        inside = breadth - np.abs(y - spine - 0.01) + 0.012 * ragged * hairs
        ends = edge(np.minimum(x - p[0, 0], p[-1, 0] - x) + 0.02, 0.12)
        cover = edge(inside, 0.06) * ends * np.clip(strength + 0.28 * hairs, 0, 1)
        mix(picture[window], identity.hair_colour**2.2 * 0.45, cover)


def paint_nostrils(identity: Identity, canvas: Canvas, picture: Array) -> None:
    """Darken the nostrils and the shadow beneath the nose, in place."""
    p = identity.points
    dark = np.zeros(canvas.shape)
    for k, side in ((32, -1.0), (34, 1.0)):
        canvas.blob(dark, (float(p[k, 0]) + side * 0.012, float(p[k, 1]) - 0.02), (0.065, 0.036), 1.1)
    for k, side in ((31, -1.0), (35, 1.0)):
        canvas.blob(dark, (float(p[k, 0]) + side * 0.03, float(p[k, 1]) - 0.05), (0.05, 0.12), 0.3)
    canvas.blob(dark, (float(p[33, 0]), float(p[33, 1]) + 0.05), (0.26, 0.1), 0.12)
    picture *= np.exp(-dark)[..., None] ** (0.75, 1.0, 1.0)
