"""What all descriptors share: one field, or any number of them in blocks of bounded memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from mer.errors import DataError
from mer.types import Float32, FlowField, Regions

__all__ = ["FlowDescriptor"]

_BLOCK_PIXELS = 1 << 16  # a block of fields stays in the processor's cache; measured, larger blocks are slower


class FlowDescriptor(ABC):
    """A descriptor that computes the rows of several fields in one pass."""

    @property
    def amounts(self) -> bool:
        """Whether every entry is an amount, which can be shrunk towards 0."""
        return True

    @property
    def block_pixels(self) -> int:
        """Pixels of the block of fields that is computed at once."""
        return _BLOCK_PIXELS

    @abstractmethod
    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return the D names of a row's entries."""

    @abstractmethod
    def rows(self, uv: Float32, regions: Sequence[Regions]) -> Float32:
        """Return the rows (N, D) of fields (N, H, W, 2), with the regions of each field or one set for all."""

    def __call__(self, flow: FlowField, regions: Regions) -> Float32:
        """Return the feature row of one field.

        Parameters
        ----------
        flow : FlowField
            Height and width as the regions'.
        regions : Regions

        Returns
        -------
        ndarray of float32, shape (D,)
            Finite; all zero for a field without motion.

        Raises
        ------
        DataError
            If flow and regions have different sizes.
        """
        return self.batch(flow.uv[None], [regions])[0]

    def batch(self, flows: Float32, regions: Sequence[Regions]) -> Float32:
        """Return the feature rows of many fields; the same values as one by one.

        Parameters
        ----------
        flows : ndarray of float32, shape (N, H, W, 2)
            May be memory-mapped: only one block of fields is read at a time.
        regions : sequence of Regions
            One a field, or a single one for all; the same names throughout.

        Returns
        -------
        ndarray of float32, shape (N, D)

        Raises
        ------
        DataError
            If sizes, names or numbers do not fit.
        """
        _check(flows, regions)
        step = max(1, self.block_pixels // (flows.shape[1] * flows.shape[2]))
        blocks = (slice(start, start + step) for start in range(0, len(flows), step))
        rows = [
            self.rows(np.ascontiguousarray(flows[b], dtype=np.float32), regions if len(regions) == 1 else regions[b])
            for b in blocks
        ]
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def sequence(self, flows: Float32, regions: Regions) -> Float32:
        """Return one row for a sequence of fields (T, H, W, 2) in one set of regions: the mean of their rows."""
        return self.batch(flows, [regions]).mean(axis=0)


def _check(flows: Float32, regions: Sequence[Regions]) -> None:
    if flows.ndim != 4 or flows.shape[3] != 2 or not len(flows):
        raise DataError(f"flows must have shape (N, H, W, 2) with N of at least 1, got {flows.shape}")
    if len(regions) not in (1, len(flows)):
        raise DataError(
            f"{len(flows)} flow fields need {len(flows)} sets of regions or one for all, got {len(regions)}"
        )
    for r in regions:
        if r.shape != flows.shape[1:3]:
            raise DataError(
                f"flow of {flows.shape[1:3]} and regions of {r.shape} pixels: both need one height and width"
            )
        if r.names != regions[0].names:
            raise DataError("all fields of a batch need the same regions: one row would mean something else")
