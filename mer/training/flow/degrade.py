"""What a camera does to a frame: light, blur, noise, compression, lines read at different times."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.training.images import compressed
from mer.types import Numbers

__all__ = ["Degradation"]

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """Draws changes of light and noise; a range of zeros leaves that change out.

    Attributes
    ----------
    noise : tuple of (float, float)
        Standard deviation in grey levels.
    noise_differs : float
        Probability that each frame of a pair has a standard deviation of its own.
    gain : float
        Largest relative change of contrast.
    bias : float
        Largest change of brightness, grey levels.
    gamma : float
        Largest change of the exponent from 1.
    blur : float
        Largest σ of a Gaussian, pixels.
    blur_share, jpeg_share, lines_share : float
        Probability of blur, of compression (quality 60-95) and of brightness that differs from line to line.
    """

    noise: tuple[float, float]
    noise_differs: float
    gain: float
    bias: float
    gamma: float
    blur: float
    blur_share: float
    jpeg_share: float
    lines_share: float

    def __call__(self, rng: np.random.Generator, pair: Numbers) -> NDArray[np.uint8]:
        """Degrade the frames of a pair independently of each other.

        Parameters
        ----------
        rng : numpy.random.Generator
        pair : ndarray of float32, shape (2, H, W)
            Grey levels.

        Returns
        -------
        ndarray of uint8, shape (2, H, W)
        """
        first, second = rng.uniform(*self.noise, 2)
        sigmas = (first, second if rng.random() < self.noise_differs else first)
        return np.stack([self._frame(rng, frame, np.float32(s)) for frame, s in zip(pair, sigmas, strict=True)])

    def _frame(self, rng: np.random.Generator, frame: Array, sigma: np.float32) -> NDArray[np.uint8]:
        if rng.random() < self.blur_share:
            frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), max(rng.uniform(0, self.blur), 0.2)))
        if self.gamma:
            gamma = np.float32(1 + rng.uniform(-self.gamma, self.gamma))
            frame = np.asarray(255 * (np.clip(frame, 0, 255) / 255) ** gamma, dtype=np.float32)
        gain, bias = np.float32(1 + rng.uniform(-self.gain, self.gain)), np.float32(rng.uniform(-self.bias, self.bias))
        frame = frame * gain + bias
        if rng.random() < self.lines_share:
            frame = frame + rng.normal(0, 1.5, (len(frame), 1)).astype(np.float32)
        if sigma > 0:
            frame = frame + sigma * rng.standard_normal(frame.shape, dtype=np.float32)
        seen = np.clip(np.rint(frame), 0, 255).astype(np.uint8)
        return compressed(seen, int(rng.integers(60, 96))) if rng.random() < self.jpeg_share else seen
