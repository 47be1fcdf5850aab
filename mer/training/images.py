"""What both trainings do to images: turn, reduce, compress."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["compressed", "reduced", "rotation"]

Grey = NDArray[np.uint8]


def rotation(angle: float, zoom: float = 1.0) -> NDArray[np.float64]:
    """Return the matrix (2, 2) that turns by an angle in radians, x towards y, and enlarges by `zoom`."""
    return zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def reduced(image: Grey, scale: float) -> tuple[Grey, NDArray[np.float64]]:
    """Return an image `scale` times as coarse, by averaging, and its size over that of the original (x, y).

    A place p of the original lies at ``(p + 0.5) * ratio - 0.5``, with pixel centres at whole numbers.
    """
    height, width = image.shape
    size = (max(round(width / scale), 1), max(round(height / scale), 1))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return small, np.array(size) / (width, height)


def compressed(image: Grey, quality: int) -> Grey:
    """Return an image after JPEG of a quality in [0, 100], by the codec itself; kornia approximates it."""
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
