"""The motion in several videos: the same whether one process measures them or several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mer
from mer.config.composition import build, compose
from mer.spotting import curves
from mer.spotting.curves import curve_keys, fingerprints, measured
from mer.spotting.motion import RegionMotion
from mer.store.cache import Cache


@pytest.fixture(scope="module")
def measure() -> RegionMotion:
    cfg = compose(["flow=dis", "align.size=64", "region_motion.anchor=1"], root="spot")
    found: RegionMotion = build(cfg.region_motion)
    return found


@pytest.fixture(scope="module")
def recordings() -> Any:
    size = {"videos": 1, "seconds": 3, "look": {"subjects": 2, "size": 96}}
    return mer.component("dataset", "synthetic_long", **size).recordings().recordings


def test_several_processes_measure_what_one_does_and_keep_it(
    measure: RegionMotion, recordings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = curve_keys(measure, recordings, fingerprints(recordings))
    alone, _, _ = measured(measure, recordings, keys, Cache(root=tmp_path / "alone"), 1)
    monkeypatch.setattr(curves, "_FEW_FRAMES", 0)
    cache = Cache(root=tmp_path / "several")
    several, _, _ = measured(measure, recordings, keys, cache, 2)
    assert [recording.id for recording, _ in several] == [recording.id for recording in recordings]
    for (_, one), (_, other) in zip(alone, several, strict=True):
        assert np.array_equal(one.displacement, other.displacement) and one.regions == other.regions
    assert all(cache.holds("curves", key) for key in keys.values())


def test_a_kept_curve_that_was_edited_is_measured_again(measure: RegionMotion, recordings: Any, tmp_path: Path) -> None:
    one, cache = recordings[:1], Cache(root=tmp_path)
    keys = curve_keys(measure, one, fingerprints(one))
    ((_, first),), _, _ = measured(measure, one, keys, cache, 1)
    path = cache.path("curves", keys[one[0].id])
    np.save(path, np.zeros_like(first.displacement))
    ((_, again),), _, _ = measured(measure, one, keys, cache, 1)
    assert np.array_equal(first.displacement, again.displacement) and first.displacement.any()
