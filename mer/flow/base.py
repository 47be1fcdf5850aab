"""What the backbones share: checks of the input, one pair after the other, contrast normalisation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mer.errors import DataError
from mer.types import Float32, FlowField, Image
from mer.validation import require_choice, require_number

__all__ = ["OneByOne", "PairwiseFlow", "check_pair", "check_pairs", "local_contrast"]

_SMALLEST = 16  # px: below this the pyramids of OpenCV have no level left


class OneByOne(ABC):
    """A backbone that treats one pair at a time."""

    @abstractmethod
    def __call__(self, onset: Image, apex: Image) -> FlowField:
        """Return the flow of a pair, or raise a `DataError` where it is none, see `check_pair`."""

    def batch(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> list[FlowField]:
        """Return the flow of several pairs, computed one by one.

        Raises
        ------
        DataError
            If there are not as many onsets as apexes, or a pair is refused.
        """
        check_pairs(onsets, apexes)
        return [self(onset, apex) for onset, apex in zip(onsets, apexes, strict=True)]


@dataclass(frozen=True, kw_only=True)
class PairwiseFlow(OneByOne):
    """A classical backbone; both frames may be brought to one contrast first.

    Attributes
    ----------
    contrast : {"none", "local"}
        Whether both frames are first brought to one local mean and contrast, which takes out changes of light.
    contrast_sigma : float
        Width of the Gaussian window, σ in pixels.
    contrast_floor : float
        Grey levels added to the local standard deviation, so that the noise of smooth skin is not blown up.
    contrast_gain : float
        Grey levels that one local standard deviation becomes.
    """

    contrast: str
    contrast_sigma: float
    contrast_floor: float
    contrast_gain: float

    def __post_init__(self) -> None:
        require_choice("flow.contrast", self.contrast, ("none", "local"))
        require_number("flow.contrast_sigma", self.contrast_sigma, low=1)
        require_number("flow.contrast_floor", self.contrast_floor, low=0, above=True)
        require_number("flow.contrast_gain", self.contrast_gain, low=0, high=128, above=True)

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        """Return the flow from onset to apex.

        Parameters
        ----------
        onset, apex : ndarray of uint8, shape (H, W)
            Grey images of one shape, at least 16 pixels per side.

        Returns
        -------
        FlowField
            float32 pixels, x to the right, y downwards.

        Raises
        ------
        DataError
            If the images are of another kind or differ in shape.
        """
        check_pair(onset, apex)
        if self.contrast == "local":
            onset, apex = self._normalised(onset), self._normalised(apex)
        return FlowField(uv=self._compute(onset, apex))

    def _normalised(self, image: Image) -> Image:
        return local_contrast(image, self.contrast_sigma, self.contrast_floor, self.contrast_gain)

    @abstractmethod
    def _compute(self, onset: Image, apex: Image) -> Float32:
        """Return the flow (H, W, 2) of a pair that has passed the checks."""


def run_engine(engine: cv2.DenseOpticalFlow, onset: Image, apex: Image) -> Float32:
    """Return the flow (H, W, 2) that an algorithm of OpenCV gives."""
    flow = engine.calc(onset, apex, None)  # type: ignore[call-overload]  # None: into an array that OpenCV makes
    return np.asarray(flow, dtype=np.float32)


def enlarged(image: Image, top: int, below: int, left: int, right: int) -> Image:
    """Return the image with so many mirrored pixels more on each side."""
    return np.asarray(cv2.copyMakeBorder(image, top, below, left, right, cv2.BORDER_REFLECT_101), dtype=np.uint8)


def local_contrast(image: Image, sigma: float, floor: float, gain: float) -> Image:
    """Bring every neighbourhood to mean 128 and standard deviation about `gain`.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W)
    sigma : float
        Width of the Gaussian neighbourhood in pixels.
    floor : float
        Added to the local standard deviation, grey levels.
    gain : float
        Grey levels for one standard deviation.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        128 + gain·(I − μ)/(s + floor), with local mean μ and standard deviation s, clipped to [0, 255].
    """
    grey = image.astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), sigma)
    deviation = grey - mean
    spread = np.sqrt(cv2.GaussianBlur(deviation * deviation, (0, 0), sigma))
    return np.asarray(np.clip(np.rint(128 + gain * deviation / (spread + floor)), 0, 255), dtype=np.uint8)


def check_pairs(onsets: Sequence[Image], apexes: Sequence[Image]) -> None:
    """Raise a `DataError` unless there is one apex for each onset, and each pair is one; see `check_pair`."""
    if len(onsets) != len(apexes):
        raise DataError(f"flow needs one apex for each onset, got {len(onsets)} onsets and {len(apexes)} apexes")
    for onset, apex in zip(onsets, apexes, strict=True):
        check_pair(onset, apex)


def check_pair(onset: Image, apex: Image) -> None:
    """Raise a `DataError` unless both are grey uint8 images of one shape that is large enough."""
    for name, image in (("onset", onset), ("apex", apex)):
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 2:
            kind = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
            raise DataError(f"flow needs a grey uint8 image (H, W) as {name}, got {kind}: convert it to 8-bit grey")
    if onset.shape != apex.shape:
        raise DataError(f"flow needs images of one shape, got {onset.shape} and {apex.shape}: align the pair first")
    if min(onset.shape) < _SMALLEST:
        raise DataError(f"flow needs at least {_SMALLEST} px per side, got {onset.shape}: enlarge align.size")
