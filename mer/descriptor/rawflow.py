"""The flow itself, averaged to a small picture: the baseline that every descriptor has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.base import FlowDescriptor
from mer.descriptor.norms import normalised
from mer.errors import ConfigError
from mer.geometry.strain import optical_strain
from mer.types import Float32, Regions
from mer.validation import require_choice, require_integer

__all__ = ["RawFlow"]

_CHANNELS = ("u", "v", "strain")


@dataclass(frozen=True, kw_only=True)
class RawFlow(FlowDescriptor):
    """u, v and strain of the whole field at a low resolution, as one long row; regions are not used.

    Parameters
    ----------
    size : int
        Rows and columns of the small picture; a cell is the mean over its area; ≥ 1.
    channels : list of {"u", "v", "strain"}
        What is kept, in this order.
    norm : {"none", "l1", "l2"}
        Of the whole row.

    References
    ----------
    Varanka, Li, Peng, Zhao: Data leakage and evaluation issues in micro-expression analysis. IEEE Trans. Affective
    Computing, 2023. arXiv:2211.11425 (flow and SVM as a baseline under a fair protocol)
    """

    size: int
    channels: Sequence[str]
    norm: str

    def __post_init__(self) -> None:
        require_integer("descriptor.size", self.size, low=1)
        if not self.channels or len(set(self.channels)) < len(self.channels):
            raise ConfigError(f"descriptor.channels={list(self.channels)}: give each of {', '.join(_CHANNELS)} once")
        for channel in self.channels:
            require_choice("descriptor.channels", channel, _CHANNELS)
        require_choice("descriptor.norm", self.norm, ("none", "l1", "l2"))

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return names such as ``row3_column7:u``, whatever the regions."""
        cells = range(1, self.size + 1)
        return tuple(f"row{y}_column{x}:{channel}" for channel in self.channels for y in cells for x in cells)

    def rows(self, uv: Float32, regions: Sequence[Regions]) -> Float32:
        """Return the rows (N, D) of fields (N, H, W, 2); see `FlowDescriptor.batch`."""
        fields = {"u": uv[..., 0], "v": uv[..., 1]}
        if "strain" in self.channels:
            fields["strain"] = optical_strain(uv)
        stack = np.stack([fields[channel] for channel in self.channels], axis=1)
        down, across = (_averaging(length, self.size) for length in uv.shape[1:3])
        small = (down @ stack @ across.T).reshape(len(uv), -1)
        return normalised(small, self.norm).astype(np.float32)


def _averaging(length: int, cells: int) -> NDArray[np.float64]:
    """Return the matrix (cells, length) that averages over equal cells; pixels on a border count in part."""
    edges = np.linspace(0, length, cells + 1)[:, None]
    start, stop = edges[:-1], edges[1:]
    pixel = np.arange(length)
    overlap = np.clip(np.minimum(stop, pixel + 1) - np.maximum(start, pixel), 0, None)
    return np.asarray(overlap / (stop - start))
