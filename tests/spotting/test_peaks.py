"""The spotter on curves whose expressions are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mer.config.composition import build, compose
from mer.errors import ConfigError
from mer.spotting.motion import MotionCurve
from mer.spotting.peaks import Peaks

FPS = 30.0
REGIONS = ("inner_brow_left", "inner_brow_right", "chin", "mouth_corner_left", "nose_left", "upper_lid_left")


@pytest.fixture(scope="module")
def spot() -> Peaks:
    found: Peaks = build(compose([], root="spot").spotter)
    return found


def bump(frames: int, onset: int, offset: int, height: float) -> Any:
    """Return a smooth rise and fall, 0 outside of onset and offset."""
    share = np.clip((np.arange(frames) - onset) / (offset - onset), 0, 1)
    return height * np.sin(np.pi * share) ** 2


def curve(seconds: float, *bumps: tuple[str, int, int, float], noise: float = 0.01) -> MotionCurve:
    frames = round(seconds * FPS)
    place = noise * np.random.default_rng(0).standard_normal((frames, len(REGIONS), 2))
    for prefix, onset, offset, height in bumps:
        moved = [k for k, name in enumerate(REGIONS) if name.startswith(prefix)]
        place[:, moved, 1] += bump(frames, onset, offset, height)[:, None]
    return MotionCurve(displacement=place.astype(np.float32), regions=REGIONS, fps=FPS)


def test_a_short_and_a_long_expression_are_found_with_their_kinds_and_regions(spot: Peaks) -> None:
    found = replace(spot, strongest=1)(curve(20, ("inner_brow", 100, 112, 1.0), ("chin", 300, 360, 2.0)))
    assert [(i.kind, i.regions[0].split("_")[0]) for i in found] == [("micro", "inner"), ("macro", "chin")]
    for interval, (onset, offset, height) in zip(found, ((100, 112, 1.0), (300, 360, 2.0)), strict=True):
        share = (interval.offset - interval.onset) / (offset - onset)
        assert interval.apex is not None and abs(interval.apex - (onset + offset) / 2) <= 1
        assert onset <= interval.onset <= interval.apex <= interval.offset <= offset and share > 0.6
        assert interval.strength == pytest.approx(height, rel=0.15)


def test_noise_slow_drift_and_a_lasting_change_are_no_expression(spot: Peaks) -> None:
    assert spot(curve(30)) == ()
    place = np.zeros((900, len(REGIONS), 2))
    place[:, :, 0] = np.linspace(0, 5, 900)[:, None]
    place[450:, :, 1] = 3.0
    assert spot(MotionCurve(displacement=place.astype(np.float32), regions=REGIONS, fps=FPS)) == ()


def test_a_blink_is_left_out_unless_the_lids_are_looked_at(spot: Peaks) -> None:
    blink = curve(10, ("upper_lid", 100, 108, 3.0))
    assert spot(blink) == ()
    (found,) = replace(spot, leave_out=(), strongest=1)(blink)
    assert found.regions[0] == "upper_lid_left"


def test_skin_that_a_blink_draws_along_is_no_expression_and_a_lid_that_moves_as_far_as_the_brow_is_none_of_a_blink(
    spot: Peaks,
) -> None:
    blink = curve(10, ("upper_lid", 100, 108, 3.0), ("inner_brow", 100, 108, 0.5))
    assert spot(blink) == ()
    assert [i.kind for i in replace(spot, blink=0)(blink)] == ["micro"]
    surprise = curve(10, ("upper_lid", 100, 112, 0.6), ("inner_brow", 100, 112, 0.6))
    assert [i.kind for i in spot(surprise)] == ["micro"]


def test_a_quick_series_of_similar_peaks_is_speech(spot: Peaks) -> None:
    syllables = [("chin", onset, onset + 10, 1.0) for onset in (100, 112, 124, 136)]
    assert [i.kind for i in spot(curve(10, *syllables)) if i.kind == "micro"] == []
    assert len([i for i in replace(spot, speech_peaks=0)(curve(10, *syllables)) if i.kind == "micro"]) >= 3
    assert len(spot(curve(10, ("chin", 60, 70, 1.0), ("chin", 200, 210, 1.0)))) == 2


def test_candidates_hold_what_any_height_chooses(spot: Peaks) -> None:
    made = curve(20, ("inner_brow", 100, 112, 1.0), ("chin", 300, 360, 2.0), ("nose", 450, 460, 0.3))
    for height in (0.1, 0.25, 0.5):
        one = replace(spot, micro_height=height)
        assert one(made) == one.choose(spot.candidates(made))


def test_a_weak_peak_is_found_only_with_a_lower_threshold(spot: Peaks) -> None:
    weak = curve(10, ("inner_brow", 100, 110, 0.14))
    assert replace(spot, strongest=2)(weak) == ()
    assert len(replace(spot, strongest=2, micro_height=0.1)(weak)) == 1


def test_stretches_without_a_face_end_the_search_and_are_in_no_interval(spot: Peaks) -> None:
    whole = curve(20, ("inner_brow", 100, 112, 1.0), ("inner_brow", 400, 412, 1.0))
    place = whole.displacement.copy()
    place[150:300] = np.nan
    place[300:] += 50.0  # the second stretch begins elsewhere
    torn = MotionCurve(displacement=place, regions=REGIONS, fps=FPS)
    assert [(s.start, s.stop) for s in torn.stretches()] == [(0, 150), (300, 600)]
    found = replace(spot, strongest=2)(torn)
    assert [round((i.onset + i.offset) / 2) // 10 for i in found] == [10, 40]
    assert np.isnan(spot.strength(torn, "micro")[150:300]).all()
    nothing = MotionCurve(displacement=np.full((30, 6, 2), np.nan), regions=REGIONS, fps=FPS)
    assert spot(nothing) == ()


def test_a_curve_shorter_than_the_window_is_no_fault(spot: Peaks) -> None:
    assert spot(curve(0.1)) == ()


def test_the_same_motion_at_another_frame_rate_gives_the_same_seconds(spot: Peaks) -> None:
    slow = replace(spot, strongest=2)(curve(10, ("inner_brow", 100, 112, 1.0), noise=0.0))
    place = np.repeat(curve(10, ("inner_brow", 100, 112, 1.0), noise=0.0).displacement, 4, axis=0)
    fast = replace(spot, strongest=2)(MotionCurve(displacement=place, regions=REGIONS, fps=4 * FPS))
    for a, b in zip(slow, fast, strict=True):
        assert a.kind == b.kind
        assert (b.onset / 4, b.offset / 4) == pytest.approx((a.onset, a.offset), abs=1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", 1.0),
        ("strongest", 0),
        ("micro_height", 0),
        ("macro_baseline", -1),
        ("smooth", -1),
        ("blink", -1),
        ("speech_peaks", -1),
        ("speech_share", 0),
    ],
)
def test_bad_settings_are_refused(spot: Peaks, name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"spotter\.{name}={value}: must be a"):
        replace(spot, **{name: value})
