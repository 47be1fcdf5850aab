"""The motion of regions over a video: against what the generator knows, and where the face comes and goes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mer
from mer.config.composition import build, compose
from mer.errors import DataError, FaceNotFoundError
from mer.spotting.motion import RegionMotion

QUIET = {"blinks": 0, "speech": 0, "nods": 0, "sway": 0, "light": 0, "videos": 1, "micro": 0, "macro": 12, "seconds": 5}


@pytest.fixture(scope="module")
def measure() -> RegionMotion:
    found: RegionMotion = build(compose([], root="spot").region_motion)
    return found


@pytest.fixture(scope="module")
def recording() -> Any:
    look = {"subjects": 1, "size": 128, "fps": 20}
    quiet = {**QUIET, "macro_seconds": [1.5, 1.5], "macro_peak": [4, 4], "look": look}
    return mer.component("dataset", "synthetic_long", **quiet).recordings().recordings[0]


def test_regions_move_during_the_expression_and_come_back_after_it(measure: RegionMotion, recording: Any) -> None:
    (event,) = recording.events
    curve = measure((recording.clip.read(i) for i in range(100)), 20.0)
    assert curve.displacement.shape == (100, len(curve.regions), 2) and curve.fps == 20.0
    size = np.linalg.norm(curve.displacement - curve.displacement[event.onset], axis=2).max(axis=1)
    # the largest displacement is 4 px of 256, so about 2 px of the aligned face; a region's mean is less
    assert 1.0 < size[event.apex] < 3.5
    assert size[: event.onset].max(initial=0) < 0.1 and size[event.offset :].max(initial=0) < 0.2 * size[event.apex]
    assert event.onset < int(size.argmax()) < event.offset


def test_frames_without_a_face_are_nan_and_the_rest_is_kept(measure: RegionMotion, recording: Any) -> None:
    frames = [recording.clip.read(i) for i in range(60)]
    for k in range(20, 41):
        frames[k] = np.full_like(frames[k], 90)
    curve = measure(iter(frames), 20.0)
    seen = np.asarray(np.isfinite(curve.displacement).all(axis=(1, 2)))
    assert seen[:11].all() and not seen[20:41].any() and seen[50:].all()


def test_a_video_without_a_face_or_a_frame_is_one_sentence(measure: RegionMotion) -> None:
    with pytest.raises(FaceNotFoundError, match=r"no face was found in two frames 0.5 s apart, in 20 frames; check"):
        measure(iter([np.full((64, 64), 90, np.uint8)] * 20), 20.0)
    with pytest.raises(DataError, match="the video has no frame"):
        measure(iter([]), 20.0)


def test_every_frame_is_counted(measure: RegionMotion, recording: Any) -> None:
    seen: list[int] = []
    curve = measure((recording.clip.read(i) for i in range(13)), 20.0, lambda: seen.append(1))
    assert len(seen) == len(curve.displacement) == 13
