"""A long video in pieces from anchor to anchor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mer.errors import DataError
from mer.spotting.pieces import pieces
from mer.types import Image, Landmarks


def _frames(count: int) -> Iterator[Image]:
    return (np.full((2, 2), k, np.uint8) for k in range(count))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (0, 0, [(range(4), 0, 3), (range(3, 7), 0, 3), (range(6, 8), 0, 1)]),
        (1, 2, [(range(6), 0, 3), (range(2, 8), 1, 4), (range(5, 8), 1, 2)]),
        (9, 9, [(range(8), 0, 3), (range(8), 3, 6), (range(8), 6, 7)]),
    ],
)
def test_a_piece_has_the_frames_between_two_anchors_and_those_around(
    before: int, after: int, wanted: list[tuple[range, int, int]]
) -> None:
    asked: list[int] = []

    def find(frame: Image) -> Landmarks | None:
        asked.append(int(frame[0, 0]))
        return None

    found = [
        ([int(frame[0, 0]) for frame in piece.frames], piece.anchor, piece.end)
        for piece in pieces(_frames(8), find, step=3, before=before, after=after)
    ]
    assert found == [(list(numbers), anchor, end) for numbers, anchor, end in wanted]
    assert asked == [0, 3, 6, 7]


def test_one_frame_is_no_piece_and_no_frame_is_refused() -> None:
    assert list(pieces(_frames(1), lambda _: None, step=3, before=0, after=0)) == []
    with pytest.raises(DataError, match="the video has no frame; copy the file again"):
        list(pieces(_frames(0), lambda _: None, step=3, before=0, after=0))
