"""Head-motion removal on flow of known make: a drift of the head after a motion of the face."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mer.config.composition import component
from mer.errors import ConfigError, DataError
from mer.types import FlowField, Landmarks

SIZE = 256
Y, X = np.mgrid[:SIZE, :SIZE].astype(float)
PLACE = X + 1j * Y
CENTRE = 128 + 140j
REMOVALS = ["median", "nose", "similarity"]


def face():
    """68 points in the proportions of an aligned face: jaw, brows, nose, eyes, mouth."""
    t = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.5 + 0.38 * np.cos(t), 0.32 + 0.6 * np.sin(t)], axis=1)
    brows = [[0.2 + 0.05 * i, 0.2] for i in range(5)] + [[0.6 + 0.05 * i, 0.2] for i in range(5)]
    nose = [[0.5, 0.31 + 0.06 * i] for i in range(4)] + [[0.44 + 0.03 * i, 0.53] for i in range(5)]
    ring = np.linspace(np.pi, 3 * np.pi, 7)[:6]
    eyes = [[x + 0.065 * np.cos(a), 0.31 + 0.03 * np.sin(a)] for x in (0.33, 0.67) for a in ring]
    lips = np.linspace(np.pi, 3 * np.pi, 21)[:20]
    mouth = [[0.5 + 0.137 * np.cos(a), 0.67 + 0.04 * np.sin(a)] for a in lips]
    return Landmarks(xy=np.concatenate([jaw, brows, nose, eyes, mouth]) * SIZE)


FACE = face()


@cache
def removal_of(option, **override):
    return component("motion", option, **override)


def bump(x, y, u, v, sigma=15.0):
    return (u + 1j * v) * np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * sigma**2))


SMILE = bump(93, 172, -1.2, -0.9) + bump(163, 172, 1.0, -0.8)


def field(motion):
    return FlowField(uv=np.stack([motion.real, motion.imag], axis=-1))


def drifted(motion, zoom=0.0, roll=0.0, shift=0j):
    """Flow of a face that makes `motion` and is then turned, scaled and shifted with its head."""
    return field((1 + zoom + 1j * roll) * (PLACE + motion - CENTRE) + CENTRE + shift - PLACE)


@pytest.mark.parametrize(("support", "landmarks"), [("field", FACE), ("landmarks", FACE), ("field", None)])
@settings(max_examples=15, deadline=None)
@given(st.floats(-0.03, 0.03), st.floats(-0.05, 0.05), st.floats(-4, 4), st.floats(-4, 4))
def test_a_pure_head_motion_is_removed_to_nothing(support, landmarks, zoom, roll, dx, dy):
    removal = removal_of("similarity", support=support)
    left = removal(drifted(0j, zoom, roll, dx + 1j * dy), landmarks)
    assert np.abs(left.uv).max() < 1e-5


@pytest.mark.parametrize("loss", ["huber", "tukey"])
@pytest.mark.parametrize("support", ["field", "landmarks"])
def test_drift_goes_and_the_smile_stays(support, loss):
    removal = removal_of("similarity", support=support, loss=loss)
    left = removal(drifted(SMILE, 0.012, -0.02, 2 - 1.5j), FACE).uv
    error = np.hypot(left[..., 0] - SMILE.real, left[..., 1] - SMILE.imag)
    limit = 0.02 if loss == "tukey" else 0.15
    assert error[60:200, 40:216].max() < limit


@pytest.mark.parametrize("option", ["median", "nose"])
def test_a_shift_goes_and_the_smile_stays(option):
    left = removal_of(option)(drifted(SMILE, shift=2 - 1.5j), FACE).uv
    assert np.abs(left - field(SMILE).uv).max() < 0.03


@pytest.mark.parametrize("option", REMOVALS)
@settings(max_examples=10, deadline=None)
@given(st.floats(-5, 5), st.floats(-5, 5))
def test_a_constant_flow_changes_nothing(option, dx, dy):
    noise = np.random.default_rng(3).normal(scale=0.05, size=(SIZE, SIZE, 2))
    flow = FlowField(uv=field(SMILE).uv + noise)
    removal = removal_of(option)
    added = FlowField(uv=flow.uv + np.float32([dx, dy]))
    np.testing.assert_allclose(removal(added, FACE).uv, removal(flow, FACE).uv, atol=1e-4)


@pytest.mark.parametrize("option", REMOVALS)
def test_no_flow_stays_no_flow(option):
    assert not removal_of(option)(field(0 * PLACE), FACE).uv.any()


def test_none_returns_the_flow():
    flow = field(SMILE)
    assert removal_of("none")(flow, None) is flow


def test_noise_does_not_sway_the_fit():
    noise = np.random.default_rng(0).normal(scale=0.2, size=(SIZE, SIZE, 2))
    flow = FlowField(uv=drifted(SMILE, 0.01, 0.015, 1 + 1j).uv + noise)
    left = removal_of("similarity")(flow, FACE).uv - noise
    assert np.abs(left - field(SMILE).uv).max() < 0.06


def test_the_background_does_not_count():
    flow = drifted(0j, shift=2 + 1j).uv.copy()
    flow[:, :20] = flow[:, -20:] = flow[:30] = 0
    for option in REMOVALS:
        left = removal_of(option)(FlowField(uv=flow), FACE).uv
        assert np.abs(left[60:200, 40:216]).max() < 1e-5, option


def test_median_without_landmarks_is_that_of_the_field():
    flow = field(bump(60, 60, 3, 1) + (0.5 - 0.25j))
    left = removal_of("median")(flow, None).uv
    np.testing.assert_allclose(left, flow.uv - np.median(flow.uv, axis=(0, 1)), atol=1e-7)


def test_nose_averages_the_nose_and_not_what_is_beside_it():
    outlier = bump(128, 100, 8, 0, sigma=2.0)  # a speck of wrong flow on the ridge
    left = removal_of("nose")(field(1.5 + 0.5j + outlier), FACE).uv
    assert np.abs(np.median(left, axis=(0, 1))).max() < 0.01


@pytest.mark.parametrize("shape", [(28, 28), (60, 256)])
def test_any_shape_without_landmarks(shape):
    uv = np.zeros((*shape, 2), np.float32) + np.float32([1, -2])
    left = removal_of("similarity")(FlowField(uv=uv), None)
    assert left.shape == shape
    assert np.abs(left.uv).max() < 1e-5


@pytest.mark.parametrize(
    ("option", "override", "sentence"),
    [
        ("nose", {}, "motion=nose needs landmarks.*motion=similarity, median or none"),
        ("similarity", {"support": "landmarks"}, "motion.support=landmarks needs landmarks.*motion.support=field"),
    ],
)
def test_missing_landmarks_are_named_with_what_needs_none(option, override, sentence):
    with pytest.raises(DataError, match=sentence):
        removal_of(option, **override)(field(SMILE), None)


@pytest.mark.parametrize("option", REMOVALS)
def test_landmarks_outside_the_flow_are_refused(option):
    far = Landmarks(xy=FACE.xy + 1000)
    with pytest.raises(DataError, match="cover no part of the 256 × 256 flow"):
        removal_of(option)(field(SMILE), far)


@pytest.mark.parametrize(
    ("option", "key", "wrong"),
    [
        ("similarity", "support", "face"),
        ("similarity", "loss", "cauchy"),
        ("similarity", "grid", 2),
        ("similarity", "threshold", 1.0),
        ("similarity", "iterations", 0),
        ("similarity", "patch", 0.0),
        ("similarity", "points", []),
        ("nose", "points", [27, 68]),
        ("nose", "keep", 1.5),
        ("nose", "patch", -0.1),
        ("nose", "iterations", 0),
    ],
)
def test_wrong_settings_are_refused_by_name(option, key, wrong):
    with pytest.raises(ConfigError, match=f"motion.{key}"):
        component("motion", option, **{key: wrong})
