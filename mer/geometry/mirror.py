"""The mirror image of a face's motion: flow and landmarks as they were found, with left and right exchanged."""

from __future__ import annotations

import numpy as np

from mer.geometry.ibug68 import MIRROR
from mer.types import FlowField, Landmarks

__all__ = ["mirrored_flow", "mirrored_landmarks"]


def mirrored_flow(flow: FlowField) -> FlowField:
    """Return the flow in a mirror: columns in reverse, horizontal motion with its sign turned.

    Notes
    -----
    This is the mirrored flow, not the flow of mirrored frames: no backbone treats left and right quite alike. The two
    differ by up to 2 % of the motion for Farnebäck's, 4 to 23 % for microflow, up to 54 % for DIS.
    """
    return FlowField(uv=flow.uv[:, ::-1] * np.array([-1, 1], dtype=np.float32))


def mirrored_landmarks(landmarks: Landmarks, width: int) -> Landmarks:
    """Return the landmarks in a mirror.

    Parameters
    ----------
    landmarks : Landmarks
    width : int
        Of the frame, pixels; the column x goes to width − 1 − x.
    """
    xy = landmarks.xy[MIRROR] * np.array([-1, 1], dtype=np.float32)
    return Landmarks(xy=xy + np.array([width - 1, 0], dtype=np.float32), score=landmarks.score)
