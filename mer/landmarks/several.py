"""Several faces in one frame: which squares and shapes mean the same face, and how far each is from upright."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mer.geometry.ibug68 import eye_axis
from mer.types import Landmarks

if TYPE_CHECKING:
    from mer.landmarks.detect import Square

__all__ = ["distinct", "roll_of", "within"]


def roll_of(face: Landmarks) -> float:
    """Return the roll of a face in degrees, clockwise."""
    across, down = eye_axis(face.xy)
    return float(np.degrees(np.arctan2(down, across)))


def within(square: Square, better: Sequence[Square]) -> bool:
    """Return whether a square means a face that a better one means already."""
    return any(
        np.hypot(square.x - other.x, square.y - other.y) < 0.3 * max(square.side, other.side)
        and 0.5 < square.side / other.side < 2
        for other in better
    )


def distinct(faces: Sequence[Landmarks]) -> list[Landmarks]:
    """Return the faces without those whose middle is within a likelier one."""
    kept: list[Landmarks] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not any(_holds(better, face) for better in kept):
            kept.append(face)
    return kept


def _holds(better: Landmarks, face: Landmarks) -> bool:
    """Return whether the middle of a face is within another."""
    middle = face.xy.mean(axis=0)
    return bool(((middle > better.xy.min(axis=0)) & (middle < better.xy.max(axis=0))).all())
