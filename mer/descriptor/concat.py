"""Several descriptors side by side in one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mer.descriptor.base import FlowDescriptor
from mer.descriptor.norms import normalised
from mer.errors import ConfigError
from mer.types import Float32, Regions
from mer.validation import require_choice

__all__ = ["Concat"]


@dataclass(frozen=True, kw_only=True)
class Concat(FlowDescriptor):
    """The rows of several descriptors, one after the other.

    Parameters
    ----------
    parts : mapping of str to descriptor
        Names, which open the columns' names, and descriptors, in order.
    norm : {"none", "l1", "l2"}
        Of each part's row, so that none outweighs the others by its scale alone.
    """

    parts: Mapping[str, FlowDescriptor]
    norm: str

    def __post_init__(self) -> None:
        if not self.parts:
            raise ConfigError("descriptor.parts is empty: name at least one descriptor, such as parts.hoof")
        for name, part in self.parts.items():
            if not isinstance(part, FlowDescriptor):
                raise ConfigError(
                    f"descriptor.parts.{name} is no descriptor; give it a _target_, as in conf/descriptor"
                )
        require_choice("descriptor.norm", self.norm, ("none", "l1", "l2"))

    @property
    def amounts(self) -> bool:
        """Whether all parts hold amounts alone."""
        return all(part.amounts for part in self.parts.values())

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return names such as ``hoof:brow_left_1:+045deg``."""
        return tuple(f"{name}:{column}" for name, part in self.parts.items() for column in part.columns(regions))

    def rows(self, uv: Float32, regions: Sequence[Regions]) -> Float32:
        """Return the rows (N, D) of fields (N, H, W, 2); see `FlowDescriptor.batch`."""
        return self._joined([part.rows(uv, regions) for part in self.parts.values()])

    def sequence(self, flows: Float32, regions: Regions) -> Float32:
        """Return one row for a sequence of fields (T, H, W, 2): each part's own, so that angles are not averaged."""
        return self._joined([part.sequence(flows, regions) for part in self.parts.values()])

    def _joined(self, rows: Sequence[Float32]) -> Float32:
        normed = [normalised(row.astype(np.float64), self.norm) for row in rows]
        return np.concatenate(normed, axis=-1).astype(np.float32)
