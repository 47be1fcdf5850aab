"""Frames and flow that show no motion: known pairs, real pairs, and clips named together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mer.dataset.still import is_constant, pair_numbers, pair_remark, still_clips
from tests.support import exports


def frame(**fields: Any) -> NDArray[Any]:
    sample = exports.synthetic(**fields).load().samples[0]
    return np.asarray(sample.clip.read(sample.onset))


PAIRS = {
    "equal": (lambda a: a, "onset and apex frame show the same picture"),
    "frozen in a video": (lambda a: a + np.random.default_rng(0).integers(0, 2, a.shape), "the same picture"),
    "black": (lambda a: a * 0, "the apex frame is a single shade of grey"),
    "white": (lambda a: a * 0 + 255, "the apex frame is a single shade of grey"),
    "flash": (lambda a: np.clip(a * 0.5 + 120, 0, 255), "of the full scale brighter than the onset frame"),
    "lamp out": (lambda a: a * 0.4, "of the full scale darker than the onset frame"),
    "shifted by a pixel": (lambda a: np.roll(a, 1, axis=1), ""),
}


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_shows_no_motion_is_named(kind: str, dtype: type) -> None:
    spoil, message = PAIRS[kind]
    onset = frame().astype(np.float64)
    factor = np.iinfo(dtype).max // 255
    found = pair_remark(pair_numbers((onset * factor).astype(dtype), (spoil(onset) * factor).astype(dtype)))
    assert message in found and bool(found) == bool(message)


def test_a_black_onset_is_named() -> None:
    assert "the onset frame is a single shade" in pair_remark(pair_numbers(frame() * 0, frame()))


def test_real_pairs_pass() -> None:
    for sample in exports.synthetic(subjects=3, clips=3).load().samples:
        assert pair_remark(pair_numbers(sample.clip.read(sample.onset), sample.clip.read(sample.apex))) == ""


def test_a_constant_flow_is_named() -> None:
    uv = np.zeros((8, 8, 2), dtype=np.float32)
    assert is_constant(uv) and is_constant(uv + 3)
    uv[2, 2, 1] = 0.1
    assert not is_constant(uv)


def test_clips_with_one_fault_share_a_warning() -> None:
    still, black = pair_numbers(frame(), frame()), pair_numbers(frame(), frame() * 0)
    motion = np.ones((5, 2, 5))
    motion[:, 1] = 2
    motion[4] = 1e-8
    pictures = np.stack([still, black, still, still * np.nan, still * np.nan])
    first, second, third = still_clips(list("abcde"), pictures, motion)
    assert first.startswith("2 clips (a, c): onset and apex frame show the same")
    assert second.startswith("clip b: the apex frame is a single shade")
    assert third.startswith("clip e: no region moves by 0.001 px")
