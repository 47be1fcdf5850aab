"""The 68 facial points in the iBUG order: which is the mirror image of which, and how far the eyes lie apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mer.types import Numbers

__all__ = ["MIRROR", "eye_axis", "eye_distance"]

_PAIRS = (
    *((i, 16 - i) for i in range(8)),  # jaw
    *((17 + i, 26 - i) for i in range(5)),  # brows
    *((31 + i, 35 - i) for i in range(2)),  # nostrils
    *((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),  # eyes
    *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58)),  # outer lips
    *((60, 64), (61, 63), (65, 67)),  # inner lips
)


def _mirror() -> NDArray[np.int64]:
    partner = np.arange(68)
    for a, b in _PAIRS:
        partner[a], partner[b] = b, a
    partner.flags.writeable = False
    return partner


MIRROR = _mirror()
"""For each of the 68 points, its partner on the other side of the face; itself on the midline. Shape (68,)."""


def eye_distance(xy: Numbers) -> Numbers:
    """Return the distance of the outer eye corners, shape (...) for points of shape (..., 68, 2)."""
    return np.asarray(np.linalg.norm(xy[..., 36, :] - xy[..., 45, :], axis=-1))


def eye_axis(xy: Numbers) -> Numbers:
    """Return the vector from the middle of the eye on the image's left to that of the other, for points (68, 2)."""
    return np.asarray(xy[42:48].mean(axis=0) - xy[36:42].mean(axis=0))
