"""The path of one clip: what each stage makes of what the stage before has made.

    frames   = read(sample)                       stage 2
    points   = find_landmarks(frames)             stage 3, network 1
    pair     = align(frames, points)              stage 4
    flow     = estimate_flow(pair)                stage 5, network 2
    moving   = remove_head_motion(flow, points)   stage 6a
    regions  = divide(points, moving.shape)       stage 6b
    row      = describe(moving, regions)          stage 7

Ready-made flow enters at stage 6. A clip gives one flow field, or one for each frame of a sequence. What is kept on
disk between runs, and how clips are worked on side by side, is the business of `mer.pipeline.pipeline`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mer.dataset.still import NO_PICTURES, pair_numbers
from mer.geometry.mirror import mirrored_flow, mirrored_landmarks
from mer.types import (
    AlignedPair,
    Aligner,
    Descriptor,
    Float32,
    FlowBackbone,
    FlowField,
    FrameSampler,
    LandmarkFinder,
    Landmarks,
    MotionRemoval,
    Regions,
    RegionScheme,
    Sample,
    SequenceBackbone,
)

__all__ = ["ClipFlow", "ClipView", "Moved", "Moving", "Stages", "Timer"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipFlow:
    """The flow of one clip as it was estimated.

    Attributes
    ----------
    uv : ndarray of float32, shape (H, W, 2) or (T, H, W, 2)
        One field, or one from the first frame to each later one of a sequence.
    peak : int
        Which field of a sequence leads to the apex.
    landmarks : Landmarks or None
        Of the onset, in aligned pixels; None for ready-made flow.
    pictures : ndarray of float32, shape (4,)
        `mer.dataset.still.pair_numbers` of onset and apex; NaN for ready-made flow.
    """

    uv: Float32
    peak: int = 0
    landmarks: Landmarks | None = None
    pictures: NDArray[np.float32] = field(default_factory=NO_PICTURES.copy)

    @classmethod
    def of_pair(cls, uv: Float32, pair: AlignedPair) -> ClipFlow:
        """Return the flow between aligned frames."""
        numbers = pair_numbers(pair.onset, pair.apex)
        return cls(uv=uv, peak=len(pair.between), landmarks=pair.landmarks, pictures=numbers)

    def fields(self) -> tuple[FlowField, ...]:
        """Return all fields in order of time."""
        height, width = self.uv.shape[-3:-1]
        return tuple(FlowField(uv=uv) for uv in self.uv.reshape(-1, height, width, 2))


@dataclass(frozen=True, kw_only=True, eq=False)
class Moved:
    """The motion of one clip without that of the head; all but `fields` as in its `ClipFlow`."""

    fields: tuple[FlowField, ...]
    peak: int
    landmarks: Landmarks | None
    pictures: NDArray[np.float32]

    @property
    def apex(self) -> FlowField:
        """The field that leads to the apex."""
        return self.fields[self.peak]

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return sum(field.uv.nbytes for field in self.fields)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moving(Moved):
    """The motion of one clip, and the regions that it is described in."""

    regions: Regions

    @classmethod
    def within(cls, moved: Moved, regions: Regions) -> Moving:
        """Return the motion with its regions."""
        return cls(
            fields=moved.fields, peak=moved.peak, landmarks=moved.landmarks, pictures=moved.pictures, regions=regions
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipView:
    """What the pipeline saw of one clip at its apex, for a picture; `pair` is None where the flow came ready-made."""

    sample: Sample
    pair: AlignedPair | None
    flow: FlowField
    regions: Regions


@dataclass
class Timer:
    """Seconds of every result that was computed rather than read from the disk, by stage."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def __call__(self, stage: str, results: int = 1) -> Iterator[None]:
        """Time a block that gives so many results; one that fails does not count."""
        start = time.perf_counter()
        yield
        self.seconds[stage] += [(time.perf_counter() - start) / results] * results


@dataclass(frozen=True, kw_only=True)
class Stages:
    """The components of stages 2–7; those up to the flow are None for a data set of ready-made flow.

    Attributes
    ----------
    frames : FrameSampler or None
    landmarks : LandmarkFinder or None
    align : Aligner or None
    flow : FlowBackbone or None
    sequence : SequenceBackbone or None
        Computes the flow where `frames` gives sequences; None where it gives pairs.
    motion : MotionRemoval
    roi : RegionScheme
    descriptor : Descriptor
    """

    frames: FrameSampler | None
    landmarks: LandmarkFinder | None
    align: Aligner | None
    flow: FlowBackbone | None
    motion: MotionRemoval
    roi: RegionScheme
    descriptor: Descriptor
    sequence: SequenceBackbone | None = None

    @property
    def estimator(self) -> FlowBackbone | SequenceBackbone | None:
        """What computes the flow of a clip, as a whole."""
        return self.sequence or self.flow

    def aligned(self, sample: Sample, timer: Timer) -> AlignedPair:
        """Return the frames of a clip in the template's coordinates: stages 2, 3 and 4."""
        assert self.frames is not None and self.landmarks is not None and self.align is not None
        with timer("read"):
            frames = self.frames(sample)
        with timer("landmarks"):
            points = self.landmarks.of_pair(frames)
        with timer("align"):
            return self.align(frames, points)

    def estimated(self, pair: AlignedPair, timer: Timer) -> ClipFlow:
        """Return the flow of a clip: stage 5."""
        with timer("flow"):
            if self.sequence is not None:
                uv = np.stack([field.uv for field in self.sequence(list(pair.frames))])
            else:
                assert self.flow is not None
                uv = self.flow(pair.onset, pair.apex).uv
        return ClipFlow.of_pair(uv, pair)

    def moved(self, flow: ClipFlow) -> Moved:
        """Return the motion of the face alone: stage 6a."""
        fields = tuple(self.motion(field, flow.landmarks) for field in flow.fields())
        return Moved(fields=fields, peak=flow.peak, landmarks=flow.landmarks, pictures=flow.pictures)

    def divided(self, moved: Moved) -> Regions:
        """Return the regions of a clip: stage 6b."""
        return self.roi(moved.landmarks, moved.apex.shape)

    def moving(self, flow: ClipFlow) -> Moving:
        """Return the motion of the face alone, and its regions: stage 6."""
        moved = self.moved(flow)
        return Moving.within(moved, self.divided(moved))

    def mirrored(self, moving: Moving) -> Moving:
        """Return the motion of the clip in a mirror, see `mirrored_flow`."""
        shape, landmarks = moving.apex.shape, moving.landmarks
        regions = self.roi(landmarks and mirrored_landmarks(landmarks, shape[1]), shape)
        return replace(moving, fields=tuple(mirrored_flow(field) for field in moving.fields), regions=regions)

    def described(self, moving: Moving) -> NDArray[np.float32]:
        """Return the feature row of a clip: stage 7."""
        if self.sequence is None:
            return self.descriptor(moving.apex, moving.regions)
        return self.descriptor.sequence(_stacked(moving.fields), moving.regions)


def _stacked(fields: Sequence[FlowField]) -> Float32:
    return np.stack([field.uv for field in fields])
