"""Long videos of the generator: what happens, when, and that one disturbance leaves the others alone."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mer
from mer.cli import main
from mer.errors import ConfigError, DataError

SMALL = {"videos": 1, "seconds": 20, "look": {"subjects": 2, "size": 64, "noise": 0.0, "flicker": 0.0, "jpeg": None}}


def long(**fields: Any) -> Any:
    return mer.component("dataset", "synthetic_long", **{**SMALL, **fields})


def test_events_are_apart_in_order_and_as_many_and_as_long_as_said() -> None:
    recordings = mer.component("dataset", "synthetic_long").recordings().recordings
    assert len(recordings) == 30 and all(r.minutes == 1.0 for r in recordings)
    for recording in recordings:
        events = recording.events
        assert all(a.offset + 15 <= b.onset for a, b in itertools.pairwise(events))
        assert sum(e.kind == "micro" for e in events) == 4 and sum(e.kind == "macro" for e in events) == 3
        for event in events:
            low, high = (0.17, 0.5) if event.kind == "micro" else (0.7, 3.0)
            assert low - 0.02 <= (event.offset - event.onset) / 30 <= high + 0.02
            assert event.onset < event.apex < event.offset and event.label
    assert len({tuple(r.events) for r in recordings}) == 30


def test_the_face_is_at_rest_outside_of_events_and_moves_most_at_the_apex() -> None:
    (first, _) = long(blinks=0, speech=0, nods=0, sway=0, light=0).recordings().recordings
    rest = first.clip.landmarks(0).xy
    for event in first.events:
        for frame in (event.onset, event.offset):
            np.testing.assert_allclose(first.clip.landmarks(frame).xy, rest, atol=1e-4)
        moved = [np.abs(first.clip.landmarks(f).xy - rest).max() for f in range(event.onset, event.offset + 1)]
        assert max(moved) == pytest.approx(moved[event.apex - event.onset]) and max(moved) > 0.01


@pytest.mark.parametrize("name", ["blinks", "speech", "nods", "sway", "light"])
def test_a_disturbance_that_is_switched_off_leaves_the_rest_as_it_is(name: str) -> None:
    scene, without = (d.recordings().recordings[0].clip.scene for d in (long(speech=6), long(**{"speech": 6, name: 0})))
    same = {"blinks", "speech", "nods"} - {name}
    assert all(getattr(scene, other) == getattr(without, other) for other in same)
    assert [e.onset for e in scene.expressions] == [e.onset for e in without.expressions]
    assert [e.label for e in scene.expressions] == [e.label for e in without.expressions]
    changed = {"sway": lambda s: s.sway.any(), "light": lambda s: bool(s.light[0])}.get(
        name, lambda s: bool(getattr(s, name))
    )
    assert changed(scene) and not changed(without)


def test_the_same_seed_gives_the_same_frame_and_more_videos_change_none() -> None:
    one, more = long(), long(videos=3)
    a, b = (d.recordings().recordings[0].clip for d in (one, more))
    np.testing.assert_array_equal(a.read(7), b.read(7))
    assert a.fingerprint([7]) == b.fingerprint([7]) != a.fingerprint([8])
    assert a.fingerprint([7]) != long(light=0).recordings().recordings[0].clip.fingerprint([7])


@pytest.mark.parametrize("command", [["run", "tracking=off"], ["data", "show"]])
def test_a_command_for_clips_refuses_long_videos(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*command, "dataset=synthetic_long", f"home={tmp_path}"]
    assert main(words) == 2
    assert "dataset=synthetic_long: " in capsys.readouterr().err


def test_a_frame_that_does_not_exist_is_named() -> None:
    with pytest.raises(DataError, match=r"sub01 video 01: frame 600 does not exist; the frames are 0 to 599"):
        long().recordings().recordings[0].clip.read(600)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"seconds": 0}, r"dataset.seconds=0: must be a number, at least 1"),
        ({"micro": -1}, r"dataset.micro=-1: must be a number, at least 0"),
        (
            {"micro_seconds": [0.5, 0.2]},
            r"dataset.micro_seconds=\[0.5, 0.2\]: must be two numbers in order, 0.04 or more",
        ),
    ],
)
def test_bad_settings_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        long(**fields)
