"""What makes a long video doubtful."""

from __future__ import annotations

import numpy as np
import pytest

from mer.spotting.doubts import doubts, in_short
from mer.spotting.motion import MotionCurve


def found(missing: slice = slice(0, 0), fps: float = 30, times: np.ndarray | None = None) -> dict[str, str]:
    count = 90 if times is None else len(times)
    displacement = np.zeros((count, 2, 2), dtype=np.float32)
    displacement[missing] = np.nan
    curve = MotionCurve(displacement=displacement, regions=("a", "b"), fps=fps)
    return dict(doubts(curve, np.arange(count) / fps if times is None else times))


def test_a_plain_video_has_no_doubts() -> None:
    assert found() == {}


@pytest.mark.parametrize(
    ("missing", "said"),
    [(slice(0, 30), "30 of 90 frames, first from 0.00 to 0.97 s"), (slice(60, None), "from 2.00 to 2.97 s"),
     (slice(9, 11), "2 of 90 frames, first from 0.30 to 0.33 s")],
)  # fmt: skip
def test_frames_without_a_face_are_counted_and_the_first_stretch_is_named(missing: slice, said: str) -> None:
    sentence = found(missing)["no_face"]
    assert said in sentence and sentence.endswith("; nothing can be found there")


def test_few_frames_a_short_video_and_an_uneven_clock_are_named() -> None:
    assert found(fps=5) == {
        "slow": "5 frames/s are too few to see an expression of half a second; record with 25 or more"
    }
    assert list(found(times=np.arange(10) / 30)) == ["short"]
    steps = np.r_[np.full(60, 1 / 30), np.full(60, 1 / 15)]
    said = found(fps=20, times=np.cumsum(steps))["uneven"]
    assert said.startswith("its frames are 0.033 to 0.067 s apart, and all are taken as 0.050 s apart")
    assert said.endswith("ffmpeg with -vf fps=30")


def test_of_many_videos_the_first_is_named_and_the_others_are_counted() -> None:
    some = [("a", "slow", "too slow"), ("b", "slow", "slower"), ("b", "short", "too short"), ("c", "slow", "slow")]
    assert in_short(some) == ["a: too slow (and 2 more videos)", "b: too short"]
    assert in_short(some[:2]) == ["a: too slow (and 1 more video)"]
