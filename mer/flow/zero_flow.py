"""Zero flow, the level that every backbone has to beat; also the example of `flow=external`."""

from __future__ import annotations

import numpy as np

from mer.types import Float32, Image

__all__ = ["zero_flow"]


def zero_flow(onset: Image, apex: Image) -> Float32:
    """Return zeros (H, W, 2) for two grey images (H, W)."""
    return np.zeros((*onset.shape, 2), np.float32)
