"""The frames of a long video in pieces, each from one anchor frame to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from mer.errors import DataError
from mer.types import Image, Landmarks

__all__ = ["Piece", "pieces"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """Frames around an anchor and the next one.

    Attributes
    ----------
    frames : list of ndarray
        In order of time.
    anchor, end : int
        Places of both anchors in `frames`.
    face, next_face : Landmarks or None
        In both anchors; None where no face was found.
    """

    frames: list[Image]
    anchor: int
    end: int
    face: Landmarks | None
    next_face: Landmarks | None

    @property
    def count(self) -> int:
        """Number of frames after the anchor, up to the next one."""
        return self.end - self.anchor


def pieces(
    frames: Iterator[Image], find: Callable[[Image], Landmarks | None], *, step: int, before: int, after: int
) -> Iterator[Piece]:
    """Yield the pieces of a video; a frame is read once and held no longer than it is needed.

    Parameters
    ----------
    frames : iterator of ndarray
    find : callable
        Returns the landmarks of a frame; called once per anchor, in order.
    step : int
        Frames from one anchor to the next; the last frame of a video is an anchor, too.
    before, after : int
        Frames before the first and after the second anchor that a piece also has, as far as the video has them.

    Raises
    ------
    DataError
        If there is no frame.
    """
    held, anchor = list(islice(frames, 1)), 0
    if not held:
        raise DataError("the video has no frame; copy the file again")
    face = find(held[0])
    while True:
        held += islice(frames, max(anchor + step + after + 1 - len(held), 0))
        end = min(anchor + step, len(held) - 1)
        if end == anchor:
            return
        next_face = find(held[end])
        yield Piece(frames=held, anchor=anchor, end=end, face=face, next_face=next_face)
        first = max(end - before, 0)
        held, anchor, face = held[first:], end - first, next_face
