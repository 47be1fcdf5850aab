"""The head's outline and depth, and the light on it."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from mer.dataset.synthetic.canvas import Canvas, edge
from mer.dataset.synthetic.identity import Identity

__all__ = ["curve", "depth_of", "head_distance", "light_on"]

Array = NDArray[np.float64]
_CENTRE = (0.0, 0.15)  # seen from here, every point of the outline is in a different direction


def curve(points: Array, x: Array) -> Array:
    """Return the smooth curve y(x) through points sorted by x, level beyond its ends."""
    inside = np.clip(x, points[0, 0], points[-1, 0])
    return np.asarray(scipy.interpolate.Akima1DInterpolator(points[:, 0], points[:, 1])(inside))


def head_distance(identity: Identity, canvas: Canvas) -> tuple[Array, Array]:
    """Return (radius / radius of the outline, signed distance inside the outline) on the sheet."""
    half, top = identity.skull
    arc = np.deg2rad([24, 48, 70, 90, 110, 132, 156])
    x_arc = half * np.sign(np.cos(arc)) * np.abs(np.cos(arc)) ** 0.85
    y_arc = -0.1 - (top - 0.1) * np.sin(arc) ** 0.9
    jaw = identity.points[16::-1]
    outline = np.concatenate([jaw, np.stack([x_arc[::-1], y_arc[::-1]], axis=1)]) - _CENTRE
    angle = np.unwrap(np.arctan2(outline[:, 1], outline[:, 0]))
    order = np.argsort(angle)
    angle, radius = angle[order], np.hypot(outline[:, 0], outline[:, 1])[order]
    spline = scipy.interpolate.CubicSpline([*angle, angle[0] + 2 * np.pi], [*radius, radius[0]], bc_type="periodic")
    x, y = canvas.x[None, :] - _CENTRE[0], canvas.y[:, None] - _CENTRE[1]
    reach = np.hypot(x, y)
    fine = np.linspace(-np.pi, np.pi, 2049)
    rim = np.interp(np.arctan2(y, x), fine, spline(fine))
    return reach / rim, rim - reach


def depth_of(identity: Identity, canvas: Canvas, share: Array) -> Array:
    """Return the height of the face towards the camera in face units."""
    z = 0.95 * np.sqrt(np.clip(1.07 - share**2.5, 0.02, None))
    _sockets(identity, canvas, z)
    _nose(identity, canvas, z)
    _cheeks_and_chin(identity, canvas, z)
    _lips(identity, canvas, z)
    _folds(identity, canvas, z)
    return z


def _sockets(identity: Identity, canvas: Canvas, z: Array) -> None:
    for eye, brow in zip(identity.eyes, (19, 24), strict=True):
        side = float(np.sign(eye[0]))
        canvas.blob(z, (eye[0] - side * 0.03, -0.03), (0.42, 0.33), -0.13)
        canvas.blob(z, (eye[0] - side * 0.27, 0.02), (0.2, 0.3), -0.07)
        canvas.blob(z, (eye[0], 0.015), (0.27, 0.22), 0.075)
        x, y = identity.points[brow]
        canvas.blob(z, (x - side * 0.05, y + 0.02), (0.55, 0.2), 0.05)
        canvas.blob(z, (eye[0], 0.22), (0.3, 0.09), -0.006 - 0.012 * identity.age)


def _nose(identity: Identity, canvas: Canvas, z: Array) -> None:
    half, bridge, tip = identity.nose
    base, top = float(identity.points[33, 1]), float(identity.points[27, 1]) - 0.12
    window = canvas.window(-0.7, 0.7, top, base + 0.2)
    x, y = canvas.at(window)
    along = np.clip((y - top) / (base - 0.12 - top), 0, 1)
    u = (x - float(identity.points[30, 0]) * along) / (half * (1.5 + 0.9 * along**2))
    under = edge(base - 0.06 - 0.05 * u * u - y, 0.26)
    z[window] += 0.27 * bridge * along**1.2 * under * np.clip(1 - u * u, 0, None) ** 3
    cx, cy = float(identity.points[30, 0]), float(identity.points[30, 1])
    canvas.blob(z, (cx, cy + 0.035), (0.2 * tip, 0.19), 0.085)
    for k in (31, 35):
        px, py = identity.points[k]
        canvas.blob(z, (px * 0.92, py - 0.055), (0.15, 0.15), 0.095)


def _cheeks_and_chin(identity: Identity, canvas: Canvas, z: Array) -> None:
    for side in (-1, 1):
        canvas.blob(z, (side * 0.72, 0.42), (0.5, 0.4), 0.06)
        canvas.blob(z, (side * 0.66, 1.02), (0.42, 0.5), -0.04)
        canvas.blob(z, (side * 1.0, -0.45), (0.3, 0.5), -0.05)
        canvas.blob(z, (side * 0.4, -0.75), (0.6, 0.45), 0.035)
    chin = float(identity.points[8, 1])
    canvas.blob(z, (0, chin - 0.2), (0.4, 0.28), 0.09)
    canvas.blob(z, (0, chin - 0.43), (0.42, 0.15), -0.04)


def _lips(identity: Identity, canvas: Canvas, z: Array) -> None:
    p = identity.points
    line, half = float(p[62, 1] + p[66, 1]) / 2, float(p[54, 0] - p[48, 0]) / 2
    canvas.blob(z, (0, line), (0.75, 0.5), 0.08)
    canvas.blob(z, (0, (line + float(p[51, 1])) / 2), (half * 0.95, 0.11), 0.05)
    canvas.blob(z, (0, (line + float(p[57, 1])) / 2), (half * 0.8, 0.12), 0.065)
    canvas.blob(z, (0, line), (half, 0.035), -0.03)
    canvas.blob(z, (0, float(p[33, 1] + p[51, 1]) / 2), (0.09, 0.15), -0.014)
    for k in (48, 54):
        canvas.blob(z, (float(p[k, 0]) * 1.08, float(p[k, 1])), (0.12, 0.12), -0.035)


def _folds(identity: Identity, canvas: Canvas, z: Array) -> None:
    """Dig the nasolabial folds, from the wing of the nose around the corner of the mouth."""
    for nose, corner, side in ((31, 48, -1.0), (35, 54, 1.0)):
        start, end = identity.points[nose] + (side * 0.09, -0.06), identity.points[corner] + (side * 0.13, 0.02)
        rows = canvas.window(0, 0, start[1] - 0.05, end[1] + 0.15)[0]
        x, y = canvas.at((rows, slice(0, len(canvas.x))))
        t = np.clip((y - start[1]) / (end[1] - start[1]), 0, 1.1)
        spine = start[0] + (end[0] - start[0]) * (t + 0.35 * t * (1 - t))
        fade = np.clip(3.3 * t * (1.1 - t), 0, 1) ** 2
        across = side * (x - spine)
        groove = np.clip(1 - (across / 0.09) ** 2, 0, None) ** 2
        pad = np.clip(1 - ((across - 0.14) / 0.2) ** 2, 0, None) ** 2
        z[rows] += fade * (0.02 + 0.03 * identity.age) * (0.8 * pad - 0.5 * groove)


def light_on(identity: Identity, canvas: Canvas, z: Array) -> tuple[Array, Array]:
    """Return (diffuse light, gloss) on a relief: a soft key light, a sky and a dim fill from the other side."""
    dy, dx = np.gradient(z, canvas.step)
    norm = 1 / np.sqrt(1 + dx * dx + dy * dy)
    lx, ly, lz = identity.light
    key = (-dx * lx - dy * ly + lz) * norm
    soft = np.clip((key + 0.25) / 1.25, 0, None) ** 1.3
    fill = np.clip((dx * lx * 0.7 - dy * ly * 0.3 + 0.75) * norm, 0, None)
    sky = 0.5 + 0.5 * (dy + 0.7) * norm / 1.22
    diffuse = 0.95 * (1 - identity.ambient) * soft + identity.ambient * (0.45 * fill + 0.6 * sky)
    half = np.array([lx, ly, lz + 1])
    half /= np.sqrt((half**2).sum())
    gloss = np.clip((-dx * half[0] - dy * half[1] + half[2]) * norm, 0, 1)
    gloss = gloss**2
    gloss = gloss**2
    gloss = gloss**2
    return diffuse, identity.shine * gloss**3
