"""What a training crop goes through: moved, mirrored, bent, lit otherwise, blurred, noisy, compressed, hidden.

Warps and blurs are OpenCV's: on one crop of 112 px an affine warp costs 40 µs and a bent one 60, with kornia 790 and
370; photographs of all sizes cannot be stacked to a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mer.geometry.ibug68 import MIRROR
from mer.geometry.similarity import inverse, transformed
from mer.landmarks.crop import crop_matrix
from mer.training.draws import rotation
from mer.training.images import compressed, faceless_ground
from mer.types import Numbers

__all__ = ["Augmentation", "jittered", "pushes"]

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far training crops depart from the photographs; probabilities in [0, 1].

    Attributes
    ----------
    wide : float
        Share of crops located as badly as a detector does it; the others as well as a second pass does it.
    wide_jitter, near_jitter : sequence of float
        Standard deviations of shift (fraction of the crop's side), size (log) and roll (degrees).
    mirror, bend, hide, blur, squeeze : float
        Probability of mirroring, of a local bending of the face, of a covered part, of a blur, of JPEG.
    bend_strength : float
        Largest displacement of a bump, fraction of the crop's side.
    gamma, gain, bias : float
        Half widths: of log gamma, of log contrast, of brightness in grey levels.
    noise : float
        Largest standard deviation of the noise, grey levels.
    blur_sigma : float
        Largest σ of the blur, crop pixels.
    jpeg : sequence of int
        Lowest and highest quality.
    """

    wide: float
    wide_jitter: Sequence[float]
    near_jitter: Sequence[float]
    mirror: float
    bend: float
    bend_strength: float
    hide: float
    blur: float
    squeeze: float
    gamma: float
    gain: float
    bias: float
    noise: float
    blur_sigma: float
    jpeg: Sequence[int]

    def face(self, rng: Generator, image: Grey, xy: Array, mean: Array, side: int) -> tuple[Grey, Array]:
        """Return a crop (side, side) of a face and its points (68, 2) in pixels of the crop."""
        crop, points = self.shown(rng, image, xy, *self.placed(rng, xy, mean, side), side)
        if rng.random() < self.mirror:
            return np.ascontiguousarray(crop[:, ::-1]), (points * (-1, 1) + (side - 1, 0))[MIRROR]
        return crop, points

    def placed(self, rng: Generator, xy: Array, mean: Array, side: int) -> tuple[Array, Array]:
        """Draw where the crop is and how it is bent: matrix crop → image (2, 3), bumps (N, 5) in crop pixels."""
        jitter = self.wide_jitter if rng.random() < self.wide else self.near_jitter
        matrix = jittered(rng, crop_matrix(xy, mean, side), side, jitter)
        return matrix, self._bumps(rng, side) if rng.random() < self.bend else np.zeros((0, 5))

    def shown(
        self, rng: Generator, image: Grey, xy: Array, matrix: Array, bumps: Array, side: int
    ) -> tuple[Grey, Array]:
        """Return the crop at that place, bent and degraded as a camera would, and the points in it."""
        points = _unbent(transformed(inverse(matrix), xy), bumps)
        return self.spoilt(rng, _bent_crop(image, matrix, bumps, side)), points

    def nothing(self, rng: Generator, image: Grey, xy: Array, mean: Array, side: int) -> Grey:
        """Return a crop that shows no well-framed face: a texture, or a photograph looked at in a wrong place."""
        if rng.random() < 0.5:
            return self.spoilt(rng, faceless_ground(rng, side))
        zoom = float(np.exp(rng.choice((-1, 1)) * rng.uniform(0.7, 1.4)) if rng.random() < 0.4 else rng.uniform(0.5, 1))
        way = rng.uniform(0, 2 * np.pi)
        far = side * (rng.uniform(0.5, 1.0) if 0.5 <= zoom <= 1 else rng.uniform(0, 0.4))
        shift = far * np.array([np.cos(way), np.sin(way)])
        moved = _moved(crop_matrix(xy, mean, side), side, rotation(rng.uniform(-0.6, 0.6), zoom), shift)
        return self.spoilt(rng, _bent_crop(image, moved, np.zeros((0, 5)), side))

    def spoilt(self, rng: Generator, crop: Grey) -> Grey:
        """Return the crop as a worse camera in another light would give it."""
        if rng.random() < self.blur:
            sigma = float(rng.uniform(0.3, self.blur_sigma))
            crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), dtype=np.uint8)
        if rng.random() < self.hide:
            crop = _covered(rng, crop)
        noise = float(rng.uniform(0, self.noise)) * rng.standard_normal(crop.shape, dtype=np.float32)
        out = np.asarray(np.clip(self._light(rng)[crop] + noise, 0, 255), dtype=np.uint8)
        if rng.random() < self.squeeze:
            return compressed(out, int(rng.integers(self.jpeg[0], self.jpeg[1] + 1)))
        return out

    def _light(self, rng: Generator) -> NDArray[np.float32]:
        """Return the grey level that each of the 256 becomes in another light."""
        levels = np.linspace(0, 1, 256) ** np.exp(rng.uniform(-self.gamma, self.gamma)) * 255
        contrast = np.exp(rng.uniform(-self.gain, self.gain))
        return ((levels - 128) * contrast + 128 + rng.uniform(-self.bias, self.bias)).astype(np.float32)

    def _bumps(self, rng: Generator, side: int) -> Array:
        """Return up to four bumps: place, width, displacement (x, y, σ, dx, dy) in pixels of the crop."""
        count = int(rng.integers(1, 5))
        place = rng.uniform(0.15, 0.85, (count, 2)) * side
        width = rng.uniform(0.06, 0.2, count) * side
        return pushes(rng, place, width, rng.uniform(0, self.bend_strength, count) * width / 0.2)


def pushes(rng: Generator, place: Numbers, width: Numbers, peak: Numbers) -> Array:
    """Return bumps (N, 5), x, y, σ, dx, dy, each of which pushes by `peak` into a random direction."""
    way = rng.uniform(0, 2 * np.pi, len(place))
    return np.column_stack([place, width, peak * np.cos(way), peak * np.sin(way)])


def jittered(rng: Generator, matrix: Array, side: int, jitter: Sequence[float]) -> Array:
    """Return a crop's matrix, displaced, resized and turned about its middle by chance."""
    shift, size, roll = jitter
    zoom, angle = float(np.exp(size * rng.standard_normal())), float(np.deg2rad(roll * rng.standard_normal()))
    return _moved(matrix, side, rotation(angle, zoom), shift * side * rng.standard_normal(2))


def _moved(matrix: Array, side: int, turn: Array, shift: Array) -> Array:
    """Return the matrix of a crop that is turned about its middle, then shifted by crop pixels."""
    middle = np.full(2, (side - 1) / 2)
    place = middle + shift - turn @ middle
    return np.column_stack([matrix[:, :2] @ turn, matrix[:, :2] @ place + matrix[:, 2]])


def _bending(x: Numbers, y: Numbers, bumps: Array) -> tuple[Numbers, Numbers]:
    dx, dy = np.zeros_like(x), np.zeros_like(y)
    for px, py, width, right, down in bumps.astype(x.dtype):
        weight = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * width * width))
        dx += weight * right
        dy += weight * down
    return dx, dy


def _unbent(points: Array, bumps: Array) -> Array:
    """Return where points come to lie in the bent crop: y + bending(y) = point, by fixed-point iteration."""
    y = points
    for _ in range(8 if len(bumps) else 0):
        y = points - np.column_stack(_bending(y[:, 0], y[:, 1], bumps))
    return y


def _bent_crop(image: Grey, matrix: Array, bumps: Array, side: int) -> Grey:
    if len(bumps) == 0:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        plain = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(plain, dtype=np.uint8)
    line = np.arange(side, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    dx, dy = _bending(x, y, bumps)
    x, y = x + dx, y + dy
    (a, b, c), (d, e, f) = matrix.astype(np.float32)
    maps = a * x + b * y + c, d * x + e * y + f
    bent = cv2.remap(image, *maps, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, dtype=np.uint8)


def _covered(rng: Generator, crop: Grey) -> Grey:
    """Return the crop with a rectangle hidden behind one grey level, or behind another part of the crop."""
    out, side = crop.copy(), crop.shape[0]
    height, width = (int(v) for v in rng.uniform(0.1, 0.45, 2) * side)
    top, left = (int(rng.integers(0, side - size)) for size in (height, width))
    row, column = (int(rng.integers(0, side - size)) for size in (height, width))
    other = crop[row : row + height, column : column + width]
    out[top : top + height, left : left + width] = rng.integers(0, 256) if rng.random() < 0.5 else other
    return out
