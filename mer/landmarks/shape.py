"""The shape of 68 points: its mirror image and its size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SWAP", "eye_distance"]

_PAIRS = [(i, 16 - i) for i in range(8)] + [(17 + i, 26 - i) for i in range(5)]
_PAIRS += [(31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
_PAIRS += [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)]


def _swapped() -> NDArray[np.int64]:
    order = np.arange(68)
    for left, right in _PAIRS:
        order[left], order[right] = right, left
    return order


# Point i of a mirrored face is point SWAP[i] of the face.
SWAP = _swapped()


def eye_distance(xy: NDArray[Any]) -> NDArray[Any]:
    """Return the distance of the outer eye corners, shape (...) for points of shape (..., 68, 2)."""
    return np.asarray(np.linalg.norm(xy[..., 36, :] - xy[..., 45, :], axis=-1))
