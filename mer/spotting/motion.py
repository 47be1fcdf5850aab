"""How far each region of a face has moved in every frame of a long video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mer.descriptor.statistics import RegionStatistics
from mer.errors import FaceNotFoundError
from mer.frames.pair import to_grey
from mer.run.freed_memory import return_freed_memory
from mer.spotting.pieces import Piece, pieces
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

_DEVIATIONS = 3  # on each side that a Gaussian average takes in
_WHOLE = 4096  # sum of the weights of an average in whole numbers, but for rounding
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
        Seconds from one anchor frame to the next, above 0. The face is looked for in anchors alone.
    path : {"anchors", "sliding", "frames"}
        Where the flow to a frame starts from: the last anchor, the frame `anchor` seconds before, or the frame before.
        The displacement of that frame is added.
    smooth : float
        Standard deviation, s, of the average over time of every aligned frame and its neighbours; 0 for none.

    Notes
    -----
    A micro-expression moves by some hundredths of a pixel from one frame to the next, which every flow method shrinks,
    and with ``path="frames"`` the errors of 30 frames per second add up. Over half a second motion is large enough to
    be measured, and with ``path="anchors"`` the errors of the anchors alone add up. A flow method makes single wrong
    fields of the noise of single frames, which is why frames are averaged, and not only displacements later. Frames
    are read once and held for two anchors, so memory does not grow with the length of the video.
    """

    landmarks: LandmarkFinder
    align: Aligner
    flow: FlowBackbone
    motion: MotionRemoval
    roi: RegionScheme
    anchor: float
    path: Literal["anchors", "sliding", "frames"]
    smooth: float

    def __post_init__(self) -> None:
        require_number("region_motion.anchor", self.anchor, low=0, above=True)
        require_choice("region_motion.path", self.path, ("anchors", "sliding", "frames"))
        require_number("region_motion.smooth", self.smooth, low=0)

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
        for number, piece in enumerate(self._pieces(_counted(frames, advance), step, fps)):
            if number % _RETURN_EVERY == 0:
                return_freed_memory()
            if piece.face is None or piece.next_face is None:
                rows += [None] * piece.count
                continue
            sources = self._sources(piece, rows, step)
            moved, names = self._moved(piece, piece.face, sources, self.smooth * fps)
            if rows[-1] is None:
                rows[-1] = np.zeros_like(moved[0])
            first = len(rows) - 1 - piece.anchor
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

    def _pieces(self, frames: Iterator[Image], step: int, fps: float) -> Iterator[Piece]:
        reach = _reach(self.smooth * fps)
        before = reach + (step - 1 if self.path == "sliding" else 0)
        return pieces(frames, self._face, step=step, before=before, after=reach)

    def _face(self, frame: Image) -> Landmarks | None:
        try:
            return self.landmarks(frame)
        except FaceNotFoundError:
            return None

    def _sources(self, piece: Piece, rows: Sequence[Numbers | None], step: int) -> list[int]:
        """Return the frame of a piece from which the flow to each frame after the anchor starts."""
        if self.path == "frames":
            return list(range(piece.anchor, piece.end))
        if self.path == "sliding" and len(rows) > step and not any(row is None for row in rows[-step:]):
            return list(range(piece.anchor + 1 - step, piece.end + 1 - step))
        return [piece.anchor] * piece.count

    def _moved(
        self, piece: Piece, face: Landmarks, sources: Sequence[int], deviation: float
    ) -> tuple[list[NDArray[np.float32]], tuple[str, ...]]:
        """Return how far each region of the frames after the anchor is from its place in its source, (R, 2), and names.

        `deviation` is that of the average over time, in frames.
        """
        grey = [to_grey(frame) for frame in piece.frames]
        aligned = self.align(FramePair(onset=grey[0], between=tuple(grey[1:-1]), apex=grey[-1]), face)
        regions = self.roi(aligned.landmarks, aligned.onset.shape)
        frames = _averaged(aligned.frames, deviation)
        onsets, later = [frames[source] for source in sources], frames[piece.anchor + 1 : piece.end + 1]
        fields = (self.motion(field, aligned.landmarks) for field in self.flow.batch(onsets, later))
        return [_MEAN_FLOW(field, regions).reshape(2, -1).T for field in fields], regions.names


def _counted(frames: Iterable[Image], advance: Callable[[], None]) -> Iterator[Image]:
    """Yield the frames, each with a call of `advance`."""
    for frame in frames:
        advance()
        yield frame


def _reach(deviation: float) -> int:
    """Return how many frames on each side a Gaussian average takes in."""
    return round(_DEVIATIONS * deviation)


def _averaged(frames: Sequence[Image], deviation: float) -> Sequence[Image]:
    """Return every frame averaged with its neighbours by Gaussian weights; the outermost ones stand for those beyond.

    The sums are of whole numbers, so that every processor gives the same frames.
    """
    reach = _reach(deviation)
    if not reach:
        return frames
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    weights = np.rint(_WHOLE * bell / bell.sum()).astype(np.int32)
    around = np.pad(np.stack(frames).astype(np.int32), ((reach, reach), (0, 0), (0, 0)), mode="edge")
    total = sum(weight * around[k : k + len(frames)] for k, weight in enumerate(weights))
    return list(((total + weights.sum() // 2) // weights.sum()).astype(np.uint8))
