"""The face turned, scaled and shifted to a template, by the landmarks of the onset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mer.align.warp import check_landmarks, moved, spread
from mer.errors import ConfigError
from mer.geometry.similarity import fit_similarity
from mer.types import AlignedPair, FramePair, Landmarks
from mer.validation import require_integer, require_number

__all__ = ["Similarity"]


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Turns, scales and shifts the face so that eye and mouth corners come to lie on a template.

    Attributes
    ----------
    size : int
        Side of the aligned image in pixels, ≥ 32.
    points : sequence of int
        Landmarks (iBUG order) that are fitted to the template; at least two.
    template : sequence of (x, y)
        Where they come to lie, as fractions of `size`.
    antialias : float
        Blur before a reduction to the scale s < 1, σ = antialias·√(1/s² − 1) source pixels; 0 = none.

    References
    ----------
    Umeyama: Least-squares estimation of transformation parameters between two point patterns. TPAMI 13(4), 1991.
    doi:10.1109/34.88573
    """

    size: int
    points: Sequence[int]
    template: Sequence[Sequence[float]]
    antialias: float

    def __post_init__(self) -> None:
        require_integer("align.size", self.size, low=32)
        require_number("align.antialias", self.antialias, low=0)
        object.__setattr__(self, "points", tuple(self.points))
        object.__setattr__(self, "template", tuple(tuple(float(v) for v in row) for row in self.template))
        known = all(isinstance(i, int) and 0 <= i < 68 for i in self.points)
        if not known or len(set(self.points)) != len(self.points) or len(self.points) < 2:
            raise ConfigError(f"align.points must be two or more different landmarks of 0 to 67, got {self.points}")
        if len(self.template) != len(self.points) or any(len(row) != 2 for row in self.template):
            raise ConfigError(f"align.template must have one (x, y) for each of the {len(self.points)} align.points")
        if spread(np.array(self.template)) < 0.01:
            raise ConfigError("align.template must spread its points over the image, they lie in one place")

    def __call__(self, pair: FramePair, landmarks: Landmarks) -> AlignedPair:
        """Move all frames and the landmarks by the matrix that fits the onset's landmarks to the template.

        Raises
        ------
        DataError
            If the landmarks lie in one point or outside the frame.
        """
        source = landmarks.xy[list(self.points)]
        check_landmarks(source, pair.onset.shape)
        matrix = fit_similarity(source, np.array(self.template) * self.size - 0.5)
        return moved(pair, landmarks, matrix, self.size, self.antialias)
