"""One released flow image: its channels, its flow field, and how well the two fit together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mer.dataset.flow_images.scale import FlowScale, strain_correlation
from mer.dataset.images import decode
from mer.errors import DataError
from mer.types import Float32, FlowField, Image, Sample

__all__ = ["FlowImageClip", "mean_strain_correlation", "read_channels"]


@dataclass(frozen=True, kw_only=True)
class FlowImageClip:
    """One flow image; its frames were never released."""

    path: Path
    scale: FlowScale

    def read(self, index: int) -> Image:
        """Raise: there are no frames."""
        raise DataError(
            f"{self.path}: a flow image has no frame {index}; dataset=flow_images enters after the flow: keep "
            "flow=precomputed"
        )

    def landmarks(self, index: int) -> None:
        """Return None: there are no landmarks."""

    def flow(self) -> FlowField:
        """Return the flow in an arbitrary unit of this image's own, see `FlowScale`."""
        return self.scale(read_channels(self.path))

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of the file and of how it is scaled."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise DataError(f"{self.path}: the image cannot be read ({error.strerror}); check dataset.root") from error
        return hashlib.blake2b(repr(self.scale).encode() + data, digest_size=16).hexdigest()


def read_channels(path: Path) -> Float32:
    """Read an image whose red, green and blue are u, v and strain.

    Returns
    -------
    ndarray of float32, shape (H, W, 3)
        u, v, strain in 0–255.

    Raises
    ------
    DataError
        If the file cannot be decoded, is not an 8-bit colour image, or is smaller than 2×2.
    """
    pixels = decode(path, cv2.IMREAD_UNCHANGED)
    colour = pixels.ndim == 3 and pixels.shape[2] in (3, 4) and pixels.dtype == np.uint8
    if not colour or min(pixels.shape[:2]) < 2:
        raise DataError(
            f"{path}: not an image of u, v and strain (8-bit RGB of at least 2×2 pixels) but {pixels.dtype} of shape "
            f"{pixels.shape}; point dataset.root at the flow images"
        )
    return np.ascontiguousarray(pixels[..., 2::-1], dtype=np.float32)


def mean_strain_correlation(samples: Sequence[Sample]) -> tuple[float, float]:
    """Return how well the strain of (u, r·v) fits the released strain, before (r = 1) and after r was estimated.

    Parameters
    ----------
    samples : sequence of Sample
        Of `FlowImages`.

    Returns
    -------
    tuple of two floats
        Mean correlation over the samples, for r = 1 and for the estimated r.
    """
    pairs = []
    for clip in (sample.clip for sample in samples):
        if not isinstance(clip, FlowImageClip):
            raise DataError(f"{clip}: not a flow image; the correlation needs samples of dataset=flow_images")
        channels = read_channels(clip.path)
        pairs.append(strain_correlation(channels, np.array([1.0, clip.scale.ratio_of(channels)])))
    before, after = np.mean(pairs, axis=0)
    return float(before), float(after)
