"""How far each region of a face has moved in every frame of a long video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

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
from mer.validation import require_choice, require_number

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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Piece:
    """Frames up to an anchor, which is the last of `before`, and those after it up to the next anchor."""

    before: list[Image]
    face: Landmarks | None
    later: list[Image]
    next_face: Landmarks | None


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
        Seconds from one anchor frame to the next, above 0. The face is looked for in anchors alone.
    path : {"anchors", "sliding", "frames"}
        Where the flow to a frame starts from: the last anchor, the frame `anchor` seconds before, or the frame before.
        The displacement of that frame is added.

    Notes
    -----
    A micro-expression moves by some hundredths of a pixel from one frame to the next, which every flow method shrinks,
    and with ``path="frames"`` the errors of 30 frames per second add up. Over half a second motion is large enough to
    be measured, and with ``path="anchors"`` the errors of the anchors alone add up. Frames are read once and held for
    two anchors, so memory does not grow with the length of the video.
    """

    landmarks: LandmarkFinder
    align: Aligner
    flow: FlowBackbone
    motion: MotionRemoval
    roi: RegionScheme
    anchor: float
    path: Literal["anchors", "sliding", "frames"]

    def __post_init__(self) -> None:
        require_number("region_motion.anchor", self.anchor, low=0, above=True)
        require_choice("region_motion.path", self.path, ("anchors", "sliding", "frames"))

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
        step = max(round(self.anchor * fps), 1)
        rows: list[Numbers | None] = [None]
        names: tuple[str, ...] = ()
        for number, piece in enumerate(self._pieces(iter(frames), step, advance)):
            if number % _RETURN_EVERY == 0:
                return_freed_memory()
            if piece.face is None or piece.next_face is None:
                rows += [None] * len(piece.later)
                continue
            sources = self._sources(piece, rows, step)
            moved, names = self._moved(piece.before + piece.later, len(piece.later), sources, piece.face)
            if rows[-1] is None:
                rows[-1] = np.zeros_like(moved[0])
            first = len(rows) - len(piece.before)
            for source, row in zip(sources, moved, strict=True):
                place = rows[first + source]
                assert place is not None
                rows.append(place + row)
        if not names:
            raise FaceNotFoundError(
                f"no face was found in two frames {self.anchor:g} s apart, in {len(rows)} frames; check that the video "
                "shows a face"
            )
        return_freed_memory()
        empty = np.full((len(names), 2), np.nan, dtype=np.float32)
        return MotionCurve(
            displacement=np.stack([empty if row is None else row for row in rows]), regions=names, fps=fps
        )

    def _pieces(self, frames: Iterator[Image], step: int, advance: Callable[[], None]) -> Iterator[_Piece]:
        anchor = next(frames, None)
        if anchor is None:
            raise DataError("the video has no frame; copy the file again")
        advance()
        before, face = [anchor], self._face(anchor)
        while later := self._some(frames, step, advance):
            piece = _Piece(before=before, face=face, later=later, next_face=self._face(later[-1]))
            yield piece
            before, face = later if self.path == "sliding" else later[-1:], piece.next_face

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

    def _sources(self, piece: _Piece, rows: Sequence[Numbers | None], step: int) -> list[int]:
        """Return the frame from which the flow to each later one starts, counted from the first of the piece."""
        anchor, count = len(piece.before) - 1, len(piece.later)
        if self.path == "frames":
            return list(range(anchor, anchor + count))
        if self.path == "sliding" and len(rows) > step and not any(row is None for row in rows[-step:]):
            return list(range(count))
        return [anchor] * count

    def _moved(
        self, frames: Sequence[Image], count: int, sources: Sequence[int], face: Landmarks
    ) -> tuple[list[NDArray[np.float32]], tuple[str, ...]]:
        """Return how far each region of the last `count` frames is from its place in its source, (R, 2), and names."""
        grey = [to_grey(frame) for frame in frames]
        aligned = self.align(FramePair(onset=grey[0], between=tuple(grey[1:-1]), apex=grey[-1]), face)
        regions = self.roi(aligned.landmarks, aligned.onset.shape)
        onsets = [aligned.frames[source] for source in sources]
        fields = (self.motion(field, aligned.landmarks) for field in self.flow.batch(onsets, aligned.frames[-count:]))
        return [_MEAN_FLOW(field, regions).reshape(2, -1).T for field in fields], regions.names
