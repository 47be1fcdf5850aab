"""DIS flow: patches matched by inverse search from coarse to fine, then smoothed by a variational step."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from mer.flow.base import PairwiseFlow, enlarged, run_engine
from mer.types import Float32, Image
from mer.validation import require_choice, require_integer, require_number

__all__ = ["Dis"]

_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}


@dataclass(frozen=True, kw_only=True)
class Dis(PairwiseFlow):
    """Dense inverse search (OpenCV); what is None stays as the preset has it.

    Attributes
    ----------
    preset : {"ultrafast", "fast", "medium"}
        OpenCV's own sets of numbers.
    finest_scale : int or None
        Level of the pyramid where the search ends: 0 = full size, 1 = half, ..., 4.
    patch_size : int or None
        Side of a patch in pixels, 4 to 32.
    patch_stride : int or None
        Distance of neighbouring patches in pixels, 1 to patch_size.
    search_iterations : int or None
        Gradient descent steps a patch, ≥ 1.
    refinement_iterations : int or None
        Outer iterations of the variational step, 0 = leave it out.
    alpha, delta, gamma : float or None
        Weights of smoothness, grey constancy and gradient constancy in the variational step, ≥ 0.

    References
    ----------
    Kroeger, Timofte, Dai, Van Gool: Fast optical flow using dense inverse search. ECCV 2016.
    doi:10.1007/978-3-319-46493-0_29
    """

    preset: str
    finest_scale: int | None
    patch_size: int | None
    patch_stride: int | None
    search_iterations: int | None
    refinement_iterations: int | None
    alpha: float | None
    delta: float | None
    gamma: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice("flow.preset", self.preset, _PRESETS)
        limits = {
            "finest_scale": (0, 4),
            "patch_size": (4, 32),
            "patch_stride": (1, 32),
            "search_iterations": (1, None),
        }
        limits["refinement_iterations"] = (0, None)
        for name, (low, high) in limits.items():
            if (whole := getattr(self, name)) is not None:
                require_integer(f"flow.{name}", whole, low=low, high=high)
        for name in ("alpha", "delta", "gamma"):
            if (weight := getattr(self, name)) is not None:
                require_number(f"flow.{name}", weight, low=0)
        engine = self._engine()
        require_integer("flow.patch_stride", engine.getPatchStride(), low=1, high=engine.getPatchSize())

    def _compute(self, onset: Image, apex: Image) -> Float32:
        engine = self._engine()
        height, width = onset.shape
        # With fewer than four patches on the finest level OpenCV picks levels of its own, which on narrow frames crash.
        least = 4 * engine.getPatchSize() * 2 ** engine.getFinestScale()
        below, right = max(least - height, 0), max(least - width, 0)
        if below or right:
            onset, apex = (enlarged(f, 0, below, 0, right) for f in (onset, apex))
        return run_engine(engine, onset, apex)[:height, :width]

    def _engine(self) -> cv2.DISOpticalFlow:
        """Make a new object a call: it takes microseconds, and one object must not serve two threads."""
        engine = cv2.DISOpticalFlow.create(_PRESETS[self.preset])
        setters = {
            "finest_scale": engine.setFinestScale,
            "patch_size": engine.setPatchSize,
            "patch_stride": engine.setPatchStride,
            "search_iterations": engine.setGradientDescentIterations,
            "refinement_iterations": engine.setVariationalRefinementIterations,
            "alpha": engine.setVariationalRefinementAlpha,
            "delta": engine.setVariationalRefinementDelta,
            "gamma": engine.setVariationalRefinementGamma,
        }
        for name, setter in setters.items():
            if (value := getattr(self, name)) is not None:
                setter(value)
        return engine
