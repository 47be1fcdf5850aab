"""TV-L1 flow: total variation keeps edges of motion, the L1 data term bears outliers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from mer.errors import ConfigError
from mer.flow.base import PairwiseFlow, run_engine
from mer.types import Float32, Image
from mer.validation import require_integer, require_number

__all__ = ["TvL1"]


@dataclass(frozen=True, kw_only=True)
class TvL1(PairwiseFlow):
    """Dual TV-L1 (OpenCV contrib).

    Attributes
    ----------
    tau : float
        Time step of the dual scheme, in (0, 0.25].
    lambda_ : float
        Weight of the data term; smaller is smoother.
    theta : float
        Coupling of the two halves of the splitting, > 0.
    scales : int
        Levels of the pyramid, ≥ 1.
    scale_step : float
        Size of a level relative to the finer one, in [0.1, 0.95].
    warps : int
        Warpings a level, ≥ 1.
    epsilon : float
        Change at which the iterations stop, > 0.
    inner_iterations, outer_iterations : int
        Between and of the median filter, ≥ 1.
    median : int
        Window of the median filter on the flow in pixels: 1 (none), 3 or 5.

    References
    ----------
    Sánchez Pérez, Meinhardt-Llopis, Facciolo: TV-L1 optical flow estimation. IPOL 3, 2013. doi:10.5201/ipol.2013.26
    """

    tau: float
    lambda_: float
    theta: float
    scales: int
    scale_step: float
    warps: int
    epsilon: float
    inner_iterations: int
    outer_iterations: int
    median: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("flow.tau", self.tau, low=0, high=0.25, above=True)
        require_number("flow.scale_step", self.scale_step, low=0.1, high=0.95)
        if self.median not in (1, 3, 5):
            raise ConfigError(f"flow.median={self.median}: must be 1, 3 or 5 px")
        for name in ("lambda_", "theta", "epsilon"):
            require_number(f"flow.{name}", getattr(self, name), low=0, above=True)
        for name in ("scales", "warps", "inner_iterations", "outer_iterations"):
            require_integer(f"flow.{name}", getattr(self, name), low=1)

    def _compute(self, onset: Image, apex: Image) -> Float32:
        # A new object a call: making it takes microseconds, and one object must not serve two threads.
        engine = cv2.optflow.DualTVL1OpticalFlow.create(
            tau=self.tau,
            lambda_=self.lambda_,
            theta=self.theta,
            nscales=self.scales,
            warps=self.warps,
            epsilon=self.epsilon,
            innnerIterations=self.inner_iterations,
            outerIterations=self.outer_iterations,
            scaleStep=self.scale_step,
            medianFiltering=self.median,
        )
        return run_engine(engine, onset, apex)
