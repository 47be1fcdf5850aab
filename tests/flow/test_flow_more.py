"""Flow of the user's own, RAFT where it is installed, sequences."""

import importlib.util

import numpy as np
import pytest

from mer.config.composition import component
from mer.errors import ConfigError, DataError
from mer.flow.sequence import SequenceFlow, followed
from mer.types import FlowField
from tests.flow.test_flow import as_image, shifted_pair, textured


def shift_by(onset, apex, dx=0.0, dy=0.0):
    return np.broadcast_to(np.float32([dx, dy]), (*onset.shape[:2], 2))


def maker(value):
    def flow(onset, apex):
        assert onset.shape == (64, 64, 3)
        return np.full((1, 2, 64, 64), value, np.float32)

    return flow


FRAME = np.zeros((64, 64), np.uint8)


def test_a_function_of_the_users_own():
    flow = component("flow", "external", path=f"{__name__}:shift_by", settings={"dx": 2.0})
    assert (flow(FRAME, FRAME).uv == [2, 0]).all()
    assert len(flow.batch([FRAME] * 3, [FRAME] * 3)) == 3


def test_a_factory_of_the_users_own_with_colour_and_channels_first():
    flow = component(
        "flow",
        "external",
        path=f"{__name__}:maker",
        settings={"value": 1.5},
        factory=True,
        channels="rgb",
        layout="chw",
    )
    assert flow(FRAME, FRAME).uv.shape == (64, 64, 2)
    assert (flow(FRAME, FRAME).uv == 1.5).all()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("nowhere_at_all:flow", "nowhere_at_all.*install it, or put its folder on PYTHONPATH"),
        ("mer.flow.zero_flow:gone", "gone.*install it"),
        ("mer.flow.zero_flow", "must be package.module:name"),
    ],
)
def test_an_import_path_that_leads_nowhere_is_named(path, sentence):
    with pytest.raises(ConfigError, match=sentence):
        component("flow", "external", path=path)(FRAME, FRAME)


def test_what_is_no_flow_is_refused():
    flow = component("flow", "external", path=f"{__name__}:shift_by", layout="chw")
    with pytest.raises(DataError, match=r"returned an array of shape \(64, 2, 64\), not \(64, 64, 2\)"):
        flow(FRAME, FRAME)


@pytest.mark.skipif(importlib.util.find_spec("torchvision") is not None, reason="torchvision is installed")
@pytest.mark.parametrize("size", ["small", "large"])
def test_raft_says_how_to_get_it(size):
    with pytest.raises(ConfigError, match=rf"flow=raft_{size} needs torchvision.*'micro-expression\[raft\]'"):
        component("flow", f"raft_{size}")(FRAME, FRAME)


def moving(count, dx, dy):
    pairs = [shifted_pair(k * dx, k * dy) for k in range(count)]
    return [pair[1] for pair in pairs]


@pytest.mark.parametrize("way", ["onset", "path"])
def test_a_steady_motion_is_found_by_both_ways(way):
    fields = SequenceFlow(backbone=component("flow", "dis", finest_scale=0), way=way)(moving(5, 0.6, -0.3))
    assert len(fields) == 4
    for k, field in enumerate(fields, start=1):
        np.testing.assert_allclose(np.median(field.uv, axis=(0, 1)), [0.6 * k, -0.3 * k], atol=0.05)


def test_points_are_followed_along_their_path():
    """Expansion by 5 % a step about (20, 12): after k steps a point is 1.05^k as far from there."""
    y, x = np.mgrid[:40, :48].astype(np.float32)
    step = FlowField(uv=np.stack([0.05 * (x - 20), 0.05 * (y - 12)], axis=-1))
    third = followed([step] * 3)[2].uv[8:20, 10:30]
    expected = (1.05**3 - 1) * np.stack([x - 20, y - 12], axis=-1)[8:20, 10:30]
    np.testing.assert_allclose(third, expected, atol=1e-4)


def test_microflow_takes_a_sequence_in_one_batch():
    frames = moving(4, 0.4, 0.0)
    flow = component("flow", "microflow", device="cpu")
    for field, frame in zip(SequenceFlow(backbone=flow, way="onset")(frames), frames[1:], strict=True):
        np.testing.assert_allclose(field.uv, flow(frames[0], frame).uv, atol=1e-3)


def test_one_frame_is_no_sequence():
    with pytest.raises(DataError, match="at least two frames, got 1"):
        SequenceFlow(backbone=component("flow", "dis"), way="path")([as_image(textured())])
