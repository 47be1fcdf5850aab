"""Paints a subject's face once: the picture at rest that every frame is a warp of."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock

import numpy as np
import scipy
from numpy.typing import NDArray

from mer.dataset.synthetic.canvas import OVERSAMPLING, Canvas, edge, mix
from mer.dataset.synthetic.features import paint_brows, paint_eyes, paint_nostrils
from mer.dataset.synthetic.hair import paint_behind, paint_hair
from mer.dataset.synthetic.identity import draw_identity
from mer.dataset.synthetic.noise import PIGMENT, stream
from mer.dataset.synthetic.relief import depth_of, head_distance, light_on
from mer.dataset.synthetic.skin import paint_lips, paint_skin

__all__ = ["coefficients", "paint_face"]

Array = NDArray[np.float64]
_LUMA = (0.299, 0.587, 0.114)
_painting = Lock()


def coefficients(seed: int, subject: int, size: int, colour: bool) -> Array:
    """Return the cubic spline coefficients of the painted face, planes first: (1, H, W) grey or (3, H, W) BGR.

    The one thing kept between calls, a few subjects long: pure, so that it changes the time and nothing else.
    """
    with _painting:  # a second thread that needs the same face waits for it instead of painting it again
        return _coefficients(seed, subject, size, colour)


@lru_cache(maxsize=3)
def _coefficients(seed: int, subject: int, size: int, colour: bool) -> Array:
    picture = paint_face(seed, subject, Canvas.of_size(size))
    planes = picture[..., ::-1].transpose(2, 0, 1) if colour else (picture @ _LUMA)[None]
    soft = [scipy.ndimage.gaussian_filter(plane, 0.5 * OVERSAMPLING, mode="nearest") for plane in planes]
    result = np.stack([scipy.ndimage.spline_filter(plane, 3, mode="mirror") for plane in soft])
    result.flags.writeable = False
    return result


def paint_face(seed: int, subject: int, canvas: Canvas) -> Array:
    """Return the face at rest, (H, W, 3) RGB in grey levels 0–255; a person looks the same on every sheet."""
    identity = draw_identity(seed, subject)
    parts = [stream(seed, PIGMENT, subject, part) for part in range(6)]
    share, inside = head_distance(identity, canvas)
    skin = paint_skin(identity, canvas, parts[:2])
    picture = paint_behind(identity, canvas, skin, parts[2])
    paint_lips(identity, canvas, skin, parts[3])
    diffuse, gloss = light_on(identity, canvas, depth_of(identity, canvas, share))
    face = skin * diffuse[..., None] + gloss[..., None]
    paint_nostrils(identity, canvas, face)
    paint_eyes(identity, canvas, face, parts[4])
    paint_brows(identity, canvas, face, parts[4])
    mix(picture, face, edge(inside, 0.035))
    paint_hair(identity, canvas, picture, share, parts[5])
    return np.asarray(255 * np.clip(picture, 0, 1) ** (1 / 2.2))
