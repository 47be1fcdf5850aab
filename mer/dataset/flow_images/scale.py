"""From an image of u, v and optical strain, each scaled to 0–255 separately, back to a flow field up to one factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError
from mer.geometry.strain import optical_strain
from mer.types import Float32, FlowField
from mer.validation import require_choice, require_integer, require_number

__all__ = ["FlowScale", "strain_correlation"]

_ZEROS = ("median", "mean", "none")
_RATIOS = ("strain", "none")
# Each round searches between the neighbours of the best ratio so far: three rounds of 33 steps end within 0.1 %.
_ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class FlowScale:
    """How zero and scale of each channel are estimated.

    Attributes
    ----------
    zero : {"median", "mean", "none"}
        What "no motion" is in a channel; "none" takes the middle of the range, 127.5.
    ratio : {"strain", "none"}
        How the factor between the scales of v and u is won back; "none" takes 1.
    ratio_range : tuple of two floats
        Bounds of that factor, 0 < low < high.
    ratio_steps : int
        Grid points over the logarithm of the range, at least 5.
    """

    zero: Literal["median", "mean", "none"]
    ratio: Literal["strain", "none"]
    ratio_range: tuple[float, float]
    ratio_steps: int

    def __post_init__(self) -> None:
        require_choice("dataset.zero", self.zero, _ZEROS)
        require_choice("dataset.ratio", self.ratio, _RATIOS)
        require_integer("dataset.ratio_steps", self.ratio_steps, low=5)
        object.__setattr__(self, "ratio_range", tuple(self.ratio_range))
        if len(self.ratio_range) != 2:
            raise ConfigError(f"dataset.ratio_range={list(self.ratio_range)}: give two numbers, such as [0.125, 8]")
        require_number("dataset.ratio_range[0]", self.ratio_range[0], low=0, above=True)
        require_number("dataset.ratio_range[1]", self.ratio_range[1], low=self.ratio_range[0], above=True)

    def __call__(self, channels: Float32) -> FlowField:
        """Return the flow of one image.

        Parameters
        ----------
        channels : ndarray of float32, shape (H, W, 3)
            u, v, strain in 0–255.

        Returns
        -------
        FlowField
            Arbitrary unit, another one in each image: u counts half ranges of its channel (u/127.5), v the same times
            the ratio. Directions, and magnitudes relative to each other within the image, carry meaning; magnitudes
            across images do not.
        """
        uv = channels[..., :2] - self._zero_of(channels[..., :2])
        return FlowField(uv=uv / np.float32(127.5) * np.array([1, self.ratio_of(channels)], dtype=np.float32))

    def _zero_of(self, uv: Float32) -> Float32:
        if self.zero == "none":
            return np.full(2, 127.5, dtype=np.float32)
        centre = np.median if self.zero == "median" else np.mean
        return np.asarray(centre(uv, axis=(0, 1)), dtype=np.float32)

    def ratio_of(self, channels: Float32) -> float:
        """Return the factor r between the scales of v and u, 1 where it cannot be known.

        The strain of (u, r·v) has to look like the third channel: r is where the two correlate best, found on a grid
        over log r that is refined around its best point. Where u, v or the strain channel is constant, r is 1.
        """
        if self.ratio == "none" or bool((channels.max(axis=(0, 1)) == channels.min(axis=(0, 1))).any()):
            return 1.0
        low, high = np.log(self.ratio_range)
        for _ in range(_ROUNDS):
            grid = np.linspace(low, high, self.ratio_steps)
            best = int(np.argmax(strain_correlation(channels, np.exp(grid))))
            low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        return float(np.exp(grid[best]))


def strain_correlation(channels: Float32, ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlate the strain of (u, r·v) with the strain channel.

    Parameters
    ----------
    channels : ndarray of float32, shape (H, W, 3)
        u, v, strain.
    ratios : ndarray, shape (n,)
        Factors r.

    Returns
    -------
    ndarray of float64, shape (n,)
        Pearson's correlation over the pixels; 0 where one of the two is constant.

    Notes
    -----
    The third channel comes from the authors' own program at another resolution, and some programs of the field get
    the shear term wrong, so the correlation stays below 1 even at the true ratio.
    """
    scaled = channels[None, ..., :2] * np.stack([np.ones_like(ratios), ratios], axis=-1)[:, None, None, :]
    strain = optical_strain(scaled).reshape(len(ratios), -1).astype(np.float64)
    strain -= strain.mean(axis=1, keepdims=True)
    target = channels[..., 2].ravel().astype(np.float64)
    target -= target.mean()
    norm = np.linalg.norm(strain, axis=1) * np.linalg.norm(target)
    return np.divide(strain @ target, norm, out=np.zeros(len(ratios)), where=norm > 0)
