"""Farneback's flow: each neighbourhood as a quadratic polynomial, whose shift is solved for."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mer.errors import ConfigError
from mer.flow.base import PairwiseFlow, enlarged
from mer.types import Float32, Image
from mer.validation import require_integer, require_number

__all__ = ["Farneback"]


@dataclass(frozen=True, kw_only=True)
class Farneback(PairwiseFlow):
    """Dense flow by polynomial expansion (OpenCV).

    Attributes
    ----------
    pyramid_scale : float
        Size of a level relative to the finer one, in [0.1, 0.95].
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
        require_number("flow.pyramid_scale", self.pyramid_scale, low=0.1, high=0.95)
        require_integer("flow.levels", self.levels, low=1)
        require_integer("flow.window", self.window, low=3)
        require_integer("flow.iterations", self.iterations, low=1)
        require_integer("flow.poly_n", self.poly_n, low=3, high=15)
        if self.poly_n % 2 == 0:
            raise ConfigError(f"flow.poly_n={self.poly_n}: must be odd, such as 5 or 7")
        require_number("flow.poly_sigma", self.poly_sigma, low=0, above=True)

    def _compute(self, onset: Image, apex: Image) -> Float32:
        # OpenCV leaves out the last row and column of the constant term: equal frames would flow there by half a pixel.
        pad = self.window
        onset, apex = (enlarged(f, pad, pad, pad, pad) for f in (onset, apex))
        flow = cv2.calcOpticalFlowFarneback(  # type: ignore[call-overload]  # None: an array of its own
            onset,
            apex,
            None,
            pyr_scale=self.pyramid_scale,
            levels=self.levels,
            winsize=self.window,
            iterations=self.iterations,
            poly_n=self.poly_n,
            poly_sigma=self.poly_sigma,
            flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN if self.gaussian else 0,
        )
        return np.asarray(flow[pad:-pad, pad:-pad], dtype=np.float32)
