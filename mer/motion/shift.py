"""The head's shift alone: nothing, the median of the flow, or the flow of the nose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mer.errors import DataError
from mer.motion.support import checked_points, face_mask, patches, require_pixels
from mer.types import FlowField, Landmarks
from mer.validation import require_integer, require_number

__all__ = ["MedianShift", "NoRemoval", "NoseShift"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class NoRemoval:
    """Leaves the flow as it is."""

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        """Return the flow unchanged."""
        return flow


@dataclass(frozen=True, kw_only=True)
class MedianShift:
    """Subtracts the median of each component: over the face where landmarks are given, else over the whole field."""

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        """Return the flow less its median.

        Raises
        ------
        DataError
            If the face of the landmarks covers no pixel of the flow.
        """
        if landmarks is None:
            return _minus(flow, np.median(flow.uv, axis=(0, 1)))
        face = flow.uv[face_mask(landmarks, flow.shape)]
        require_pixels(len(face), flow.shape)
        return _minus(flow, np.median(face, axis=0))


@dataclass(frozen=True, kw_only=True)
class NoseShift:
    """Subtracts the mean flow of a patch on the nose, which no expression moves much.

    Attributes
    ----------
    points : sequence of int
        Landmarks (iBUG order) that the patch surrounds.
    patch : float
        Half side of a square round each point, in distances between the eyes' centres.
    keep : float
        Share of the vectors that enter the mean, in (0, 1].
    iterations : int
        How often the choice of vectors is renewed, ≥ 1.

    Notes
    -----
    Differs from the spotting papers, which average the *longest* 70 % of the vectors: the share that is *nearest to the
    current mean* is kept, starting from the median. Then a shift of the whole flow changes nothing in the result.
    """

    points: Sequence[int]
    patch: float
    keep: float
    iterations: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", checked_points(self.points))
        require_number("motion.patch", self.patch, low=0, above=True)
        require_number("motion.keep", self.keep, low=0, high=1, above=True)
        require_integer("motion.iterations", self.iterations, low=1)

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        """Return the flow less that of the nose.

        Raises
        ------
        DataError
            Without landmarks, or if the nose is outside the flow.
        """
        if landmarks is None:
            raise DataError(
                "motion=nose needs landmarks, and this clip has none: use motion=similarity, median or none"
            )
        rows, columns = patches(landmarks, self.points, self.patch, flow.shape)
        return _minus(flow, self._mean(flow.uv[rows, columns].astype(np.float64)))

    def _mean(self, uv: Floats) -> Floats:
        mean: Floats = np.median(uv, axis=0)
        kept = max(1, round(self.keep * len(uv)))
        for _ in range(self.iterations):
            nearest = np.argsort(((uv - mean) ** 2).sum(axis=1), kind="stable")[:kept]
            mean = uv[nearest].mean(axis=0)
        return mean


def _minus(flow: FlowField, shift: ArrayLike) -> FlowField:
    return FlowField(uv=flow.uv - np.asarray(shift, dtype=np.float32))
