"""Where the flow is looked at to find the head's motion: rows and columns of the field."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.geometry.ibug68 import eye_axis
from mer.types import Landmarks

__all__ = ["Places", "checked_points", "face_mask", "grid", "patches", "require_pixels"]

Places = NDArray[np.intp]


def checked_points(points: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of landmarks as a tuple; raise a `ConfigError` for those that do not exist."""
    known = bool(points) and all(isinstance(i, int) and 0 <= i < 68 for i in points)
    if not known:
        raise ConfigError(f"motion.points={list(points)}: must be one or more landmarks of 0 to 67")
    return tuple(points)


def face_mask(landmarks: Landmarks, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return True inside the convex hull of the landmarks."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(landmarks.xy).astype(np.int32)), 1)
    return mask.astype(bool)


def grid(landmarks: Landmarks | None, count: int, shape: tuple[int, int]) -> tuple[Places, Places]:
    """Return rows and columns of a regular grid over the face, or over the field without landmarks."""
    step = max(1, round(max(shape) / count))
    inside = np.ones(shape, bool) if landmarks is None else face_mask(landmarks, shape)
    rows, columns = np.nonzero(inside[step // 2 :: step, step // 2 :: step])
    require_pixels(len(rows), shape)
    return rows * step + step // 2, columns * step + step // 2


def patches(landmarks: Landmarks, points: Sequence[int], patch: float, shape: tuple[int, int]) -> tuple[Places, Places]:
    """Return rows and columns of all pixels in the squares round `points`; `patch` counts in eye distances."""
    eyes = eye_axis(landmarks.xy)
    radius = max(round(patch * float(np.hypot(*eyes))), 1)
    inside = np.zeros(shape, bool)
    for column, row in np.rint(landmarks.xy[list(points)]).astype(int):
        inside[
            max(row - radius, 0) : max(row + radius + 1, 0), max(column - radius, 0) : max(column + radius + 1, 0)
        ] = True
    rows, columns = np.nonzero(inside)
    require_pixels(len(rows), shape)
    return rows, columns


def require_pixels(count: int, shape: tuple[int, int]) -> None:
    """Raise a `DataError` where the face covers less than two pixels of a flow (H, W)."""
    if count < 2:
        raise DataError(
            f"head motion: the landmarks cover no part of the {shape[1]} × {shape[0]} flow field: "
            "do they belong to the aligned frame?"
        )
