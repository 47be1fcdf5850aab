"""Images that both trainings make up or change: textures to be moved, pictures of no face, and what reduces one.

The noise of textures and of pictures differs on purpose: flow needs structure of a few pixels at any size, a picture of
no face structure of every size, in proportion to it. The benches measure on exactly these draws.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mer.training.draws import log_uniform

__all__ = ["compressed", "faceless_ground", "faceless_picture", "reduced", "texture"]

Grey = NDArray[np.uint8]


def texture(rng: Generator, size: int) -> NDArray[np.float32]:
    """Return a made-up texture (size, size), grey levels 10-245: blurred noise of several widths, sometimes patches."""
    image = np.zeros((size, size), np.float32)
    for width in log_uniform(rng, (0.8, 12), 3):
        layer = cv2.GaussianBlur(rng.standard_normal((size, size), dtype=np.float32), (0, 0), float(width))
        image += layer / layer.std() * np.float32(rng.uniform(0.1, 1))
    if rng.random() < 0.3:
        image = np.sign(image) * np.sqrt(np.abs(image))
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.8), dtype=np.float32)
    middle, contrast = rng.uniform(80, 180), rng.uniform(30, 230)
    return np.asarray(np.clip(middle + contrast * (_stretched(image) - 0.5), 0, 255), dtype=np.float32)


def faceless_ground(rng: Generator, side: int) -> Grey:
    """Return a part of a picture of no face, shown anywhere from ten times larger to four times smaller."""
    size = int(log_uniform(rng, (side / 10, side * 4)))
    whole = faceless_picture(rng, max(size, 2 * side), max(size, 2 * side))
    top, left = (int(rng.integers(0, len(whole) - size + 1)) for _ in range(2))
    part = whole[top : top + size, left : left + size]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def faceless_picture(rng: Generator, height: int, width: int) -> Grey:
    """Return a picture of no face: noise of many scales, stripes, a ramp with discs, or writing."""
    kind = rng.integers(0, 4)
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    if kind == 0:
        values: NDArray[np.number] | int = sum(
            (rng.uniform(0.3, 1) ** level)
            * cv2.resize(_noise(rng, 2**level), (width, height), interpolation=cv2.INTER_CUBIC)
            for level in range(1, 8)
        )
    elif kind == 1:
        way, period = rng.uniform(0, np.pi), rng.uniform(2, 30)
        values = np.sin(2 * np.pi * period * (x * np.cos(way) + y * np.sin(way)) + rng.uniform(0, 6))
        values = np.sign(values) if rng.random() < 0.5 else values * np.sin(2 * np.pi * period * y)
    else:
        ramp = x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)
        values = _drawn(rng, np.asarray(128 + 60 * ramp, dtype=np.uint8), writing=bool(kind == 3))
    low, high = sorted(rng.uniform(0, 255, 2))
    return np.asarray(low + _stretched(np.asarray(values, dtype=np.float32)) * (high - low), dtype=np.uint8)


def _noise(rng: Generator, cells: int) -> NDArray[np.float32]:
    return rng.standard_normal((cells + 1, cells + 1), dtype=np.float32)


def _drawn(rng: Generator, image: Grey, *, writing: bool) -> Grey:
    height, width = image.shape
    for _ in range(int(rng.integers(2, 12))):
        place = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        level = int(rng.integers(0, 256))
        if writing:
            text = "".join(chr(c) for c in rng.integers(33, 120, int(rng.integers(2, 9))))
            cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.3, 2)), level, 2)
        else:
            axes = tuple(int(v) for v in rng.uniform(0.02, 0.4, 2) * max(height, width))
            cv2.ellipse(image, place, axes, float(rng.uniform(0, 180)), 0, 360, level, -1)
    return image


def _stretched(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values brought to [0, 1]."""
    return np.asarray((values - values.min()) / max(float(np.ptp(values)), 1e-6))


def reduced(image: Grey, scale: float) -> tuple[Grey, NDArray[np.float64]]:
    """Return an image `scale` times as coarse, by averaging, and its size over that of the original (x, y).

    A position p of the original is at ``(p + 0.5) * ratio - 0.5``, with pixel centres at whole numbers.
    """
    height, width = image.shape
    size = (max(round(width / scale), 1), max(round(height / scale), 1))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return small, np.array(size) / (width, height)


def compressed(image: Grey, quality: int) -> Grey:
    """Return an image after JPEG of a quality in [0, 100], by the codec itself; kornia approximates it."""
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
