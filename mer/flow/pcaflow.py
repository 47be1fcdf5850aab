"""PCAFlow: sparse matches, completed by smooth basis fields."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mer.flow.base import PairwiseFlow, enlarged, run_engine
from mer.types import Float32, Image

__all__ = ["PcaFlow"]

_LEAST = 96  # px


@dataclass(frozen=True, kw_only=True)
class PcaFlow(PairwiseFlow):
    """PCAFlow (OpenCV contrib) without a learned prior; OpenCV lets no number of it be set.

    Notes
    -----
    Differs from the paper in its basis: cosines in the place of learned fields.

    References
    ----------
    Wulff, Black: Efficient sparse-to-dense optical flow estimation using a learned basis and layers. CVPR 2015.
    doi:10.1109/CVPR.2015.7298607
    """

    def _compute(self, onset: Image, apex: Image) -> Float32:
        if cv2.goodFeaturesToTrack(onset, 1, 0.01, 3) is None:  # nothing to match, which OpenCV does not bear
            return np.zeros((*onset.shape, 2), np.float32)
        height, width = onset.shape
        below, right = max(_LEAST - height, 0), max(_LEAST - width, 0)
        if below or right:  # too few matches to solve for all basis fields end in an error of OpenCV
            onset, apex = (enlarged(f, 0, below, 0, right) for f in (onset, apex))
        # A new object a call: making it takes microseconds, and one object must not serve two threads.
        return run_engine(cv2.optflow.createOptFlow_PCAFlow(), onset, apex)[:height, :width]
