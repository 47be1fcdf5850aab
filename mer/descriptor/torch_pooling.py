"""Sums and histograms a region on torch; see `mer.descriptor.pooling`, whose numbers these are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mer.descriptor.pooling import ROUNDING, label_maps, weight_maps
from mer.types import Regions

__all__ = ["TorchPooling", "pooling_on"]

Tensor = torch.Tensor
Float64 = NDArray[np.float64]
# Hard regions are summed in whole numbers of 2^-32: no order of adding, which a GPU does not keep, can change them.
_UNIT = float(1 << 32)


class TorchPooling(ABC):
    """The regions of N fields on a device; picked values are tensors, sums come back as arrays."""

    @abstractmethod
    def pick(self, values: Tensor) -> Tensor:
        """Return the values (N, H, W) in the order of the pooling's pixels."""

    @abstractmethod
    def areas(self) -> Float64:
        """Return the size of each region in pixels, or the sum of its weights, shape (N, R) or (1, R)."""

    @abstractmethod
    def sums(self, values: Tensor) -> Float64:
        """Return the sum of picked `values` over each region, shape (N, R)."""

    @abstractmethod
    def histograms(self, bins_of: Tensor, weights: Tensor, bins: int) -> Float64:
        """Return histograms (N, R, bins) of the picked `weights`; `bins_of` lie in [0, bins)."""

    @abstractmethod
    def smooth_histograms(self, fine: Tensor, weights: Tensor, shares: Float64) -> Float64:
        """Return histograms (N, R, bins) whose pixels count by ``shares[fine]``, shape (fine bins, bins)."""

    @abstractmethod
    def top(self, values: Tensor, share: float) -> TorchPooling:
        """Keep of each region only the `share` of its pixels with the largest picked `values` ≥ 0, ties included."""


def pooling_on(regions: Sequence[Regions], fields: int, device: torch.device) -> TorchPooling:
    """Return the pooling for `fields` fields, with the regions of each or one set for all."""
    labels, count = label_maps(regions), len(regions[0])
    if labels is None:
        return _Soft(torch.tensor(np.stack([weight_maps(r) for r in regions]), device=device))
    index = torch.tensor(labels, dtype=torch.int64, device=device).expand(fields, -1)
    index = torch.where(index >= 0, index + count * torch.arange(fields, device=device)[:, None], fields * count)
    return _Hard((fields, count), index.reshape(-1))


class _Hard(TorchPooling):
    """Each pixel in one region: its running number, or one more than the last for pixels in none."""

    def __init__(self, shape: tuple[int, int], index: Tensor) -> None:
        self._shape, self._index = shape, index
        self._size = shape[0] * shape[1]

    def pick(self, values: Tensor) -> Tensor:
        return values.reshape(-1)

    def areas(self) -> Float64:
        return self._count()[:-1].reshape(self._shape).cpu().numpy().astype(np.float64)

    def sums(self, values: Tensor) -> Float64:
        return self._whole(self._index, values, 1)[..., 0]

    def histograms(self, bins_of: Tensor, weights: Tensor, bins: int) -> Float64:
        return self._whole(self._index * bins + bins_of, weights, bins)

    def smooth_histograms(self, fine: Tensor, weights: Tensor, shares: Float64) -> Float64:
        return np.asarray(self.histograms(fine, weights, len(shares)) @ shares)

    def top(self, values: Tensor, share: float) -> TorchPooling:
        # floats ≥ 0 sort as their bits do, so one sort of (region, value) gives all thresholds at once
        key = (self._index << 32) | values.view(torch.int32).to(torch.int64)
        count = self._count()
        kept = torch.ceil(share * count.to(torch.float64) - ROUNDING).to(torch.int64)
        place = (torch.cumsum(count, 0) - kept).clamp(max=max(len(key) - 1, 0))
        threshold = (torch.sort(key).values[place] & 0xFFFFFFFF).to(torch.int32).view(torch.float32)
        return _Hard(self._shape, torch.where(values >= threshold[self._index], self._index, self._size))

    def _count(self) -> Tensor:
        return torch.bincount(self._index, minlength=self._size + 1)

    def _whole(self, cell: Tensor, weights: Tensor, bins: int) -> Float64:
        total = torch.zeros((self._size + 1) * bins, dtype=torch.int64, device=cell.device)
        total.scatter_add_(0, cell, torch.round(weights.to(torch.float64) * _UNIT).to(torch.int64))
        return np.asarray(total[: self._size * bins].reshape(*self._shape, bins).cpu().numpy() / _UNIT)


class _Soft(TorchPooling):
    """Each pixel in any number of regions, by its weights (N or 1, R, P)."""

    def __init__(self, weights: Tensor) -> None:
        self._weights = weights

    def pick(self, values: Tensor) -> Tensor:
        return values.reshape(len(values), -1)

    def areas(self) -> Float64:
        return self._weights.sum(dim=2, dtype=torch.float64).cpu().numpy()

    def sums(self, values: Tensor) -> Float64:
        return _array(torch.matmul(self._weights, values[..., None])[..., 0])

    def histograms(self, bins_of: Tensor, weights: Tensor, bins: int) -> Float64:
        votes = torch.zeros(*weights.shape, bins, dtype=weights.dtype, device=weights.device)
        votes.scatter_(2, bins_of[..., None], weights[..., None])
        return _array(torch.matmul(self._weights, votes))

    def smooth_histograms(self, fine: Tensor, weights: Tensor, shares: Float64) -> Float64:
        table = torch.tensor(shares, dtype=weights.dtype, device=weights.device)
        return _array(torch.matmul(self._weights, table[fine] * weights[..., None]))

    def top(self, values: Tensor, share: float) -> TorchPooling:
        every = self._weights.expand(len(values), -1, -1)
        order = torch.argsort(-values, dim=1, stable=True)[:, None].expand_as(every)
        member = torch.take_along_dim(every, order, 2)
        upto = torch.cumsum(member, 2, dtype=torch.float64)
        last = torch.count_nonzero(upto - member < (share - ROUNDING) * upto[..., -1:], dim=2)[..., None] - 1
        sorted_values = torch.take_along_dim(values[:, None].expand_as(every), order, 2)
        threshold = torch.take_along_dim(sorted_values, last, 2)
        return _Soft(self._weights * (values[:, None] >= threshold))


def _array(values: Tensor) -> Any:
    return values.cpu().numpy().astype(np.float64)
