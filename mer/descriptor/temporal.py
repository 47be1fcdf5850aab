"""A descriptor over a sequence of fields, cut into segments of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mer.checks import require_choice, require_integer
from mer.descriptor.base import FlowDescriptor
from mer.errors import DataError
from mer.types import Float32, Regions

__all__ = ["Temporal"]


@dataclass(frozen=True, kw_only=True)
class Temporal:
    """Pool the rows of a sequence's fields within each of several segments, and put the segments side by side.

    Parameters
    ----------
    descriptor : FlowDescriptor
        Of one field.
    pooling : {"mean", "max"}
        ``mean`` is the descriptor's own (of vectors for MDMO), ``max`` the largest value of each entry.
    segments : int
        Parts of equal length, up to one field; ≥ 1.
    """

    descriptor: FlowDescriptor
    pooling: str
    segments: int

    def __post_init__(self) -> None:
        require_choice("descriptor.pooling", self.pooling, ("mean", "max"))
        require_integer("descriptor.segments", self.segments, low=1)

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return the columns of the descriptor, opened by ``part1:`` and so on where there are several segments."""
        columns = self.descriptor.columns(regions)
        if self.segments == 1:
            return columns
        return tuple(f"part{i + 1}:{column}" for i in range(self.segments) for column in columns)

    def __call__(self, flows: Float32, regions: Regions) -> Float32:
        """Return the row of a sequence.

        Parameters
        ----------
        flows : ndarray of float32, shape (T, H, W, 2)
            Fields in order of time, such as onset → each frame; T ≥ segments.
        regions : Regions
            Of the onset; the same for all fields.

        Returns
        -------
        ndarray of float32, shape (segments · D,)

        Raises
        ------
        DataError
            Where the sequence is shorter than the number of segments.
        """
        if len(flows) < self.segments:
            raise DataError(
                f"a sequence of {len(flows)} fields cannot be cut into {self.segments} segments; take fewer"
            )
        parts = np.array_split(flows, self.segments)
        if self.pooling == "mean":
            return np.concatenate([self.descriptor.sequence(part, regions) for part in parts])
        return np.concatenate([self.descriptor.batch(part, [regions]).max(axis=0) for part in parts])
