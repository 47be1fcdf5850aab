"""From light to bytes: flicker, sensor noise, rounding, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.settings import Settings
from mer.types import Image

__all__ = ["expose"]


def expose(settings: Settings, planes: NDArray[np.float64], rng: np.random.Generator) -> Image:
    """Return what the camera delivers of a picture in grey levels.

    Parameters
    ----------
    settings : Settings
    planes : ndarray of float64, shape (1, H, W) or (3, H, W)
        Grey levels 0–255 without noise; three planes are B, G, R.
    rng : Generator
        The frame's own.

    Returns
    -------
    ndarray of uint8, shape (H, W) or (H, W, 3)
    """
    gain = 1 + settings.flicker * float(rng.normal())
    noisy = planes * gain + settings.noise * rng.standard_normal(planes.shape)
    levels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    image = np.ascontiguousarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0))
    if settings.jpeg is None:
        return image
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, settings.jpeg])
    flag = cv2.IMREAD_GRAYSCALE if image.ndim == 2 else cv2.IMREAD_COLOR
    return np.asarray(cv2.imdecode(coded, flag))
