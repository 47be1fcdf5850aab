"""MDMO: of each region, the mean motion in its main direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.base import FlowDescriptor
from mer.descriptor.directions import nearest_votes, picked_components
from mer.descriptor.pooling import pooling_of
from mer.types import Float32, Regions
from mer.validation import require_choice, require_integer, require_number

__all__ = ["Mdmo"]

Float64 = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Mdmo(FlowDescriptor):
    """Magnitude and direction of a region's main motion.

    The directions of a region are counted in bins; of the vectors in the fullest bin, the mean magnitude ρ and the mean
    direction θ are kept. The row is β·ρ (divided by the largest ρ of the face), then (1 − β)·θ.

    Parameters
    ----------
    bins : int
        Directions over the full circle; ≥ 2.
    phase : float
        Centre of the first bin, in bin widths from 0°; in [0, 1].
    beta : float
        Weight of the magnitudes against the directions; in [0, 1].
    angle : {"radians", "cos_sin"}
        θ in (−π, π], as published, or as two columns cos θ and sin θ, which do not jump where left meets left.

    Notes
    -----
    Differs from the paper in the mean of directions: it is circular, atan2(Σ sin θ, Σ cos θ), so that 359° and 1° give
    0° and not 180°. Vectors of length 0 have no direction and are not counted. A region without motion has ρ = θ = 0.
    Of equally full bins the first wins. `sequence` averages over time in Cartesian form, as published.

    References
    ----------
    Liu, Zhang, Yan, Wang, Zhao, Fu: A main directional mean optical flow feature for spontaneous micro-expression
    recognition. IEEE Trans. Affective Computing 7(4), 2016. doi:10.1109/TAFFC.2015.2485205
    """

    bins: int
    phase: float
    beta: float
    angle: str

    def __post_init__(self) -> None:
        require_integer("descriptor.bins", self.bins, low=2)
        require_number("descriptor.phase", self.phase, low=0, high=1)
        require_number("descriptor.beta", self.beta, low=0, high=1)
        require_choice("descriptor.angle", self.angle, ("radians", "cos_sin"))

    @property
    def amounts(self) -> bool:
        """False: half of the entries are directions."""
        return False

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return names such as ``brow_left_1:magnitude``, then ``brow_left_1:direction``."""
        kinds = ("magnitude", "direction") if self.angle == "radians" else ("magnitude", "cos", "sin")
        return tuple(f"{name}:{kind}" for kind in kinds for name in regions.names)

    def rows(self, uv: Float32, regions: Sequence[Regions]) -> Float32:
        """Return the rows (N, D) of fields (N, H, W, 2); see `FlowDescriptor.batch`."""
        return self._features(self._main_vectors(uv, regions))

    def sequence(self, flows: Float32, regions: Regions) -> Float32:
        """Return one row for a sequence of fields (T, H, W, 2): main motions are averaged as vectors over time."""
        vectors = [self._main_vectors(np.asarray(flow, np.float32)[None], [regions])[0] for flow in flows]
        return self._features(np.mean(vectors, axis=0)[None])[0]

    def _main_vectors(self, uv: Float32, regions: Sequence[Regions]) -> Float64:
        """Return the main motion (N, R, 2) of each region: mean magnitude in the mean direction of the fullest bin."""
        pooling = pooling_of(regions, len(uv))
        u, v = picked_components(uv, pooling)
        magnitude: Float32 = np.sqrt(u * u + v * v)
        moving = (magnitude > 0).astype(np.float32)
        length = np.where(magnitude > 0, magnitude, np.float32(1)).astype(np.float32)
        slots = nearest_votes(u, v, self.bins, self.phase)
        values: tuple[Float32, ...] = (moving, magnitude, u / length, v / length)
        parts = pooling.histograms(slots, values, self.bins)
        fullest = parts[0].argmax(axis=2)[..., None]
        count, speed, cos, sin = (np.take_along_axis(part, fullest, axis=2)[..., 0] for part in parts)
        size = np.hypot(cos, sin)
        mean = np.divide(speed, count, out=np.zeros_like(speed), where=count > 0)
        scale = np.divide(mean, size, out=np.zeros_like(mean), where=size > 0)
        return np.stack([scale * cos, scale * sin], axis=2)

    def _features(self, vectors: Float64) -> Float32:
        magnitude = np.hypot(vectors[..., 0], vectors[..., 1])
        largest = magnitude.max(axis=1, keepdims=True)
        relative = np.divide(magnitude, largest, out=np.zeros_like(magnitude), where=largest > 0)
        if self.angle == "radians":
            directions = np.arctan2(vectors[..., 1], vectors[..., 0])
        else:
            unit = np.divide(vectors, magnitude[..., None], out=np.zeros_like(vectors), where=magnitude[..., None] > 0)
            directions = np.concatenate([unit[..., 0], unit[..., 1]], axis=1)
        return np.concatenate([self.beta * relative, (1 - self.beta) * directions], axis=1).astype(np.float32)
