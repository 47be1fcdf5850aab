"""The apex found by the flow itself: the frame in which the face has moved or deformed most since the onset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.frames.pair import read_pair, to_grey
from mer.geometry.strain import optical_strain
from mer.types import (
    FlowBackbone,
    FlowField,
    FramePair,
    Image,
    LandmarkFinder,
    Landmarks,
    MotionRemoval,
    Regions,
    RegionScheme,
    Sample,
)
from mer.validation import require_choice, require_integer

__all__ = ["OnsetSpotted"]

_STEP = 2.0**-18  # px, or unit of strain: of the curve; what differs by less is rounding and not a later apex


@dataclass(frozen=True, kw_only=True)
class OnsetSpotted:
    """Onset, and the frame up to the offset with the greatest mean flow or strain within the regions.

    Attributes
    ----------
    flow : FlowBackbone
    motion : MotionRemoval
        Takes the head's own motion out first, else a turn of the head is taken for the apex.
    landmarks : LandmarkFinder
        Where the regions lie: found once, in the onset.
    roi : RegionScheme
    measure : {"flow", "strain"}
        Mean length of the flow in px, or mean optical strain.
    step : int
        Every how many frames are compared with the onset, ≥ 1.
    smooth : int
        Frames over which the curve is averaged before its peak is taken, odd, ≥ 1.
    side : int
        Frames are reduced so that their longer side has no more pixels than this, ≥ 32.

    Notes
    -----
    Reads every `step`-th frame of the clip. Annotated onset and offset are used, the annotated apex is not. Of frames
    whose measure differs by rounding alone (the curve is rounded to 4e-6) the first is taken, as where a clip holds its
    apex, so that the choice does not depend on the processor; the error of the flow is ten thousand times that.
    """

    flow: FlowBackbone
    motion: MotionRemoval
    landmarks: LandmarkFinder
    roi: RegionScheme
    measure: Literal["flow", "strain"]
    step: int
    smooth: int
    side: int
    gives: ClassVar[Literal["pair", "sequence"]] = "pair"

    def __post_init__(self) -> None:
        require_choice("frames.measure", self.measure, ("flow", "strain"))
        require_integer("frames.step", self.step, low=1)
        require_choice("frames.smooth", self.smooth, tuple(range(1, 100, 2)))
        require_integer("frames.side", self.side, low=32)

    def __call__(self, sample: Sample) -> FramePair:
        """Spot the apex, then read both frames as grey images.

        Raises
        ------
        DataError
            If a frame cannot be read, or the clip has no frame after its onset.
        """
        return read_pair(sample, self.spot(sample), "the spotted apex")

    def indices(self, sample: Sample) -> tuple[int, ...]:
        """Return the numbers of all frames that are looked at."""
        return sample.onset, *self._later(sample)

    def spot(self, sample: Sample) -> int:
        """Return the number of the frame that is taken for the apex."""
        curve = self.curve(sample)
        width = min(self.smooth, len(curve) - (len(curve) + 1) % 2)
        padded = np.pad(curve, width // 2, mode="edge")
        smooth = np.convolve(padded, np.full(width, 1 / width), mode="valid")
        return self._later(sample)[int(np.argmax(np.rint(smooth / _STEP)))]

    def curve(self, sample: Sample) -> NDArray[np.float64]:
        """Return the measure of every frame that is compared with the onset."""
        later = self._later(sample)
        if not later:
            raise DataError(
                f"{sample.dataset} {sample.id}: onset and offset are both frame {sample.onset}, so there is no apex to "
                "spot; correct the annotation or leave the clip out"
            )
        first = read_pair(sample, later[0], "the first frame")
        points = self.landmarks.of_pair(first)
        onset, factor = self._reduced(first.onset)
        points = Landmarks(xy=(points.xy + 0.5) * factor - 0.5, score=points.score)
        regions = self.roi(points, onset.shape)
        return np.array([self._measure(sample, onset, number, points, regions) for number in later])

    def _later(self, sample: Sample) -> Sequence[int]:
        return range(sample.onset + 1, sample.offset + 1, self.step)

    def _measure(self, sample: Sample, onset: Image, number: int, points: Landmarks, regions: Regions) -> float:
        frame, _ = self._reduced(to_grey(sample.clip.read(number)))
        if frame.shape != onset.shape:
            raise DataError(
                f"{sample.dataset} {sample.id}: frame {number} differs in size from frame {sample.onset}; frames of a "
                "clip must have one size: crop or resize them alike"
            )
        field: FlowField = self.motion(self.flow(onset, frame), points)
        amount = optical_strain(field.uv) if self.measure == "strain" else np.hypot(field.uv[..., 0], field.uv[..., 1])
        return _mean(amount, regions)

    def _reduced(self, image: Image) -> tuple[Image, float]:
        factor = min(1.0, self.side / max(image.shape))
        if factor == 1.0:
            return image, factor
        size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8), factor


def _mean(amount: NDArray[np.float32], regions: Regions) -> float:
    """Return the mean over all pixels of the regions."""
    if regions.labels is not None:
        return float(amount[regions.labels >= 0].mean(dtype=np.float64))
    assert regions.weights is not None
    weight = regions.weights.sum(axis=0, dtype=np.float64)
    return float((amount * weight).sum() / weight.sum())
