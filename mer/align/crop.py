"""The face cut out upright, or the frames left as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mer.align.warp import check_landmarks, moved
from mer.types import AlignedPair, FramePair, Landmarks
from mer.validation import require_integer, require_number

__all__ = ["Crop", "Identity"]


@dataclass(frozen=True, kw_only=True)
class Crop:
    """Cuts an upright square round the face and brings it to one size; the head stays turned as it is.

    Attributes
    ----------
    size : int
        Side of the aligned image in pixels, ≥ 32.
    margin : float
        Added on each side, as a fraction of the longer side of the landmarks' bounding box, ≥ 0.
    antialias : float
        Blur before a reduction to the scale s < 1, σ = antialias·√(1/s² − 1) source pixels; 0 = none.
    """

    size: int
    margin: float
    antialias: float

    def __post_init__(self) -> None:
        require_integer("align.size", self.size, low=32)
        require_number("align.margin", self.margin, low=0)
        require_number("align.antialias", self.antialias, low=0)

    def __call__(self, pair: FramePair, landmarks: Landmarks) -> AlignedPair:
        """Cut the square out of all frames.

        Raises
        ------
        DataError
            If the landmarks lie in one point or outside the frame.
        """
        check_landmarks(landmarks.xy, pair.onset.shape)
        low, high = landmarks.xy.min(axis=0).astype(float), landmarks.xy.max(axis=0).astype(float)
        scale = self.size / (float((high - low).max()) * (1 + 2 * self.margin))
        shift = (self.size - 1) / 2 - scale * (low + high) / 2
        matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
        return moved(pair, landmarks, matrix, self.size, self.antialias)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Leaves the frames as they are, for clips that were aligned by others."""

    def __call__(self, pair: FramePair, landmarks: Landmarks) -> AlignedPair:
        """Return the frames and landmarks unchanged."""
        return AlignedPair(
            onset=pair.onset,
            apex=pair.apex,
            landmarks=landmarks,
            matrix=np.eye(2, 3),
            between=pair.between,
            after=pair.after,
        )
