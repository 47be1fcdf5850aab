"""Plain statistics of each region: mean motion, speed, coherence, strain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.base import FlowDescriptor
from mer.descriptor.directions import picked_components
from mer.descriptor.norms import normalised
from mer.descriptor.pooling import pooling_of
from mer.errors import ConfigError
from mer.geometry.strain import optical_strain
from mer.types import Float32, Regions
from mer.validation import require_choice

__all__ = ["QUANTITIES", "RegionStatistics"]

QUANTITIES = ("u", "v", "magnitude", "coherence", "strain")


@dataclass(frozen=True, kw_only=True)
class RegionStatistics(FlowDescriptor):
    """One number per region for each chosen quantity.

    Parameters
    ----------
    quantities : list of {"u", "v", "magnitude", "coherence", "strain"}
        Mean motion to the right and down, mean magnitude (all in pixels), length of the mean vector over mean length
        (1: all move as one, 0: directions cancel), mean optical strain.
    norm : {"none", "l1", "l2"}
        Of each quantity over the regions.
    """

    quantities: Sequence[str]
    norm: str

    def __post_init__(self) -> None:
        if not self.quantities or len(set(self.quantities)) < len(self.quantities):
            raise ConfigError(
                f"descriptor.quantities={list(self.quantities)}: give each of {', '.join(QUANTITIES)} once"
            )
        for quantity in self.quantities:
            require_choice("descriptor.quantities", quantity, QUANTITIES)
        require_choice("descriptor.norm", self.norm, ("none", "l1", "l2"))

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return names such as ``brow_left_1:strain``."""
        return tuple(f"{name}:{quantity}" for quantity in self.quantities for name in regions.names)

    def rows(self, uv: Float32, regions: Sequence[Regions]) -> Float32:
        """Return the rows (N, D) of fields (N, H, W, 2); see `FlowDescriptor.batch`."""
        pooling = pooling_of(regions, len(uv))
        u, v = picked_components(uv, pooling)
        area = pooling.areas()
        means: dict[str, NDArray[np.float64]] = {name: pooling.sums(part) / area for name, part in (("u", u), ("v", v))}
        if {"magnitude", "coherence"} & set(self.quantities):
            means["magnitude"] = speed = pooling.sums(np.sqrt(u * u + v * v)) / area
            resultant = np.hypot(means["u"], means["v"])
            means["coherence"] = np.divide(resultant, speed, out=np.zeros_like(speed), where=speed > 0)
        if "strain" in self.quantities:
            means["strain"] = pooling.sums(pooling.pick(optical_strain(uv))) / area
        parts = [normalised(means[quantity], self.norm) for quantity in self.quantities]
        return np.concatenate(parts, axis=1).astype(np.float32)
