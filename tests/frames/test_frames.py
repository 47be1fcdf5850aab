"""Stage 2: which frames are read, as what, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytest

import mer
from mer.errors import DataError
from mer.frames import FrameSequence, OnsetApex, OnsetMiddle
from mer.types import Image, Landmarks, Sample


@dataclass(frozen=True, kw_only=True)
class Frames:
    """A clip in memory."""

    images: Mapping[int, Image]
    points: Mapping[int, Landmarks] = field(default_factory=dict)

    def read(self, index: int) -> Image:
        return self.images[index]

    def landmarks(self, index: int) -> Landmarks | None:
        return self.points.get(index)

    def flow(self) -> None:
        return None

    def fingerprint(self, indices: Sequence[int]) -> str:
        return str(indices)


def sample(clip: Frames, onset: int = 2, apex: int = 5, offset: int = 9) -> Sample:
    return Sample(
        id="c1",
        dataset="mine",
        subject="mine/s1",
        label="x",
        onset=onset,
        apex=apex,
        offset=offset,
        fps=0,
        clip=clip,
    )


def grey(value: int, shape: tuple[int, int] = (4, 6)) -> Image:
    return np.full(shape, value, dtype=np.uint8)


def test_onset_and_apex_with_their_landmarks() -> None:
    points = {index: Landmarks(xy=np.full((68, 2), index, np.float32)) for index in (2, 5)}
    clip = Frames(images={2: grey(20), 5: grey(50)}, points=points)
    pair = OnsetApex()(sample(clip))
    assert (pair.onset[0, 0], pair.apex[0, 0]) == (20, 50)
    assert (pair.onset_landmarks, pair.apex_landmarks) == (points[2], points[5])
    assert OnsetApex().indices(sample(clip)) == (2, 5)


@pytest.mark.parametrize(("offset", "middle"), [(9, 5), (10, 6), (5, 3)])
def test_the_middle_is_halfway_rounded_down(offset: int, middle: int) -> None:
    clip = Frames(images={2: grey(20), middle: grey(70)})
    clip_sample = sample(clip, apex=2, offset=offset)
    assert OnsetMiddle().indices(clip_sample) == (2, middle)
    pair = OnsetMiddle()(clip_sample)
    assert pair.apex[0, 0] == 70
    assert pair.onset_landmarks is None


@pytest.mark.parametrize(
    ("bgr", "luma"), [((255, 0, 0), 29), ((0, 255, 0), 150), ((0, 0, 255), 76), ((90, 90, 90), 90)]
)
def test_colour_becomes_bt601_luma(bgr: tuple[int, int, int], luma: int) -> None:
    colour = np.empty((4, 6, 3), np.uint8)
    colour[...] = bgr
    pair = OnsetApex()(sample(Frames(images={2: colour, 5: grey(1)})))
    np.testing.assert_array_equal(pair.onset, grey(luma))


def test_apex_on_the_onset_is_refused() -> None:
    clip = Frames(images={2: grey(1)})
    with pytest.raises(DataError, match=r"mine c1: apex equals onset \(frame 2\), so there is no motion .* correct"):
        OnsetApex()(sample(clip, apex=2))
    with pytest.raises(DataError, match=r"mine c1: the middle frame equals onset \(frame 2\)"):
        OnsetMiddle()(sample(clip, apex=2, offset=3))


def test_two_sizes_are_refused() -> None:
    clip = Frames(images={2: grey(1), 5: grey(1, (8, 3))})
    with pytest.raises(DataError, match=r"mine c1: frame 2 is 6×4 pixels and frame 5 is 3×8; .* one size"):
        OnsetApex()(sample(clip))


@pytest.mark.parametrize(
    ("until", "count", "step", "later", "peak"),
    [
        ("apex", 3, None, (4, 6, 8), 8),
        ("apex", 4, None, (4, 5, 7, 8), 8),  # 3.5, 5, 6.5 and 8, halves upwards
        ("apex", 1, None, (8,), 8),
        ("apex", 50, None, (3, 4, 5, 6, 7, 8), 8),  # all there are, none twice
        ("offset", 3, None, (5, 9, 12), 9),
        ("offset", None, 1, tuple(range(3, 13)), 8),
        ("offset", None, 3, (5, 8, 11, 12), 8),
        ("apex", None, 4, (6, 8), 8),
        ("apex", None, 99, (8,), 8),
    ],
)
def test_a_sequence_is_spread_evenly_or_takes_every_few(
    until: Literal["apex", "offset"], count: int | None, step: int | None, later: tuple[int, ...], peak: int
) -> None:
    sampler = FrameSequence(until=until, count=count, step=step)
    clip = sample(Frames(images={n: grey(10 * n) for n in range(2, 13)}), apex=8, offset=12)
    assert sampler.later(clip) == later
    assert sampler.indices(clip) == (2, peak, *(number for number in later if number != peak))
    pair = sampler(clip)
    assert [int(frame[0, 0]) // 10 for frame in pair.frames] == [2, *later]
    assert pair.apex[0, 0] == 10 * peak


def test_a_sequence_needs_a_frame_after_the_onset_and_one_size() -> None:
    sampler = FrameSequence(until="apex", count=8, step=None)
    with pytest.raises(DataError, match=r"mine c1: apex equals onset \(frame 2\), so there is no motion"):
        sampler(sample(Frames(images={2: grey(1)}), apex=2))
    assert sampler.indices(sample(Frames(images={}), apex=2)) == (2, 2)
    images = {2: grey(1), 3: grey(1, (8, 3)), 4: grey(1), 5: grey(1)}
    with pytest.raises(DataError, match=r"mine c1: frame 2 is 6×4 pixels and frame 3 is 3×8; .* one size"):
        sampler(sample(Frames(images=images)))


def test_a_sequence_keeps_the_landmarks_of_the_onset() -> None:
    points = Landmarks(xy=np.zeros((68, 2), np.float32))
    clip = Frames(images={n: grey(n) for n in range(2, 6)}, points={2: points})
    assert FrameSequence(until="apex", count=8, step=None)(sample(clip)).onset_landmarks is points


def test_the_options_build_them() -> None:
    assert mer.component("frames", "onset_apex") == OnsetApex()
    assert mer.component("frames", "onset_middle") == OnsetMiddle()
    assert mer.component("frames", "sequence") == FrameSequence(until="apex", count=8, step=None)
