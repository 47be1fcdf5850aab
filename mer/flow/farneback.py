"""Farneback's flow: each neighbourhood as a quadratic polynomial, whose shift is solved for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.flow.base import PairwiseFlow, require
from mer.types import Image

__all__ = ["Farneback"]


@dataclass(frozen=True, kw_only=True)
class Farneback(PairwiseFlow):
    """Dense flow by polynomial expansion (OpenCV).

    Attributes
    ----------
    pyramid_scale : float
        Size of a level relative to the finer one, in (0, 1).
    levels : int
        Levels of the pyramid, the full size included, ≥ 1.
    window : int
        Averaging window in pixels; wider is smoother and steadier, ≥ 3.
    iterations : int
        Per level, ≥ 1.
    poly_n : int
        Neighbourhood of the expansion in pixels, odd, 3 to 15.
    poly_sigma : float
        Width of its Gaussian weight, σ in pixels.
    gaussian : bool
        Gaussian averaging window instead of a box.

    References
    ----------
    Farnebäck: Two-frame motion estimation based on polynomial expansion. SCIA 2003. doi:10.1007/3-540-45103-X_50
    """

    pyramid_scale: float
    levels: int
    window: int
    iterations: int
    poly_n: int
    poly_sigma: float
    gaussian: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.pyramid_scale < 1, "pyramid_scale", self.pyramid_scale, "in (0, 1)")
        require(self.levels >= 1, "levels", self.levels, "1 or more")
        require(self.window >= 3, "window", self.window, "3 px or more")
        require(self.iterations >= 1, "iterations", self.iterations, "1 or more")
        require(self.poly_n in range(3, 16, 2), "poly_n", self.poly_n, "an odd number of pixels from 3 to 15")
        require(self.poly_sigma > 0, "poly_sigma", self.poly_sigma, "above 0 px")

    def _compute(self, onset: Image, apex: Image) -> NDArray[Any]:
        # OpenCV leaves out the last row and column of the constant term: equal frames would flow there by half a pixel.
        pad = self.window
        onset, apex = (cv2.copyMakeBorder(f, pad, pad, pad, pad, cv2.BORDER_REFLECT_101) for f in (onset, apex))
        flow = cv2.calcOpticalFlowFarneback(
            onset,
            apex,
            None,  # type: ignore[arg-type]  # the stubs do not know that a new array is made
            pyr_scale=self.pyramid_scale,
            levels=self.levels,
            winsize=self.window,
            iterations=self.iterations,
            poly_n=self.poly_n,
            poly_sigma=self.poly_sigma,
            flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN if self.gaussian else 0,
        )
        return np.asarray(flow[pad:-pad, pad:-pad])
