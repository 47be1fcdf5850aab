"""DeepFlow without matching: a variational method that is slow and, of the classical ones, the best on micro-motion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from mer.flow.base import PairwiseFlow, run_engine
from mer.types import Float32, Image

__all__ = ["DeepFlow"]


@dataclass(frozen=True, kw_only=True)
class DeepFlow(PairwiseFlow):
    """DeepFlow (OpenCV contrib), its energy minimised from coarse to fine; OpenCV lets no number of it be set.

    Notes
    -----
    Differs from the paper in that there is no DeepMatching term.

    References
    ----------
    Weinzaepfel, Revaud, Harchaoui, Schmid: DeepFlow: large displacement optical flow with deep matching. ICCV 2013.
    doi:10.1109/ICCV.2013.175
    """

    def _compute(self, onset: Image, apex: Image) -> Float32:
        # A new object a call: making it takes microseconds, and one object must not serve two threads.
        return run_engine(cv2.optflow.createOptFlow_DeepFlow(), onset, apex)
