"""The baseline on displacements that are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mer.config.composition import build, compose
from mer.errors import ConfigError, DataError
from mer.spotting.mdmd import MDMD
from mer.spotting.motion import MotionCurve

FPS, BLOCKS = 30.0, 36


@pytest.fixture(scope="module")
def mdmd() -> MDMD:
    cfg = compose(["spotter=mdmd"], root="spot")
    assert cfg.roi._target_.endswith("Grid")
    found: MDMD = build(cfg.spotter)
    return found


def curve(frames: int, *moves: tuple[int, int, float], blocks: int = 12) -> MotionCurve:
    place = np.zeros((frames, BLOCKS, 2))
    for onset, offset, height in moves:
        share = np.clip((np.arange(frames) - onset) / (offset - onset), 0, 1)
        place[:, :blocks, 1] += (height * np.sin(np.pi * share) ** 2)[:, None]
    return MotionCurve(displacement=place.astype(np.float32), regions=tuple(f"b{k}" for k in range(BLOCKS)), fps=FPS)


def test_a_short_motion_is_found_at_its_apex_in_the_blocks_that_move(mdmd: MDMD) -> None:
    found = [i for i in mdmd(curve(300, (100, 112, 1.0))) if i.kind == "micro"]
    assert len(found) == 1 and found[0].apex is not None
    assert abs(found[0].apex - 106) <= 1 and found[0].strength == pytest.approx(1.0, abs=0.05)
    assert {int(name[1:]) < 12 for name in found[0].regions} == {True}


def test_only_the_largest_third_of_the_blocks_counts(mdmd: MDMD) -> None:
    whole, half = (mdmd.strength(curve(300, (100, 112, 1.0), blocks=n), "micro")[20:-20].max() for n in (12, 6))
    assert half == pytest.approx(whole / 2)


def test_a_still_face_has_none(mdmd: MDMD) -> None:
    assert mdmd(curve(300)) == ()


def test_a_video_that_is_too_short_is_refused_and_one_without_a_face_has_none(mdmd: MDMD) -> None:
    with pytest.raises(DataError, match=r"seen in 24 frames in a row, and spotter\.micro_k=0\.4 s needs more than 24"):
        mdmd(curve(24, (5, 15, 1.0)))
    nothing = np.full((24, BLOCKS, 2), np.nan, dtype=np.float32)
    assert mdmd(replace(curve(24), displacement=nothing)) == ()


def test_the_end_of_a_video_is_unknown_and_disturbs_nothing_before_it(mdmd: MDMD) -> None:
    whole = mdmd.strength(curve(300, (270, 282, 1.0)), "micro")
    assert np.isnan(whole[:12]).all() and np.isnan(whole[-12:]).all()
    found = [i for i in mdmd(curve(300, (270, 282, 1.0))) if i.kind == "micro"]
    assert [abs((i.apex or 0) - 276) <= 1 for i in found] == [True]


def test_a_long_motion_is_a_macro_expression(mdmd: MDMD) -> None:
    found = [i for i in mdmd(curve(600, (200, 250, 3.0))) if i.kind == "macro"]
    assert any(i.onset <= 225 <= i.offset for i in found)


def test_motion_that_stays_is_no_difference(mdmd: MDMD) -> None:
    place = np.zeros((300, BLOCKS, 2), dtype=np.float32)
    place[150:, :, 0] = 2.0
    step = MotionCurve(displacement=place, regions=tuple(f"b{k}" for k in range(BLOCKS)), fps=FPS)
    assert np.nanmax(mdmd.strength(step, "micro")) == 0.0


@pytest.mark.parametrize(("name", "value"), [("p", 2), ("micro_k", 0), ("longest_macro", -1)])
def test_bad_settings_are_refused(mdmd: MDMD, name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"spotter\.{name}={value}: must be a"):
        replace(mdmd, **{name: value})
