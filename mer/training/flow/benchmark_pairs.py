"""Pairs of real faces with exact truth that flow is measured on: eight cells, peak of the bumps × clean or degraded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.training.flow.degrade import Degradation
from mer.training.flow.fields import Fields
from mer.training.flow.pairs import sampled
from mer.training.flow.training_images import Face
from mer.types import Image, Numbers

__all__ = ["PEAKS", "BenchmarkPair", "benchmark_pairs"]

PEAKS = (0.2, 0.6, 1.5, 3.0)  # px
_WIDTH, _DRIFT = (16.0, 42.0), (0.0, 1.0)  # px
_CLEAN = Degradation(
    noise=(0, 0), noise_differs=0, gain=0, bias=0, gamma=0, blur=0, blur_share=0, jpeg_share=0, lines_share=0
)
_DEGRADED = Degradation(
    noise=(1, 4), noise_differs=0, gain=0.03, bias=3, gamma=0, blur=0, blur_share=0, jpeg_share=0, lines_share=0
)


@dataclass(frozen=True, eq=False)
class BenchmarkPair:
    """A pair with its truth.

    Attributes
    ----------
    onset, apex : ndarray of uint8, shape (H, W)
    flow : ndarray of float32, shape (H, W, 2)
    inside : ndarray of bool, shape (H, W)
        The hull of the landmarks: where the error counts.
    peak : float
        Largest displacement by the bumps, pixels.
    degraded : bool
        Whether light and noise differ.
    """

    onset: Image
    apex: Image
    flow: NDArray[np.float32]
    inside: NDArray[np.bool_]
    peak: float
    degraded: bool

    def error(self, uv: Numbers) -> float:
        """Return the mean end-point error inside the face, pixels."""
        return float(np.hypot(*np.moveaxis(uv - self.flow, -1, 0))[self.inside].mean())


def benchmark_pairs(faces: Sequence[Face], each: int, seed: int) -> Iterator[BenchmarkPair]:
    """Draw `each` pairs per cell; one to three bumps at landmarks, every second pair with head drift up to 1 px.

    Notes
    -----
    A motion is shown clean and degraded, so both columns of a table have the same truth.
    """
    for peak in PEAKS:
        for k in range(each):
            rng = np.random.default_rng([seed, round(peak * 10), k])
            face = faces[int(rng.integers(len(faces)))]
            fields = Fields(
                shares={"bumps": 1}, bumps=(1, 3), peak=(peak, peak), width=_WIDTH, drift_share=k % 2, drift=_DRIFT
            )
            side = len(face.image)
            flow = fields(rng, side, face.points[17:])
            frames = sampled(face.coefficients, np.eye(2, 3), flow)
            for degradation in (_CLEAN, _DEGRADED):
                pair = degradation(rng, frames)
                yield BenchmarkPair(pair[0], pair[1], flow, _hull(face.points, side), peak, degradation is _DEGRADED)


def _hull(points: Numbers, side: int) -> NDArray[np.bool_]:
    mask = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return mask.astype(bool)
