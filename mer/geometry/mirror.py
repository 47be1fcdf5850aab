"""The mirror image of a face's motion: what the clip would have shown in a mirror, with left and right renamed."""

from __future__ import annotations

import numpy as np

from mer.geometry.ibug68 import MIRROR
from mer.types import FlowField, Landmarks

__all__ = ["mirrored_flow", "mirrored_landmarks"]


def mirrored_flow(flow: FlowField) -> FlowField:
    """Return the flow of the mirrored frames: columns in reverse, horizontal motion with its sign turned."""
    return FlowField(uv=flow.uv[:, ::-1] * np.array([-1, 1], dtype=np.float32))


def mirrored_landmarks(landmarks: Landmarks, width: int) -> Landmarks:
    """Return the landmarks of the mirrored frame.

    Parameters
    ----------
    landmarks : Landmarks
    width : int
        Of the frame, pixels; the column x goes to width − 1 − x.
    """
    xy = landmarks.xy[MIRROR] * np.array([-1, 1], dtype=np.float32)
    return Landmarks(xy=xy + np.array([width - 1, 0], dtype=np.float32), score=landmarks.score)
