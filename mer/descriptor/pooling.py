"""Sums and histograms a region, for hard regions at a cost that does not depend on how many there are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.types import Float32, Regions

__all__ = ["Pooling", "pooling_of"]

Float64 = NDArray[np.float64]
Index = NDArray[np.intp]
_ROUNDING = 1e-9  # so that a share of 0.7 of 10 pixels is 7 of them, not 8


class Pooling(ABC):
    """The regions of a block of N fields with P pixels each."""

    @abstractmethod
    def areas(self) -> Float64:
        """Return the size of each region in pixels, or the sum of its weights, shape (N, R) or (1, R)."""

    @abstractmethod
    def sums(self, values: Float32) -> Float64:
        """Return the sum of `values` (N, P) over each region, shape (N, R)."""

    @abstractmethod
    def histograms(self, slots: Index, weights: Sequence[Float32], bins: int) -> list[Float64]:
        """Return the histograms (N, R, bins) of each of the `weights` (N, P).

        Pixel p of field n counts in bin ``slots[n, p] % bins``; `slots` lie in [0, 3 · bins).
        """

    @abstractmethod
    def smooth_histograms(self, slots: Index, weights: Float32, shares: Float64) -> Float64:
        """Return histograms (N, R, bins) whose pixels count by ``shares[slot % fine]``, shape (fine, bins)."""

    @abstractmethod
    def top(self, values: Float32, share: float) -> Pooling:
        """Keep of each region only the `share` of its pixels with the largest `values` (N, P) ≥ 0, ties included."""


def pooling_of(regions: Sequence[Regions], fields: int) -> Pooling:
    """Return the pooling for `fields` fields, with the regions of each or one set for all."""
    if all(r.labels is not None for r in regions):
        labels = np.stack([r.labels.ravel() for r in regions if r.labels is not None])
        return _Hard(labels, len(regions[0]), fields)
    return _Soft(np.stack([_weights(r) for r in regions]))


def _weights(regions: Regions) -> Float32:
    if regions.weights is not None:
        return regions.weights.reshape(len(regions), -1)
    assert regions.labels is not None
    return (regions.labels.ravel() == np.arange(len(regions))[:, None]).astype(np.float32)


class _Hard(Pooling):
    def __init__(self, labels: NDArray[Any], regions: int, fields: int) -> None:
        # one running number for all regions of all fields; number 0 of each field takes what lies outside
        self._regions, self._fields = regions, fields
        self._index = labels + (1 + (regions + 1) * np.arange(fields, dtype=np.intp)[:, None])

    def areas(self) -> Float64:
        size = self._fields * (self._regions + 1)
        return np.bincount(self._index.ravel(), minlength=size).reshape(self._fields, -1)[:, 1:].astype(np.float64)

    def sums(self, values: Float32) -> Float64:
        size = self._fields * (self._regions + 1)
        total = np.bincount(self._index.ravel(), values.ravel().astype(np.float64), minlength=size).astype(np.float64)
        return total.reshape(self._fields, -1)[:, 1:]

    def histograms(self, slots: Index, weights: Sequence[Float32], bins: int) -> list[Float64]:
        size = self._fields * (self._regions + 1) * 3 * bins
        cell = (self._index * (3 * bins) + slots).ravel()
        votes = (np.bincount(cell, weight.ravel(), minlength=size) for weight in weights)
        return [vote.reshape(self._fields, -1, 3, bins).sum(axis=2)[:, 1:] for vote in votes]

    def smooth_histograms(self, slots: Index, weights: Float32, shares: Float64) -> Float64:
        return self.histograms(slots, (weights,), len(shares))[0] @ shares

    def top(self, values: Float32, share: float) -> Pooling:
        # floats ≥ 0 sort as their bits do, so one sort of (region, value) gives all thresholds at once
        key = (self._index.astype(np.uint64) << np.uint64(32)) | values.view(np.uint32)
        count = np.bincount(self._index.ravel(), minlength=self._fields * (self._regions + 1))
        kept = np.ceil(share * count - _ROUNDING).astype(np.intp)
        place = np.maximum(np.cumsum(count) - kept, 0).clip(max=key.size - 1)
        threshold = np.sort(key, axis=None)[place].astype(np.uint32).view(np.float32)
        gated = _Hard(np.zeros((self._fields, 0), dtype=np.intp), self._regions, self._fields)
        outside = (self._regions + 1) * np.arange(self._fields)[:, None]
        gated._index = np.where(values >= threshold[self._index], self._index, outside)
        return gated


class _Soft(Pooling):
    def __init__(self, weights: Float32) -> None:
        self._weights = weights

    def areas(self) -> Float64:
        return self._weights.sum(axis=2, dtype=np.float64)

    def sums(self, values: Float32) -> Float64:
        return np.matmul(self._weights, values[..., None])[..., 0].astype(np.float64)

    def histograms(self, slots: Index, weights: Sequence[Float32], bins: int) -> list[Float64]:
        which = (np.arange(3 * bins) % bins)[slots] + bins * np.arange(slots.size).reshape(slots.shape)
        votes = np.zeros((len(weights), slots.size * bins), dtype=np.float32)
        for vote, weight in zip(votes, weights, strict=True):
            vote[which] = weight
        return [np.matmul(self._weights, vote.reshape(*slots.shape, bins)).astype(np.float64) for vote in votes]

    def smooth_histograms(self, slots: Index, weights: Float32, shares: Float64) -> Float64:
        votes = np.tile(shares.astype(np.float32), (3, 1))[slots] * weights[..., None]
        return np.matmul(self._weights, votes).astype(np.float64)

    def top(self, values: Float32, share: float) -> Pooling:
        order = np.argsort(-values, axis=1)[:, None]
        membership = np.take_along_axis(
            np.broadcast_to(self._weights, (len(values), *self._weights.shape[1:])), order, 2
        )
        upto = np.cumsum(membership, axis=2, dtype=np.float64)
        wanted = (share - _ROUNDING) * upto[..., -1:]
        last = np.count_nonzero(upto - membership < wanted, axis=2)[..., None] - 1
        threshold = np.take_along_axis(np.take_along_axis(values[:, None], order, 2), last, 2)
        return _Soft(self._weights * (values[:, None] >= threshold))
