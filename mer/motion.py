"""Stage 5b: takes the head's own motion out of the flow, so that what is left is the face's.

Convention
----------
A head motion T brings the point x of the onset to T(x). What is left of the flow u is exact, not to first order only:
w(x) = T⁻¹(x + u(x)) − x, the motion that the face would show had the head been still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mer.errors import ConfigError, DataError
from mer.types import FlowField, Landmarks

__all__ = ["MedianShift", "NoRemoval", "NoseShift", "SimilarityDrift"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
Places = NDArray[np.intp]
_LEAST_SCALE = 1e-4  # px: residuals below this are rounding, not evidence of an outlier


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
            Where the face of the landmarks covers no pixel of the flow.
        """
        if landmarks is None:
            return _minus(flow, np.median(flow.uv, axis=(0, 1)))
        face = flow.uv[_face_mask(landmarks, flow.shape)]
        _require_pixels(len(face), flow.shape)
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
        object.__setattr__(self, "points", _checked_points(self.points))
        _require(self.patch > 0, "patch", self.patch, "above 0")
        _require(0 < self.keep <= 1, "keep", self.keep, "in (0, 1]")
        _require(self.iterations >= 1, "iterations", self.iterations, "1 or more")

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        """Return the flow less that of the nose.

        Raises
        ------
        DataError
            Without landmarks, or where the nose lies outside the flow.
        """
        if landmarks is None:
            raise DataError(
                "motion=nose needs landmarks, and this clip has none: use motion=similarity, median or none"
            )
        rows, columns = _patches(landmarks, self.points, self.patch, flow.shape)
        return _minus(flow, self._mean(flow.uv[rows, columns].astype(np.float64)))

    def _mean(self, uv: Floats) -> Floats:
        mean: Floats = np.median(uv, axis=0)
        kept = max(1, round(self.keep * len(uv)))
        for _ in range(self.iterations):
            nearest = np.argsort(((uv - mean) ** 2).sum(axis=1), kind="stable")[:kept]
            mean = uv[nearest].mean(axis=0)
        return mean


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
        Residual, in robust standard deviations, above which a vector counts less (Huber) or not at all (Tukey).
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
        object.__setattr__(self, "points", _checked_points(self.points))
        _require(self.support in ("field", "landmarks"), "support", self.support, "field or landmarks")
        _require(self.loss in _LOSSES, "loss", self.loss, " or ".join(_LOSSES))
        _require(self.grid >= 4, "grid", self.grid, "4 or more")
        _require(self.patch > 0, "patch", self.patch, "above 0")
        _require(self.threshold > 0, "threshold", self.threshold, "above 0")
        _require(self.iterations >= 1, "iterations", self.iterations, "1 or more")

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        """Return what the face does beyond the motion of the head.

        Raises
        ------
        DataError
            Where `support` is landmarks and there are none, or they lie outside the flow.
        """
        rows, columns = self._support(landmarks, flow.shape)
        place, moved = columns + 1j * rows, _complex(flow.uv[rows, columns])
        turn, shift = _fit(place, moved, self.loss, self.threshold, self.iterations)
        rows, columns = np.indices(flow.shape)
        rest = (_complex(flow.uv) - shift - turn * (columns + 1j * rows)) / (1 + turn)
        return FlowField(uv=np.stack([rest.real, rest.imag], axis=-1).astype(np.float32))

    def _support(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> tuple[Places, Places]:
        if self.support == "field":
            return _grid(landmarks, self.grid, shape)
        if landmarks is None:
            raise DataError(
                "motion.support=landmarks needs landmarks, and this clip has none: "
                "use motion.support=field, or motion=median or none"
            )
        return _patches(landmarks, self.points, self.patch, shape)


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
        scale = max(float(np.median(residual)) / 1.177, _LEAST_SCALE)
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


def _minus(flow: FlowField, shift: ArrayLike) -> FlowField:
    return FlowField(uv=flow.uv - np.asarray(shift, dtype=np.float32))


def _complex(uv: NDArray[np.float32]) -> Complex:
    return uv[..., 0].astype(np.float64) + 1j * uv[..., 1]


def _face_mask(landmarks: Landmarks, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return True inside the convex hull of the landmarks."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(landmarks.xy).astype(np.int32)), 1)
    return mask.astype(bool)


def _grid(landmarks: Landmarks | None, count: int, shape: tuple[int, int]) -> tuple[Places, Places]:
    """Return rows and columns of a regular grid over the face, or over the field without landmarks."""
    step = max(1, round(max(shape) / count))
    inside = np.ones(shape, bool) if landmarks is None else _face_mask(landmarks, shape)
    rows, columns = np.nonzero(inside[step // 2 :: step, step // 2 :: step])
    _require_pixels(len(rows), shape)
    return rows * step + step // 2, columns * step + step // 2


def _patches(
    landmarks: Landmarks, points: Sequence[int], patch: float, shape: tuple[int, int]
) -> tuple[Places, Places]:
    """Return rows and columns of all pixels in the squares round `points`; `patch` counts in eye distances."""
    eyes = landmarks.xy[42:48].mean(axis=0) - landmarks.xy[36:42].mean(axis=0)
    radius = max(round(patch * float(np.hypot(*eyes))), 1)
    inside = np.zeros(shape, bool)
    for column, row in np.rint(landmarks.xy[list(points)]).astype(int):
        inside[
            max(row - radius, 0) : max(row + radius + 1, 0), max(column - radius, 0) : max(column + radius + 1, 0)
        ] = True
    rows, columns = np.nonzero(inside)
    _require_pixels(len(rows), shape)
    return rows, columns


def _require_pixels(count: int, shape: tuple[int, int]) -> None:
    if count < 2:
        raise DataError(
            f"head motion: the landmarks cover no part of the {shape[1]} × {shape[0]} flow field: "
            "do they belong to the aligned frame?"
        )


def _checked_points(points: Sequence[int]) -> tuple[int, ...]:
    known = bool(points) and all(isinstance(i, int) and 0 <= i < 68 for i in points)
    _require(known, "points", points, "landmarks of 0 to 67, at least one")
    return tuple(points)


def _require(condition: bool, field: str, value: object, allowed: str) -> None:
    if not condition:
        raise ConfigError(f"motion.{field} must be {allowed}, got {value}")
