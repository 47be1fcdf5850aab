"""The face's own frame of reference: its axes and its unit of length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.geometry.ibug68 import eye_axis
from mer.types import Landmarks

__all__ = ["Frame", "face_frame", "require_landmarks"]

Points = NDArray[np.float64]


class Frame(NamedTuple):
    """Axes of a face: unit vectors in image coordinates, and the distance between the centres of the eyes in pixels."""

    right: Points
    up: Points
    inter_ocular: float


def face_frame(landmarks: Landmarks) -> Frame:
    """Return the axes and the unit of length of a face.

    Raises
    ------
    DataError
        If both eyes lie in one place.
    """
    xy = landmarks.xy.astype(np.float64)
    across = np.asarray(eye_axis(xy), dtype=np.float64)
    distance = float(np.hypot(*across))
    if distance < 1.0:
        raise DataError(
            f"the eyes of these landmarks are {distance:.2f} px apart, which is no face; check the landmarks"
        )
    right = across / distance
    return Frame(right, np.array([right[1], -right[0]]), distance)


def require_landmarks(landmarks: Landmarks | None, option: str) -> Landmarks:
    """Return the landmarks, or raise the `DataError` that says how to go on without."""
    if landmarks is None:
        raise DataError(f"roi={option} needs landmarks; this data set has none, so use roi=grid or roi=whole")
    return landmarks
