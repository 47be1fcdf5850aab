"""The two frames that the annotation alone decides: onset with apex, or with the middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np

from mer.errors import DataError
from mer.types import FramePair, Image, Sample

__all__ = ["OnsetApex", "OnsetMiddle", "read_alike", "read_pair", "to_grey"]


@dataclass(frozen=True, kw_only=True)
class OnsetApex:
    """Onset and apex frame as the annotation gives them."""

    gives: ClassVar[Literal["pair", "sequence"]] = "pair"

    def __call__(self, sample: Sample) -> FramePair:
        """Read both frames as grey images, with the landmarks that the data set stores for them.

        Parameters
        ----------
        sample : Sample

        Returns
        -------
        FramePair

        Raises
        ------
        DataError
            If apex equals onset, a frame cannot be read, or the two differ in size.
        """
        return read_pair(sample, sample.apex, "apex")

    def indices(self, sample: Sample) -> tuple[int, ...]:
        """Return the numbers of onset and apex."""
        return sample.onset, sample.apex


@dataclass(frozen=True, kw_only=True)
class OnsetMiddle:
    """Onset and the frame halfway to the offset, for data sets without an apex.

    Notes
    -----
    The apex of most micro-expressions is near the middle, and the choice needs no look at the frames; what is lost
    against an annotated apex has to be measured on a data set that has one.
    """

    gives: ClassVar[Literal["pair", "sequence"]] = "pair"

    def __call__(self, sample: Sample) -> FramePair:
        """Read both frames as grey images, see `OnsetApex`."""
        return read_pair(sample, _middle(sample), "the middle frame")

    def indices(self, sample: Sample) -> tuple[int, ...]:
        """Return the numbers of onset and middle frame (rounded down)."""
        return sample.onset, _middle(sample)


def _middle(sample: Sample) -> int:
    return (sample.onset + sample.offset) // 2


def read_pair(sample: Sample, late: int, what: str) -> FramePair:
    """Read the onset and a later frame, called `what` in messages, see `OnsetApex`."""
    if late == sample.onset:
        raise DataError(
            f"{sample.dataset} {sample.id}: {what} equals onset (frame {late}), so there is no motion between them; "
            "correct the annotation or leave the clip out"
        )
    onset = to_grey(sample.clip.read(sample.onset))
    return FramePair(
        onset=onset,
        apex=read_alike(sample, late, onset),
        onset_landmarks=sample.clip.landmarks(sample.onset),
        apex_landmarks=sample.clip.landmarks(late),
    )


def read_alike(sample: Sample, number: int, onset: Image) -> Image:
    """Read a frame as a grey image of the onset's size."""
    frame = to_grey(sample.clip.read(number))
    if frame.shape != onset.shape:
        raise DataError(
            f"{sample.dataset} {sample.id}: frame {sample.onset} is {_size(onset)} pixels and frame {number} is "
            f"{_size(frame)}; frames of a clip must have one size: crop or resize them alike"
        )
    return frame


def to_grey(image: Image) -> Image:
    """Return the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, of a BGR image; a grey one as it is."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _size(image: Image) -> str:
    return f"{image.shape[1]}×{image.shape[0]}"
