"""The motion of regions over a video: against what the generator knows, and where the face comes and goes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

import mer
from mer.align import Identity
from mer.config.composition import build, compose
from mer.errors import ConfigError, DataError, FaceNotFoundError
from mer.spotting.motion import RegionMotion
from mer.types import FlowField

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


@dataclass(frozen=True)
class Counted:
    """A frame has its number as its grey level, and is to the right of another by the difference of these."""

    seen: list[tuple[int, int]] = field(default_factory=list)

    def batch(self, onsets: list[Any], apexes: list[Any]) -> list[FlowField]:
        pairs = [(int(a[0, 0]), int(b[0, 0])) for a, b in zip(onsets, apexes, strict=True)]
        self.seen.extend(pairs)
        return [FlowField(uv=np.full((*onsets[0].shape, 2), b - a, np.float32)) for a, b in pairs]


@pytest.mark.parametrize(
    ("path", "starts"), [("anchors", [0, 0, 0, 3, 3]), ("sliding", [0, 0, 0, 1, 2]), ("frames", [0, 1, 2, 3, 4])]
)
def test_the_flow_to_a_frame_starts_where_the_path_says(
    measure: RegionMotion, recording: Any, path: Any, starts: list[int]
) -> None:
    face, flow = measure.landmarks(recording.clip.read(0)), Counted()
    parts: dict[str, Any] = {"landmarks": lambda _: face, "align": Identity(), "flow": flow, "motion": lambda f, _: f}
    numbered = (np.full((128, 128), k, np.uint8) for k in range(6))
    curve = replace(measure, **parts, path=path, anchor=3.0)(numbered, 1.0)
    assert flow.seen == [(start, k) for k, start in enumerate(starts, start=1)]
    assert np.array_equal(curve.displacement[:, 0, 0], np.arange(6))


@dataclass(frozen=True)
class Seeing:
    """Keeps the grey levels of the frames that it is given."""

    seen: list[list[int]] = field(default_factory=list)

    def batch(self, onsets: list[Any], apexes: list[Any]) -> list[FlowField]:
        self.seen.append([int(frame[0, 0]) for frame in (onsets[0], *apexes)])
        return [FlowField(uv=np.zeros((*frame.shape, 2), np.float32)) for frame in apexes]


@pytest.mark.parametrize("path", ["anchors", "sliding", "frames"])
def test_frames_are_averaged_with_their_neighbours_across_anchors(
    measure: RegionMotion, recording: Any, path: Any
) -> None:
    face, flow = measure.landmarks(recording.clip.read(0)), Seeing()
    parts: dict[str, Any] = {"landmarks": lambda _: face, "align": Identity(), "flow": flow, "motion": lambda f, _: f}
    levels = np.array([10, 10, 200, 30, 60, 90, 0, 40, 250])
    smooth = 0.8
    replace(measure, **parts, path=path, anchor=3.0, smooth=smooth)(
        (np.full((128, 128), level, np.uint8) for level in levels), 1.0
    )
    wanted = np.rint(gaussian_filter1d(levels.astype(float), smooth, mode="nearest", truncate=2.5))
    seen = flow.seen[0] + flow.seen[1][1:] + flow.seen[2][1:]
    assert np.abs(np.array(seen) - wanted).max() <= 1, "weights are whole numbers, of 4096"


def test_a_single_noisy_frame_counts_for_less(measure: RegionMotion, recording: Any) -> None:
    still = recording.clip.read(0)
    noise = np.random.default_rng(0).normal(scale=12, size=still.shape)
    noisy = np.clip(still + noise, 0, 255).astype(np.uint8)
    frames = [noisy if k == 10 else still for k in range(21)]
    most = [
        np.linalg.norm(replace(measure, smooth=smooth)(frames, 20.0).displacement, axis=2).max()
        for smooth in (0.0, 0.05)
    ]
    assert most[1] < 0.5 * most[0]


def test_a_path_of_another_name_is_refused(measure: RegionMotion) -> None:
    wrong: Any = "frame"
    with pytest.raises(
        ConfigError, match=r"region_motion\.path=frame: no such choice; region_motion\.path can be anchors"
    ):
        replace(measure, path=wrong)


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
