"""Histograms of oriented optical flow, one function with all the choices that the literature makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.base import FlowDescriptor
from mer.descriptor.directions import bin_centres, linear_votes, nearest_votes, picked_components, smoothing_matrix
from mer.descriptor.norms import NORMS, normalised
from mer.descriptor.pooling import Pooling, pooling_of
from mer.errors import ConfigError
from mer.geometry.strain import optical_strain
from mer.store.roles import device
from mer.types import Float32, FlowField, Regions
from mer.validation import require_choice, require_device, require_integer, require_number, require_present

__all__ = ["Hoof"]

Float64 = NDArray[np.float64]
_NO_GPU = ("numpy", "cpu")  # devices that are there on every machine
_REGION_WEIGHTS = ("none", "area", "strain", "mean_strain")
_Votes = tuple[Float64, Any, Any, Any]  # votes, pooling, magnitude, strain: arrays of numpy or tensors


@dataclass(frozen=True, kw_only=True)
class Hoof(FlowDescriptor):
    """For each region, how much of the motion goes into which direction.

    In this order: every pixel that passes the gate votes with its weight for the bins of its direction; the votes of a
    region are summed; mirrored bins are folded; area; quiet regions are zeroed; norm of each region; strain; norm of
    the whole row.

    Parameters
    ----------
    bins : int
        Directions over the full circle; ≥ 2.
    phase : float
        Centre of the first bin, in bin widths from 0° (to the right); in [0, 1]. At 0, purely horizontal and vertical
        motion falls into the middle of bins; at 0.5, on the border between two, where noise decides.
    binning : {"hard", "linear", "gaussian"}
        All to the nearest bin; shared between the nearest two; shared among all by a circular Gaussian.
    sigma : float
        Of ``gaussian``, in bin widths; > 0.
    fine_bins : int
        Of ``gaussian``: directions are first counted in this many steps around the circle, then smoothed; ≥ `bins`.
    weight : {"magnitude", "log1p", "count", "strain"}
        What a pixel counts: its magnitude ρ in pixels, log(1 + ρ), 1, or its optical strain. A vector of length 0 has
        no direction and never counts.
    gate : {"none", "absolute", "top"}
        Which pixels count: all; ρ ≥ `gate_px`; the share `gate_share` of the region with the largest ρ.
    gate_px : float
        Pixels; ≥ 0.
    gate_share : float
        In (0, 1].
    symmetric : bool
        Fold each bin onto its mirror image about the vertical axis: left and right count as one.
    region_gate : float
        Zero regions whose mean magnitude is below this share of the region that moves most; in [0, 1], 0 keeps all.
    region_weight : {"none", "area", "strain", "mean_strain"}
        ``area`` divides by the region's number of pixels (before its norm); ``strain`` multiplies by its sum of strain
        (after its norm), so that large regions weigh more where they differ in size; ``mean_strain`` by its mean.
    device : str
        ``numpy``, or a device of torch, ``cpu``, ``cuda`` or ``cuda:N``, which agrees with numpy to 1e-5 and pays off
        for big sets given to `batch`.
    region_norm, vector_norm : {"none", "l1", "l2", "sqrt"}
        Norm of each region's histogram, and of the whole row. ``sqrt``: root of the L1-normalised values (Hellinger).

    Notes
    -----
    Differs from Chaudhry et al. in keeping left and right apart unless `symmetric`, as usual for faces, and in the
    choices above. With ``region_norm=l1`` alone, the row says where a region moves but not how much, and a still
    region's noise weighs as much as a moving one's signal.

    References
    ----------
    Chaudhry, Ravichandran, Hager, Vidal: Histograms of oriented optical flow and Binet-Cauchy kernels on nonlinear
    dynamical systems for the recognition of human actions. CVPR 2009. doi:10.1109/CVPR.2009.5206821
    """

    bins: int
    phase: float
    binning: str
    sigma: float
    fine_bins: int
    weight: str
    gate: str
    gate_px: float
    gate_share: float
    symmetric: bool
    region_gate: float
    region_weight: str
    region_norm: str
    vector_norm: str
    device: str = device()

    def __post_init__(self) -> None:
        require_integer("descriptor.bins", self.bins, low=2)
        require_number("descriptor.phase", self.phase, low=0, high=1)
        require_choice("descriptor.binning", self.binning, ("hard", "linear", "gaussian"))
        require_number("descriptor.sigma", self.sigma, low=0, above=True)
        require_integer("descriptor.fine_bins", self.fine_bins, low=self.bins if self.binning == "gaussian" else 2)
        require_choice("descriptor.weight", self.weight, ("magnitude", "log1p", "count", "strain"))
        require_choice("descriptor.gate", self.gate, ("none", "absolute", "top"))
        require_number("descriptor.gate_px", self.gate_px, low=0)
        require_number("descriptor.gate_share", self.gate_share, low=0, high=1, above=True)
        require_number("descriptor.region_gate", self.region_gate, low=0, high=1)
        require_choice("descriptor.region_weight", self.region_weight, _REGION_WEIGHTS)
        require_choice("descriptor.region_norm", self.region_norm, NORMS)
        require_choice("descriptor.vector_norm", self.vector_norm, NORMS)
        require_device("descriptor.device", self.device, _NO_GPU)
        if self.symmetric and (self.bins - 4 * self.phase) % 2:
            raise ConfigError(
                f"descriptor.symmetric with bins={self.bins}, phase={self.phase}: bins are not mirror images; "
                "take an even number of bins with phase 0 or 0.5"
            )

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return names such as ``brow_left_1:+045deg``: region, centre of the bin."""
        centres = bin_centres(self.bins, self.phase)
        if self.symmetric:
            centres = centres[self._right_half()]
        return tuple(f"{name}:{_degrees(centre)}" for name in regions.names for centre in centres)

    def roses(self, flow: FlowField, regions: Regions) -> tuple[Float64, Float64]:
        """Return each region's histogram as it is before any norm or folding, and where its bins point; for a picture.

        Returns
        -------
        roses : ndarray, shape (R, bins)
            Sums of the weights.
        angles : ndarray, shape (bins,)
            Radians, 0 to the right, π/2 down.
        """
        plain = replace(
            self, symmetric=False, region_gate=0.0, region_weight="none", region_norm="none", vector_norm="none"
        )
        roses = plain(flow, regions).reshape(len(regions), self.bins).astype(np.float64)
        return roses, np.radians(bin_centres(self.bins, self.phase))

    def rows(self, uv: Float32, regions: Sequence[Regions]) -> Float32:
        """Return the rows (N, D) of fields (N, H, W, 2); see `FlowDescriptor.batch`."""
        if self.device == "numpy":
            votes: _Votes = self._votes(uv, regions)
        else:
            require_present("descriptor.device", self.device, _NO_GPU)
            from mer.descriptor.torch_hoof import votes_on_device

            votes = votes_on_device(self, uv, regions)
        histograms, pooling, magnitude, strain = votes
        histograms = self._folded(histograms) if self.symmetric else histograms
        histograms = self._weigh_regions(histograms, pooling, magnitude, strain)
        return normalised(histograms.reshape(len(uv), -1), self.vector_norm).astype(np.float32)

    @property
    def needs_strain(self) -> bool:
        """Whether pixels or regions are weighed by their strain."""
        return "strain" in (self.weight, *self.region_weight.split("_"))

    @property
    def block_pixels(self) -> int:
        """Pixels of a block of fields: what stays in the processor's cache, or keeps a GPU busy."""
        return super().block_pixels if self.device == "numpy" else 1 << 22

    def _votes(self, uv: Float32, regions: Sequence[Regions]) -> _Votes:
        """Return votes (N, R, bins), and what regions are weighed by: pooling, magnitude and, if needed, strain."""
        pooling = pooling_of(regions, len(uv))
        u, v = picked_components(uv, pooling)
        magnitude: Float32 = np.sqrt(u * u + v * v)
        strain = pooling.pick(optical_strain(uv)) if self.needs_strain else None
        gated = pooling.top(magnitude, self.gate_share) if self.gate == "top" else pooling
        return self._histograms(u, v, self._weights(magnitude, strain), gated), pooling, magnitude, strain

    def _weights(self, magnitude: Float32, strain: Float32 | None) -> Float32:
        if self.weight == "magnitude":
            weights = magnitude
        elif self.weight == "log1p":
            weights = np.log1p(magnitude)
        elif strain is not None and self.weight == "strain":
            weights = np.where(magnitude > 0, strain, np.float32(0))
        else:
            weights = (magnitude > 0).astype(np.float32)
        return np.where(magnitude >= self.gate_px, weights, np.float32(0)) if self.gate == "absolute" else weights

    def _histograms(self, u: Float32, v: Float32, weights: Float32, pooling: Pooling) -> Float64:
        """Return the votes (N, R, bins)."""
        if self.binning == "hard":
            slots = nearest_votes(u, v, self.bins, self.phase)
            return pooling.histograms(slots, (weights,), self.bins)[0]
        if self.binning == "linear":
            slots, share = linear_votes(u, v, self.bins, self.phase)
            every, moved = pooling.histograms(slots, (weights, weights * share), self.bins)
            stayed = np.maximum(every - moved, 0)  # rounding must not go below zero
            return stayed + np.roll(moved, 1, axis=2)
        slots = nearest_votes(u, v, self.fine_bins, self.phase * self.fine_bins / self.bins)
        shares = smoothing_matrix(self.fine_bins, self.bins, self.phase, self.sigma)
        return pooling.smooth_histograms(slots, weights, shares)

    def _weigh_regions(self, histograms: Float64, pooling: Any, magnitude: Any, strain: Any) -> Float64:
        """Weigh and norm regions; `pooling` sums the other two, arrays of numpy or tensors, to arrays."""
        if self.region_weight == "area" or self.region_gate > 0:
            area = pooling.areas()
            if self.region_weight == "area":
                histograms = histograms / area[..., None]
            if self.region_gate > 0:
                mean = pooling.sums(magnitude) / area
                loud = mean >= self.region_gate * mean.max(axis=1, keepdims=True)
                histograms = histograms * loud[..., None]
        histograms = normalised(histograms, self.region_norm)
        if strain is not None and self.region_weight in ("strain", "mean_strain"):
            size = pooling.areas() if self.region_weight == "mean_strain" else 1.0
            histograms = histograms * (pooling.sums(strain) / size)[..., None]
        return histograms

    def _mirror(self) -> NDArray[np.intp]:
        """Return for each bin the number of its mirror image about the vertical axis."""
        return (round(self.bins / 2 - 2 * self.phase) - np.arange(self.bins)) % self.bins

    def _right_half(self) -> NDArray[np.intp]:
        """Return the bins that point to the right, up or down, in order."""
        return np.flatnonzero(np.abs(bin_centres(self.bins, self.phase)) <= 90.0 + 1e-9)

    def _folded(self, histograms: Float64) -> Float64:
        mirror, keep = self._mirror(), self._right_half()
        return np.where(
            mirror[keep] == keep, histograms[..., keep], histograms[..., keep] + histograms[..., mirror[keep]]
        )


def _degrees(centre: float) -> str:
    text = f"{abs(centre):05.1f}".removesuffix(".0")
    return f"{'-' if centre < 0 else '+'}{text}deg"
