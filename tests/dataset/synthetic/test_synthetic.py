from __future__ import annotations

import dataclasses
import hashlib
import math
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

import mer
from mer.dataset.synthetic import Synthetic, SyntheticClip
from mer.dataset.synthetic.bumps import bumps_of, peak_of
from mer.dataset.synthetic.canvas import EYE_DISTANCE
from mer.dataset.synthetic.casting import draw_performance
from mer.dataset.synthetic.emotions import EMOTIONS
from mer.dataset.synthetic.identity import draw_identity
from mer.dataset.synthetic.units import MIDLINE, UNITS
from mer.errors import ConfigError, DataError

CALM: dict[str, Any] = {
    "blinks": 0, "noise": 0, "flicker": 0, "jpeg": None, "drift_shift": 0, "drift_roll": 0, "drift_zoom": 0,
}  # fmt: skip


@cache
def shipped() -> Synthetic:
    made = mer.component("dataset", "synthetic")
    assert isinstance(made, Synthetic)
    return made


def dataset(**overrides: Any) -> Synthetic:
    return dataclasses.replace(shipped(), **{"size": 128, **overrides})


def clip_of(subject: int = 3, number: int = 2, label: str = "happiness", **overrides: Any) -> SyntheticClip:
    return SyntheticClip(dataset(**overrides), subject, number, label)


def at(field: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Sample a field (H, W, 2) at points (n, 2)."""
    where = (xy[:, 1], xy[:, 0])
    return np.stack([map_coordinates(field[..., k].astype(float), where, order=3) for k in range(2)], axis=1)


def digest(array: np.ndarray) -> str:
    return hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=8).hexdigest()


# The plan


def test_default_set_has_the_classes_of_mmew_and_loads_without_rendering(monkeypatch):
    drawn: list[Any] = []
    for name in ("coefficients", "sample_face"):  # the face at rest, and every frame that is made of it
        monkeypatch.setattr(f"mer.dataset.synthetic.clip.{name}", lambda *call: drawn.append(call))
    made = shipped()
    manifest = made.load()
    assert not drawn
    assert made.name == "synthetic" and made.entry == "frames"
    assert len(manifest.samples) == 240 and manifest.classes == tuple(EMOTIONS)
    first = manifest.samples[2]
    assert first.id == f"sub01_03_{first.label}" and first.subject == "synthetic/sub01" and first.fps == 90
    assert all(s.onset < s.apex < s.offset < s.clip.frames for s in manifest.samples)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_counts_follow_the_frequencies_and_every_class_has_several_subjects(seed: int):
    made = dataset(seed=seed)
    subjects = defaultdict(set)
    counts: Counter[str] = Counter()
    for sample in made.load().samples:
        subjects[sample.label].add(sample.subject)
        counts[sample.label] += 1
    total = sum(made.frequencies.values())
    assert all(len(subjects[name]) >= 4 for name in made.frequencies)
    assert all(abs(counts[name] - 240 * f / total) < 3 for name, f in made.frequencies.items())


def test_classes_can_be_left_out():
    manifest = dataset(frequencies={"surprise": 1, "happiness": 1, "anger": 0}, subjects=4).load()
    assert manifest.classes == ("happiness", "surprise")
    assert Counter(s.label for s in manifest.samples) == {"happiness": 20, "surprise": 20}


def test_people_lack_classes_where_asked_and_their_clips_are_otherwise_the_same():
    even, bursts = dataset().load(), dataset(absent=0.6, subjects=60).load()
    shown = defaultdict(set)
    for sample in bursts.samples:
        shown[sample.subject].add(sample.label)
    missing = {name: np.mean([name not in labels for labels in shown.values()]) for name in bursts.classes}
    assert missing["surprise"] < 0.1 and all(missing[name] > 0.4 for name in bursts.classes if name != "surprise")
    assert bursts.classes == even.classes and len(bursts.samples) == 600
    assert [s.id for s in dataset(absent=0.0).load().samples] == [s.id for s in even.samples]
    same, other = (clip_of(absent=value).read(0) for value in (0.0, 0.6))
    np.testing.assert_array_equal(same, other)
    assert clip_of(absent=0.6).fingerprint([0, 5]) == clip_of().fingerprint([0, 5])
    assert {s.label for s in dataset(absent=1.0).load().samples} == {"surprise"}


def test_a_clip_does_not_change_when_the_set_grows():
    small, large = dataset(subjects=2, clips=3), dataset(subjects=5, clips=30)
    grown = {s.id: s for s in large.load().samples}
    for sample in small.load().samples:
        twin = grown[sample.id]
        assert (sample.onset, sample.apex, sample.offset) == (twin.onset, twin.apex, twin.offset)
        assert sample.clip.fingerprint([0, 5]) == twin.clip.fingerprint([0, 5])
    last = small.load().samples[-1]
    np.testing.assert_array_equal(last.clip.read(4), grown[last.id].clip.read(4))


# Same seed, same bytes


def test_golden_bytes():
    manifest = shipped().load()
    plan = repr([(s.id, s.onset, s.apex, s.offset) for s in manifest.samples]).encode()
    assert hashlib.blake2b(plan, digest_size=8).hexdigest() == GOLDEN["manifest"]
    sample = manifest.samples[17]
    assert digest(sample.clip.read(sample.apex)) == GOLDEN["grey"]
    assert digest(clip_of(colour=True).read(3)) == GOLDEN["colour"]


def test_frames_do_not_depend_on_order_or_threads():
    frames = range(6)
    alone = [clip_of().read(k) for k in frames]
    clip = clip_of()
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(clip.read, reversed(frames)))
    np.testing.assert_array_equal(alone, together[::-1])
    assert not np.array_equal(alone[0], alone[1])


def test_fingerprint_follows_what_matters():
    base = clip_of().fingerprint([1, 2])
    assert base == clip_of(subjects=99, clips=50).fingerprint([1, 2])
    others = [clip_of(noise=3.0), clip_of(seed=5), clip_of(number=3), clip_of(label="fear"), clip_of(size=129)]
    assert len({base, clip_of().fingerprint([1, 3]), *(c.fingerprint([1, 2]) for c in others)}) == 7


def test_one_knob_leaves_the_others_alone():
    plain, blinking = clip_of(blinks=0), clip_of(blinks=1)
    assert plain.performance.blink is None and blinking.performance.blink is not None
    assert plain.intensities(plain.timing.apex) == blinking.intensities(plain.timing.apex)


# Truth


@pytest.mark.parametrize("number", [1, 2, 3])
def test_landmarks_move_by_the_true_flow(number: int):
    clip = clip_of(number=number, label="surprise", blinks=1.0, size=256)
    start, stop = clip.timing.onset, clip.timing.apex
    before, after = clip.landmarks(start).xy, clip.landmarks(stop).xy
    moved = before + at(clip.true_flow(start, stop).uv, before)
    assert np.abs(after - before).max() > 0.3
    np.testing.assert_allclose(moved, after, atol=0.01)


def test_equal_frames_have_no_flow():
    assert np.abs(clip_of().true_flow(7, 7).uv).max() < 1e-4


def test_inverse_undoes_forward():
    clip = clip_of(label="fear", blinks=1.0, stray=1.0, peak=[3, 3], size=256)
    for index in (0, clip.timing.apex, clip.frames - 1):
        motion, (x, y) = clip._motion(index), clip._pixels()
        np.testing.assert_allclose(motion.forward(*motion.inverse(x, y)), (x, y), atol=1e-4)


def test_the_apex_warped_back_by_the_true_flow_is_the_onset():
    clip = clip_of(size=256, noise=0, flicker=0, jpeg=None, peak=[2, 2], drift_shift=3)
    start, stop = clip.timing.onset, clip.timing.apex
    onset, apex = clip.read(start).astype(float), clip.read(stop).astype(float)
    (x, y), uv = clip._pixels(), clip.true_flow(start, stop).uv
    back = map_coordinates(apex, (y + uv[..., 1], x + uv[..., 0]), order=3, mode="nearest")
    inner = np.s_[8:-8, 8:-8]
    error, before = np.abs(back - onset)[inner], np.abs(apex - onset)[inner]
    assert error.mean() < 0.4 and error.mean() < 0.2 * before.mean() and np.percentile(error, 99) < 2.5


def test_the_wall_stands_still_while_the_head_drifts():
    clip = clip_of(drift_shift=8, drift_roll=3, pose_shift=0, pose_roll=0, pose_zoom=0)
    uv = clip.true_flow(0, clip.frames - 1).uv
    assert np.abs(uv[:, :2]).max() < 1e-3 and np.hypot(*uv[40:80, 50:80].transpose(2, 0, 1)).min() > 0.5


@settings(max_examples=15, deadline=None)
@given(subject=st.integers(1, 30), number=st.integers(1, 30), label=st.sampled_from(list(EMOTIONS)))
def test_peak_motion_is_within_the_asked_range(subject: int, number: int, label: str):
    made = dataset(peak=[0.5, 2.0], size=128, **CALM)
    clip = SyntheticClip(made, subject, number, label)
    uv = clip.true_flow(clip.timing.onset, clip.timing.apex).uv
    peak = 2 * math.sqrt((uv**2).sum(-1).max())  # px at size 256
    assert 0.5 * 0.97 <= peak <= 2.0 * 1.03


def test_intensities_rise_from_the_onset_to_the_apex_and_fall_to_the_offset():
    clip = clip_of(label="disgust")
    onset, apex, offset = clip.timing.onset, clip.timing.apex, clip.timing.offset
    level = [sum(clip.intensities(k).values()) for k in range(clip.frames)]
    assert max(level[: onset + 1]) == 0 and max(level[offset:]) == 0
    assert (
        int(np.argmax(level)) == apex
        and np.all(np.diff(level[onset:apex]) > 0)
        and np.all(np.diff(level[apex:offset]) < 0)
    )
    assert tuple(clip.intensities(apex)) == clip.action_units


def test_units_belong_to_the_emotion_unless_a_stray_one_joins():
    made = dataset(stray=0.0)
    for label, patterns in EMOTIONS.items():
        allowed = {unit.rstrip("LRS") for pattern in patterns for unit in pattern}
        for number in range(1, 12):
            shown = {unit.rstrip("LR") for unit in SyntheticClip(made, 1, number, label).action_units}
            assert shown <= allowed and shown


# Anatomy: unit, landmark of the subject's left, sign of its motion (x away from the midline, y down; 0 = not checked)
PULLS = [
    ("AU1", 22, 0, -1), ("AU2", 25, 0, -1), ("AU4", 22, -1, 1), ("AU5", 43, 0, -1), ("AU6", 46, 0, -1),
    ("AU7", 46, 0, -1), ("AU9", 35, 0, -1), ("AU10", 52, 0, -1), ("AU12", 54, 1, -1), ("AU14", 54, 1, 0),
    ("AU15", 54, 0, 1), ("AU17", 57, 0, -1),
    ("AU20", 54, 1, 0), ("AU23", 54, -1, 0), ("AU25", 57, 0, 1), ("AU26", 8, 0, 1),
]  # fmt: skip
TWIN = {22: 21, 25: 18, 43: 38, 46: 41, 35: 31, 52: 50, 54: 48}


def test_every_unit_is_checked():
    assert [unit for unit, *_ in PULLS] == list(UNITS)


@pytest.mark.parametrize(("unit", "landmark", "outward", "down"), PULLS)
def test_units_pull_as_the_muscles_do(unit: str, landmark: int, outward: int, down: int):
    for subject in range(1, 6):
        points = draw_identity(0, subject).points
        for side in (1,) if unit in MIDLINE else (1, -1):
            here = points[landmark if side > 0 else TWIN[landmark]]
            dx, dy = (float(d[0, 0]) for d in bumps_of(UNITS[unit], points, side)(here[None, :1], here[None, 1:]))
            assert outward == 0 or side * dx * outward > 0.3
            assert down == 0 or dy * down > 0.3


@pytest.mark.parametrize("unit", [u for u in UNITS if u not in MIDLINE])
def test_a_unit_of_one_side_leaves_the_other_still(unit: str):
    points = draw_identity(0, 1).points
    left = bumps_of(UNITS[unit], points, 1)
    dx, dy = left(points[None, :, 0], points[None, :, 1])
    outer_right = [*range(0, 7), 17, 18, 36, 37, 41, 48]
    assert np.all(dx[0, outer_right] == 0) and np.all(dy[0, outer_right] == 0)
    assert peak_of(left) > 0.5


def test_one_sided_expression_is_named_and_acts_on_that_side():
    made = dataset(stray=0.0, **CALM)
    clips = [SyntheticClip(made, s, k, "happiness") for s in range(1, 6) for k in range(1, 11)]
    one_sided = [c for c in clips if c.action_units == ("AU12L",)]
    assert one_sided
    clip = one_sided[0]
    moved = clip.landmarks(clip.timing.apex).xy - clip.landmarks(clip.timing.onset).xy
    assert np.all(np.abs(moved[48]) < 1e-4) and np.hypot(*moved[54]) > 0.05


# Faces


def test_landmarks_lie_as_on_a_face():
    for subject in range(1, 25):
        p = draw_identity(0, subject).points
        mirror = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, *range(35, 30, -1), 45, 44, 43, 42, 47, 46,
                  39, 38, 37, 36, 41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1),
                  67, 66, 65]  # fmt: skip
        np.testing.assert_allclose(p[mirror] * (-1, 1), p, atol=0.15)
        assert np.hypot(*(p[42:48].mean(0) - p[36:42].mean(0))) == pytest.approx(1, abs=0.06)
        assert np.all(np.diff(p[:17, 0]) > 0) and np.all(np.diff(p[:9, 1]) > 0)
        assert p[17:27, 1].max() < p[36:48, 1].min() and p[37, 1] < p[41, 1] and p[44, 1] < p[46, 1]
        assert p[33, 1] < p[51, 1] < p[62, 1] < p[66, 1] < p[57, 1] < p[8, 1]


def test_people_differ():
    frames = [clip_of(subject=s, number=1, size=64, **CALM).read(0).astype(float) for s in range(1, 7)]
    far = [np.abs(a - b).mean() for i, a in enumerate(frames) for b in frames[:i]]
    assert min(far) > 5


def test_a_person_looks_the_same_at_every_size():
    quiet = {**CALM, "pose_shift": 0}
    large, small = clip_of(size=256, **quiet), clip_of(size=128, **quiet)
    halved = large.read(5).astype(float).reshape(128, 2, 128, 2).mean(axis=(1, 3))
    assert np.abs(halved - small.read(5)).mean() < 3
    np.testing.assert_allclose((large.landmarks(5).xy - 0.5) / 2, small.landmarks(5).xy, atol=1e-3)


def test_shapes_and_types():
    grey, colour = clip_of(fps=30), clip_of(colour=True, size=96)
    assert grey.read(0).shape == (128, 128) and grey.read(0).dtype == np.uint8
    assert colour.read(0).shape == (96, 96, 3) and grey.flow() is None
    assert clip_of(fps=200).frames > 5 * grey.frames


def test_asymmetry_zero_moves_both_sides_alike():
    made = dataset(asymmetry=0.0, stray=0.0)
    points = draw_identity(0, 2).points
    play = draw_performance(made, 2, 1, "surprise", points)
    pairs = defaultdict(list)
    for action in play.actions:
        pairs[action.name.rstrip("LR")].append(action.intensity)
    assert all(len(v) == 1 or v[0] == pytest.approx(v[1], rel=1e-12) for v in pairs.values())
    assert max(a.intensity for a in play.actions) * 1 / (EYE_DISTANCE * 256) < 0.1


# Bad input


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subjects", 0), ("clips", 0), ("clips", 2.5), ("size", 10), ("size", 5000), ("seed", -1), ("colour", "yes"),
        ("fps", 0), ("fps", float("nan")), ("noise", -1), ("jpeg", 0), ("jpeg", 200), ("peak", [3, 1]), ("peak", [1]),
        ("peak", 2), ("blink", [0, 50]), ("stray", 1.5), ("frequencies", {"joy": 1}), ("frequencies", {"anger": 0}),
        ("frequencies", {"anger": -1, "fear": 2}), ("asymmetry", None),
    ],
)  # fmt: skip
def test_bad_fields_are_named(field: str, value: Any):
    with pytest.raises(ConfigError, match=rf"dataset\.{field} is .*must be"):
        dataset(**{field: value})


def test_a_frame_that_does_not_exist_is_named():
    clip = clip_of()
    with pytest.raises(DataError, match=rf"sub03 clip 02: frame {clip.frames} does not exist.* 0 to {clip.frames - 1}"):
        clip.read(clip.frames)


GOLDEN = {"manifest": "6d868aba55cd7878", "grey": "fe280a9633afc87a", "colour": "0b428fab4096cc9d"}
