"""Sums and histograms a region, for hard regions at a cost that does not depend on how many there are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from mer.types.arrays import Float32, Regions, Scalar

__all__ = ["ROUNDING", "Pooling", "label_maps", "pooling_of", "weight_maps"]

Float64 = NDArray[np.float64]
Index = NDArray[np.intp]
ROUNDING = 1e-9  # so that a share of 0.7 of 10 pixels is 7 of them, not 8


class Pooling(ABC):
    """The regions of a block of N fields, and the list of pixels that lie in them.

    All values are given for that list, as `pick` returns them.
    """

    @abstractmethod
    def pick(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return the values (N, H, W) at the pixels that lie in any region."""

    @abstractmethod
    def areas(self) -> Float64:
        """Return the size of each region in pixels, or the sum of its weights, shape (N, R) or (1, R)."""

    @abstractmethod
    def sums(self, values: Float32) -> Float64:
        """Return the sum of picked `values` over each region, shape (N, R)."""

    @abstractmethod
    def histograms(self, slots: Index, weights: Sequence[Float32], bins: int) -> list[Float64]:
        """Return the histograms (N, R, bins) of each of the picked `weights`; a pixel counts in bin ``slots % bins``.

        `slots` lie in [0, 3 · bins).
        """

    @abstractmethod
    def smooth_histograms(self, slots: Index, weights: Float32, shares: Float64) -> Float64:
        """Return histograms (N, R, bins) whose pixels count by ``shares[slot % fine]``, shape (fine, bins)."""

    @abstractmethod
    def top(self, values: Float32, share: float) -> Pooling:
        """Keep of each region only the `share` of its pixels with the largest picked `values` ≥ 0, ties included."""


def pooling_of(regions: Sequence[Regions], fields: int) -> Pooling:
    """Return the pooling for `fields` fields, with the regions of each or one set for all."""
    return _of_one_set(regions[0], fields) if len(regions) == 1 else _pooling(regions, fields)


@lru_cache(maxsize=2)  # the last block of a stack may be shorter than the others
def _of_one_set(regions: Regions, fields: int) -> Pooling:
    """Regions never change, so the pixels of a set that many fields share are listed once."""
    return _pooling((regions,), fields)


def _pooling(regions: Sequence[Regions], fields: int) -> Pooling:
    labels = label_maps(regions)
    if labels is None:
        return _Soft(np.stack([weight_maps(r) for r in regions]))
    return _hard(np.broadcast_to(labels, (fields, labels.shape[1])), len(regions[0]))


def label_maps(regions: Sequence[Regions]) -> NDArray[np.int16] | None:
    """Return the region of each pixel, shape (sets, pixels), −1 for none; None unless all regions are hard."""
    labels = [r.labels.ravel() for r in regions if r.labels is not None]
    return np.stack(labels) if len(labels) == len(regions) else None


def weight_maps(regions: Regions) -> Float32:
    """Return the weights (R, pixels) of soft regions, or of hard ones as 0 and 1."""
    if regions.weights is not None:
        return regions.weights.reshape(len(regions), -1)
    assert regions.labels is not None
    return (regions.labels.ravel() == np.arange(len(regions))[:, None]).astype(np.float32)


def _hard(labels: NDArray[np.int16], regions: int) -> _Hard:
    inside = labels >= 0
    where = None if inside.all() else np.flatnonzero(inside)
    index = labels.ravel().astype(np.intp) if where is None else labels.ravel().take(where).astype(np.intp)
    if len(labels) > 1:  # one running number for all regions of all fields
        field = np.repeat(np.arange(len(labels)), np.count_nonzero(inside, axis=1))
        index += regions * field
    return _Hard((len(labels), regions), where, index)


class _Hard(Pooling):
    """Each pixel in one region: its running number, or one more than the last for pixels that were dropped."""

    def __init__(self, shape: tuple[int, int], where: Index | None, index: Index) -> None:
        self._shape, self._where, self._index = shape, where, index
        self._size = shape[0] * shape[1]

    def pick(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        return values.ravel() if self._where is None else values.ravel().take(self._where)

    def areas(self) -> Float64:
        return self._areas

    @cached_property
    def _areas(self) -> Float64:
        return np.bincount(self._index, minlength=self._size)[: self._size].reshape(self._shape).astype(np.float64)

    def sums(self, values: Float32) -> Float64:
        total = np.bincount(self._index, values.astype(np.float64), minlength=self._size).astype(np.float64)
        return total[: self._size].reshape(self._shape)

    def histograms(self, slots: Index, weights: Sequence[Float32], bins: int) -> list[Float64]:
        cell = self._index * (3 * bins)
        cell += slots
        size = self._size * 3 * bins
        votes = (np.bincount(cell, weight, minlength=size)[:size] for weight in weights)
        return [vote.reshape(*self._shape, 3, bins).sum(axis=2) for vote in votes]

    def smooth_histograms(self, slots: Index, weights: Float32, shares: Float64) -> Float64:
        return self.histograms(slots, (weights,), len(shares))[0] @ shares

    def top(self, values: Float32, share: float) -> Pooling:
        # floats ≥ 0 sort as their bits do, so one sort of (region, value) gives all thresholds at once
        key = (self._index.astype(np.uint64) << np.uint64(32)) | values.view(np.uint32)
        count = np.bincount(self._index, minlength=self._size)
        kept = np.ceil(share * count - ROUNDING).astype(np.intp)
        place = (np.cumsum(count) - kept).clip(max=max(len(key) - 1, 0))
        threshold = np.sort(key)[place].astype(np.uint32).view(np.float32)
        return _Hard(self._shape, self._where, np.where(values >= threshold[self._index], self._index, self._size))


class _Soft(Pooling):
    """Each pixel in any number of regions, by its weights (N or 1, R, P); all pixels are picked."""

    def __init__(self, weights: Float32) -> None:
        self._weights = weights

    def pick(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        return values.reshape(len(values), -1)

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
        every = np.broadcast_to(self._weights, (len(values), *self._weights.shape[1:]))
        membership = np.take_along_axis(every, order, 2)
        upto = np.cumsum(membership, axis=2, dtype=np.float64)
        wanted = (share - ROUNDING) * upto[..., -1:]
        last = np.count_nonzero(upto - membership < wanted, axis=2)[..., None] - 1
        threshold = np.take_along_axis(np.take_along_axis(values[:, None], order, 2), last, 2)
        return _Soft(self._weights * (values[:, None] >= threshold))
