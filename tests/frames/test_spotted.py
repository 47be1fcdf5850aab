"""The spotted apex: found where the motion is greatest, deaf to the annotated one, and said in the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from mer.config.composition import build, compose
from mer.errors import ConfigError, DataError
from mer.frames import OnsetSpotted
from mer.types import Image, Landmarks, Sample
from tests.support import exports


def spotter(*overrides: str) -> Any:
    return build(
        compose(["frames=onset_spotted", "landmarks=stored", *(f"frames.{text}" for text in overrides)]).frames
    )


@dataclass(frozen=True)
class Bright:
    """Frames of one grey level each: what `Change` measures is their difference."""

    levels: tuple[int, ...]

    def read(self, index: int) -> Image:
        return np.full((80, 100), self.levels[index], np.uint8)

    def landmarks(self, index: int) -> Landmarks | None:
        return Landmarks(xy=np.full((68, 2), 5.0, np.float32))

    def flow(self) -> None:
        return None

    def fingerprint(self, indices: Sequence[int]) -> str:
        return ""


class Change:
    """Stands for flow and head motion: as long as the change of brightness."""

    def __call__(self, first: Any, second: Any) -> Any:
        from mer.types import FlowField

        if isinstance(first, FlowField):
            return first
        amount = np.abs(second.astype(np.float32) - first)
        return FlowField(uv=np.stack([amount, 0 * amount], axis=-1))


def of_levels(*levels: int, step: int = 1, smooth: int = 1) -> tuple[OnsetSpotted, Sample]:
    find = spotter(f"step={step}", f"smooth={smooth}", "measure=flow", "side=64")
    roi = build(compose(["roi=whole"]).roi)
    sample = Sample(
        id="a",
        dataset="d",
        subject="d/s",
        label="x",
        onset=0,
        apex=1,
        offset=len(levels) - 1,
        fps=0,
        clip=Bright(levels),
    )
    return replace(find, flow=Change(), motion=Change(), roi=roi), sample


def test_the_frame_of_the_greatest_motion_is_taken() -> None:
    find, sample = of_levels(10, 12, 15, 40, 20, 11)
    assert find.spot(sample) == 3
    assert find.curve(sample).tolist() == [2, 5, 30, 10, 1]
    assert find.indices(sample) == (0, 1, 2, 3, 4, 5)
    pair = find(sample)
    assert (int(pair.onset[0, 0]), int(pair.apex[0, 0]), pair.apex.shape) == (10, 40, (80, 100))


def test_smoothing_passes_over_a_single_outlier() -> None:
    levels = (0, 0, 90, 0, 50, 55, 50, 0)
    assert of_levels(*levels)[0].spot(of_levels(*levels)[1]) == 2
    assert of_levels(*levels, smooth=3)[0].spot(of_levels(*levels)[1]) == 5


def test_only_every_step_th_frame_is_read() -> None:
    find, sample = of_levels(0, 1, 2, 9, 2, 3, step=3)
    assert find.indices(sample) == (0, 1, 4)
    assert find.spot(sample) == 4


def test_a_clip_of_one_frame_is_refused() -> None:
    find, sample = of_levels(0, 1)
    with pytest.raises(DataError, match="onset and offset are both frame 0, so there is no apex to spot"):
        find(replace(sample, apex=0, offset=0))


def test_the_annotated_apex_changes_nothing_and_the_truth_is_near() -> None:
    find = spotter("side=128")
    samples = exports.synthetic(subjects=1, clips=3, size=96, fps=30, blinks=0, peak=[2, 3]).load().samples
    for sample in samples:
        spotted = find.spot(sample)
        assert spotted == find.spot(replace(sample, apex=sample.offset))
        assert abs(spotted - sample.apex) <= 1


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("measure=size", r"frames\.measure=size: no such choice; frames\.measure can be flow, strain"),
        ("step=0", r"frames\.step=0: must be a whole number of at least 1"),
        ("smooth=4", r"frames\.smooth=4: no such choice; frames\.smooth can be 1, 3, 5"),
        ("side=8", r"frames\.side=8: must be a whole number of at least 32"),
    ],
)
def test_settings_are_checked(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        spotter(override)
