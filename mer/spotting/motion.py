"""How far each region of a face has moved in every frame of a long video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.statistics import RegionStatistics
from mer.errors import DataError, FaceNotFoundError
from mer.frames.pair import to_grey
from mer.run.freed_memory import return_freed_memory
from mer.types import (
    Aligner,
    FlowBackbone,
    FramePair,
    Image,
    LandmarkFinder,
    Landmarks,
    MotionRemoval,
    Numbers,
    RegionScheme,
    frozen_array,
)
from mer.validation import require_number

__all__ = ["MotionCurve", "RegionMotion"]

_RETURN_EVERY = 40  # anchors after which freed memory is returned; this takes some milliseconds
_MEAN_FLOW = RegionStatistics(quantities=("u", "v"), norm="none")


@dataclass(frozen=True, kw_only=True, eq=False)
class MotionCurve:
    """Displacement of the regions over time.

    Attributes
    ----------
    displacement : ndarray of float32, shape (T, R, 2)
        Pixels of the aligned face, head motion removed; NaN where there is no face. Only differences within a stretch
        without NaN mean anything: each stretch begins at 0.
    regions : tuple of str
        R names.
    fps : float
    """

    displacement: NDArray[np.float32]
    regions: tuple[str, ...]
    fps: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "displacement", frozen_array(self.displacement, np.float32))

    def stretches(self) -> Iterator[slice]:
        """Yield the stretches of frames in which the face is seen."""
        seen = np.isfinite(self.displacement).all(axis=(1, 2))
        edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
        yield from (slice(int(a), int(b)) for a, b in edges.reshape(-1, 2))


@dataclass(frozen=True, kw_only=True)
class RegionMotion:
    """Measures a `MotionCurve` with stages 3 to 6 of recognition.

    Attributes
    ----------
    landmarks : LandmarkFinder
    align : Aligner
    flow : FlowBackbone
    motion : MotionRemoval
    roi : RegionScheme
    anchor : float
        Seconds from one anchor frame to the next, above 0. The face is looked for in anchors alone; the flow of every
        frame starts from the last one.

    Notes
    -----
    Flow from frame to frame would not do: a micro-expression moves by some hundredths of a pixel from one frame to the
    next, which every flow method shrinks, and the errors of 30 frames per second add up. Over half a second motion is
    large enough to be measured, and only the displacement of the anchors adds up. Frames are read once and held for
    two anchors, so memory does not grow with the length of the video.
    """

    landmarks: LandmarkFinder
    align: Aligner
    flow: FlowBackbone
    motion: MotionRemoval
    roi: RegionScheme
    anchor: float

    def __post_init__(self) -> None:
        require_number("anchor", self.anchor, low=0, above=True)

    def __call__(self, frames: Iterable[Image], fps: float, advance: Callable[[], None] = lambda: None) -> MotionCurve:
        """Follow the regions through the frames of a video.

        Parameters
        ----------
        frames : iterable of ndarray
            Grey (H, W) or BGR (H, W, 3), all of one size.
        fps : float
        advance : callable
            Called after every frame.

        Raises
        ------
        FaceNotFoundError
            If no two anchors in a row show a face.
        """
        rows: list[Numbers | None] = []
        names: tuple[str, ...] = ()
        position: Numbers | None = None
        pieces = self._pieces(iter(frames), max(round(self.anchor * fps), 1), advance)
        for number, (anchor, face, later, next_face) in enumerate(pieces):
            if number % _RETURN_EVERY == 0:
                return_freed_memory()
            if not rows:
                rows.append(None)
            if face is None or next_face is None:
                position = None
                rows += [None] * len(later)
                continue
            moved, names = self._moved(anchor, face, later)
            if position is None:
                position = np.zeros_like(moved[0])
                rows[-1] = position
            rows += [position + row for row in moved]
            position = rows[-1]
        if not names:
            raise FaceNotFoundError(
                f"no face was found in two frames {self.anchor:g} s apart, in {len(rows)} frames; check that the video "
                "shows a face"
            )
        empty = np.full((len(names), 2), np.nan, dtype=np.float32)
        return MotionCurve(
            displacement=np.stack([empty if row is None else row for row in rows]), regions=names, fps=fps
        )

    def _pieces(
        self, frames: Iterator[Image], step: int, advance: Callable[[], None]
    ) -> Iterator[tuple[Image, Landmarks | None, list[Image], Landmarks | None]]:
        """Yield an anchor with its face, the frames after it up to the next anchor, and the face of that one."""
        anchor = next(frames, None)
        if anchor is None:
            raise DataError("the video has no frame; copy the file again")
        advance()
        face = self._face(anchor)
        while later := self._some(frames, step, advance):
            next_face = self._face(later[-1])
            yield anchor, face, later, next_face
            anchor, face = later[-1], next_face

    @staticmethod
    def _some(frames: Iterator[Image], step: int, advance: Callable[[], None]) -> list[Image]:
        found: list[Image] = []
        for frame in frames:
            found.append(frame)
            advance()
            if len(found) == step:
                break
        return found

    def _face(self, frame: Image) -> Landmarks | None:
        try:
            return self.landmarks(frame)
        except FaceNotFoundError:
            return None

    def _moved(
        self, anchor: Image, face: Landmarks, later: Sequence[Image]
    ) -> tuple[list[NDArray[np.float32]], tuple[str, ...]]:
        """Return how far each region is from its place in the anchor, (R, 2) per later frame, and the names."""
        grey = [to_grey(frame) for frame in (anchor, *later)]
        aligned = self.align(FramePair(onset=grey[0], between=tuple(grey[1:-1]), apex=grey[-1]), face)
        onset, *others = aligned.frames
        regions = self.roi(aligned.landmarks, onset.shape)
        fields = (self.motion(field, aligned.landmarks) for field in self.flow.batch([onset] * len(others), others))
        return [_MEAN_FLOW(field, regions).reshape(2, -1).T for field in fields], regions.names
