"""The head's shift, roll and zoom, fitted robustly to the flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.motion.support import Places, checked_points, grid, patches
from mer.types import FlowField, Landmarks
from mer.validation import require_choice, require_integer, require_number

__all__ = ["SimilarityDrift"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
_LEAST_SCALE = 1e-4  # px: residuals below this are rounding, not evidence of an outlier


@dataclass(frozen=True, kw_only=True)
class SimilarityDrift:
    """Fits shift, roll and zoom of the head to the flow, robustly, and takes the fitted motion out.

    Attributes
    ----------
    support : {"field", "landmarks"}
        Where the flow is looked at: on a regular grid over the face (over the whole field without landmarks), or in
        patches round `points`.
    grid : int
        Grid points along the longer side of the field, ≥ 4.
    points : sequence of int
        Landmarks (iBUG order) on which expressions pull little.
    patch : float
        Half side of the square round each of them, in distances between the eyes' centres.
    loss : {"huber", "tukey"}
        How vectors far from the fit count: limited pull (Huber), or none at all (Tukey's biweight).
    threshold : float
        Residual, in robust standard deviations, above which a vector counts less (Huber) or not at all (Tukey), ≥ 1.2.
    iterations : int
        Re-weightings, ≥ 1.

    Notes
    -----
    Differs from the MDMO paper, whose least squares have no translation, no robust weights and 13 points.

    References
    ----------
    Liu et al.: A main directional mean optical flow feature for spontaneous micro-expression recognition. IEEE TAC
    7(4), 2016. doi:10.1109/TAFFC.2015.2485205
    Holland, Welsch: Robust regression using iteratively reweighted least-squares. Commun. Stat. 6(9), 1977.
    doi:10.1080/03610927708827533
    """

    support: str
    grid: int
    points: Sequence[int]
    patch: float
    loss: str
    threshold: float
    iterations: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", checked_points(self.points))
        require_choice("motion.support", self.support, ("field", "landmarks"))
        require_choice("motion.loss", self.loss, tuple(_LOSSES))
        require_integer("motion.grid", self.grid, low=4)
        require_number("motion.patch", self.patch, low=0, above=True)
        require_number("motion.threshold", self.threshold, low=1.2)  # below, Tukey could give every vector no weight
        require_integer("motion.iterations", self.iterations, low=1)

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        """Return what the face does beyond the motion of the head.

        Raises
        ------
        DataError
            If `support` is landmarks and there are none, or they lie outside the flow.
        """
        rows, columns = self._support(landmarks, flow.shape)
        place, moved = columns + 1j * rows, _complex(flow.uv[rows, columns])
        turn, shift = _fit(place, moved, self.loss, self.threshold, self.iterations)
        rest = _complex(flow.uv)
        rest -= shift
        rest -= turn * _pixels(flow.shape)
        rest /= 1 + turn
        return FlowField(uv=rest.astype(np.complex64).view(np.float32).reshape(flow.uv.shape))

    def _support(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> tuple[Places, Places]:
        if self.support == "field":
            return grid(landmarks, self.grid, shape)
        if landmarks is None:
            raise DataError(
                "motion.support=landmarks needs landmarks, and this clip has none: "
                "use motion.support=field, or motion=median or none"
            )
        return patches(landmarks, self.points, self.patch, shape)


def _fit(place: Complex, moved: Complex, loss: str, threshold: float, iterations: int) -> tuple[complex, complex]:
    """Fit ``moved = turn * place + shift`` by iteratively re-weighted least squares.

    In the plane a similarity's displacement is linear in two complex numbers: with x + iy for a point, `turn` holds
    zoom (real part) and roll (imaginary part), and the head brings the point p to (1 + turn)·p + shift.
    """
    weight = np.ones(len(place))
    turn, shift = _weighted_fit(place, moved, weight)
    for step in range(iterations):
        residual = np.abs(moved - turn * place - shift)
        # The median of a residual's length is 1.177 times its standard deviation a component (Rayleigh).
        scale = max(_median(residual) / 1.177, _LEAST_SCALE)
        # Tukey's weights lead astray from a poor start, so the first half of the steps is Huber's in either case.
        kind = "huber" if 2 * step < iterations else loss
        weight = _LOSSES[kind](residual / (threshold * scale))
        turn, shift = _weighted_fit(place, moved, weight)
    return turn, shift


def _weighted_fit(place: Complex, moved: Complex, weight: Floats) -> tuple[complex, complex]:
    share = weight / weight.sum()
    centre, mean = (share * place).sum(), (share * moved).sum()
    arm = place - centre
    turn = (share * arm.conj() * (moved - mean)).sum() / max(float((share * np.abs(arm) ** 2).sum()), 1e-12)
    return complex(turn), complex(mean - turn * centre)


def _huber(ratio: Floats) -> Floats:
    return 1 / np.maximum(ratio, 1.0)


def _tukey(ratio: Floats) -> Floats:
    return (1 - np.minimum(ratio, 1.0) ** 2) ** 2


_LOSSES = MappingProxyType({"huber": _huber, "tukey": _tukey})


def _median(values: Floats) -> float:
    """Return what np.median does of finite values, which spends most of its time on others."""
    upper = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, upper)[upper])
    pair = np.partition(values, (upper - 1, upper))[upper - 1 : upper + 1]
    return float(pair.mean())


def _complex(uv: NDArray[np.float32]) -> Complex:
    return np.ascontiguousarray(uv).view(np.complex64)[..., 0].astype(np.complex128)


@lru_cache(maxsize=4)  # one per frame size; a megabyte each
def _pixels(shape: tuple[int, int]) -> Complex:
    """Return x + iy of every pixel."""
    rows, columns = np.indices(shape)
    place = columns + 1j * rows
    place.setflags(write=False)
    return np.asarray(place)
