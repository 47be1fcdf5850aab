"""What each stage is: a component of that shape can take its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from mer.types.arrays import AlignedPair, Float32, FlowField, FramePair, Image, Landmarks, Regions
from mer.types.samples import Manifest, Sample

__all__ = [
    "Aligner",
    "Dataset",
    "Descriptor",
    "FlowBackbone",
    "FrameSampler",
    "LandmarkFinder",
    "MotionRemoval",
    "RegionScheme",
    "SequenceBackbone",
]


class Dataset(Protocol):
    """Stage 1. `entry` says where its samples enter the pipeline: with frames, or with ready-made flow."""

    @property
    def name(self) -> str:
        """Name of the data set, such as ``casme2``."""

    @property
    def entry(self) -> Literal["frames", "flow"]:
        """Where the samples enter the pipeline."""

    def load(self) -> Manifest:
        """Read the annotations (no frames) and return what is there, what is left out, and why."""


class FrameSampler(Protocol):
    """Stage 2: `Sample` → `FramePair`."""

    @property
    def gives(self) -> Literal["pair", "sequence"]:
        """Whether a clip gives onset and apex alone, or further frames between and after them."""

    def __call__(self, sample: Sample) -> FramePair:
        """Read the frames."""

    def indices(self, sample: Sample) -> tuple[int, ...]:
        """Return the numbers of the frames that a call reads (for the cache's key)."""


class LandmarkFinder(Protocol):
    """Stage 3 (network 1): image → `Landmarks`."""

    def __call__(self, image: Image) -> Landmarks:
        """Find the face in a grey (H, W) or BGR (H, W, 3) image; raise `FaceNotFoundError` where there is none."""

    def of_pair(self, pair: FramePair) -> Landmarks:
        """Return the landmarks of the onset frame, on which the alignment of both frames rests."""


class Aligner(Protocol):
    """Stage 4: frames and landmarks → `AlignedPair`."""

    def __call__(self, pair: FramePair, landmarks: Landmarks) -> AlignedPair:
        """Move all frames by one matrix."""


class FlowBackbone(Protocol):
    """Stage 5 (network 2): onset, apex → `FlowField`."""

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        """Return the flow of one pair of grey images (H, W)."""

    def batch(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> list[FlowField]:
        """Return the flow of several pairs; the same values as one by one."""


class SequenceBackbone(Protocol):
    """Stage 5 for sequences: frames → one `FlowField` for each after the first."""

    def __call__(self, frames: Sequence[Image]) -> list[FlowField]:
        """Return the flow from the first frame to each of the others."""


class MotionRemoval(Protocol):
    """Stage 5b: takes the head's own motion out of the flow."""

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        """Return what is left of the flow."""


class RegionScheme(Protocol):
    """Stage 6: landmarks, shape → `Regions`."""

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the regions of a face on an image of (height, width); grids need no landmarks."""


class Descriptor(Protocol):
    """Stage 7: flow and regions → one feature row."""

    def __call__(self, flow: FlowField, regions: Regions) -> Float32:
        """Return the row, shape (D,)."""

    def sequence(self, flows: Float32, regions: Regions) -> Float32:
        """Return the row, shape (D,), of a sequence of fields (T, H, W, 2) in the regions of its onset."""

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return the D names of the row's entries."""
