"""The mirror image of a face's motion: what the clip would have shown in a mirror, with left and right named anew."""

from __future__ import annotations

import numpy as np

from mer.types import FlowField, Landmarks

__all__ = ["MIRRORED_POINTS", "mirrored_flow", "mirrored_landmarks"]

_JAW = range(16, -1, -1)
_BROWS = range(26, 16, -1)
_NOSE = (27, 28, 29, 30, 35, 34, 33, 32, 31)
_EYES = (45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40)
_LIPS = (54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65)

MIRRORED_POINTS = (*_JAW, *_BROWS, *_NOSE, *_EYES, *_LIPS)
"""For each of the 68 iBUG points, the number of its partner on the other side of the face."""


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
    xy = landmarks.xy[list(MIRRORED_POINTS)] * np.array([-1, 1], dtype=np.float32)
    return Landmarks(xy=xy + np.array([width - 1, 0], dtype=np.float32), score=landmarks.score)
