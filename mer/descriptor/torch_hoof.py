"""Histograms of oriented flow on torch, for big sets on a GPU: the same numbers as numpy's to 1e-5.

The only module of the descriptors that may import torch; `Hoof` imports it if a device is requested.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from mer.descriptor.directions import smoothing_matrix
from mer.descriptor.torch_pooling import TorchPooling, pooling_on
from mer.types import Float32, Regions

__all__ = ["Votes", "votes_on_device"]

Tensor = torch.Tensor
Votes = tuple[np.ndarray[Any, Any], TorchPooling, Tensor, Tensor | None]


class Settings(Protocol):
    """The settings that votes depend on: fields of `mer.descriptor.hoof.Hoof`, which says what they mean."""

    @property
    def bins(self) -> int: ...
    @property
    def phase(self) -> float: ...
    @property
    def binning(self) -> str: ...
    @property
    def sigma(self) -> float: ...
    @property
    def fine_bins(self) -> int: ...
    @property
    def weight(self) -> str: ...
    @property
    def gate(self) -> str: ...
    @property
    def gate_px(self) -> float: ...
    @property
    def gate_share(self) -> float: ...
    @property
    def needs_strain(self) -> bool: ...
    @property
    def device(self) -> str: ...


def votes_on_device(hoof: Settings, uv: Float32, regions: Sequence[Regions]) -> Votes:
    """Return the votes (N, R, bins) of fields (N, H, W, 2), and what `Hoof` weighs regions by.

    Returns
    -------
    votes : ndarray of float64, shape (N, R, bins)
    pooling : TorchPooling
        Its `areas` and `sums` are numpy's.
    magnitude, strain : Tensor
        At the pixels that the pooling picks; strain is None where no setting needs it.

    Notes
    -----
    A direction within rounding of a border between hard bins may fall on its other side.
    """
    field = torch.tensor(uv, device=hoof.device)
    pooling = pooling_on(regions, len(uv), field.device)
    u, v = (pooling.pick(field[..., k]) for k in (0, 1))
    magnitude = torch.sqrt(u * u + v * v)
    strain = pooling.pick(_strain(field)) if hoof.needs_strain else None
    gated = pooling.top(magnitude, hoof.gate_share) if hoof.gate == "top" else pooling
    return _votes(hoof, u, v, _weights(hoof, magnitude, strain), gated), pooling, magnitude, strain


def _strain(field: Tensor) -> Tensor:
    """See `mer.geometry.strain.optical_strain`; central differences, one-sided ones at the border."""
    u_y, u_x = torch.gradient(field[..., 0], dim=(1, 2))
    v_y, v_x = torch.gradient(field[..., 1], dim=(1, 2))
    return torch.sqrt(u_x**2 + v_y**2 + 0.5 * (u_y + v_x) ** 2)


def _weights(hoof: Settings, magnitude: Tensor, strain: Tensor | None) -> Tensor:
    if hoof.weight == "magnitude":
        weights = magnitude
    elif hoof.weight == "log1p":
        weights = torch.log1p(magnitude)
    elif strain is not None and hoof.weight == "strain":
        weights = torch.where(magnitude > 0, strain, 0.0)
    else:
        weights = (magnitude > 0).to(magnitude.dtype)
    # the threshold in single precision, as numpy compares it
    return (
        torch.where(magnitude >= float(np.float32(hoof.gate_px)), weights, 0.0) if hoof.gate == "absolute" else weights
    )


def _votes(hoof: Settings, u: Tensor, v: Tensor, weights: Tensor, pooling: TorchPooling) -> np.ndarray[Any, Any]:
    if hoof.binning == "linear":
        place = _position(u, v, hoof.bins, hoof.phase)
        slots = place.to(torch.int64)
        every = pooling.histograms(slots % hoof.bins, weights, hoof.bins)
        moved = pooling.histograms(slots % hoof.bins, weights * (place - slots), hoof.bins)
        return np.maximum(every - moved, 0) + np.roll(moved, 1, axis=2)
    if hoof.binning == "hard":
        slots = _position(u, v, hoof.bins, hoof.phase - 0.5).to(torch.int64)
        return pooling.histograms(slots % hoof.bins, weights, hoof.bins)
    fine, phase = hoof.fine_bins, hoof.phase * hoof.fine_bins / hoof.bins
    slots = _position(u, v, fine, phase - 0.5).to(torch.int64)
    shares = smoothing_matrix(fine, hoof.bins, hoof.phase, hoof.sigma)
    return pooling.smooth_histograms(slots % fine, weights, shares)


def _position(u: Tensor, v: Tensor, bins: int, phase: float) -> Tensor:
    """Return the direction in bin widths, always positive, as `mer.descriptor.directions` does."""
    return torch.atan2(v, u) * float(np.float32(bins / (2 * np.pi))) + float(np.float32(bins - phase))
