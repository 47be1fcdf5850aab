"""Our network: shifts of known size, nothing where nothing moves, light, any size, batches, its weights on disk."""

import dataclasses
import pickle

import numpy as np
import pytest
import torch

from mer.config.composition import component
from mer.errors import ConfigError, DataError
from mer.flow.microflow import BUNDLED
from mer.flow.network import MicroflowNet
from mer.flow.scales import normalised, upsampled
from mer.flow.weights_file import load_network, save_weights
from tests.flow.test_flow import as_image, shifted_pair, textured


@pytest.fixture(scope="module")
def flow():
    return component("flow", "microflow", device="cpu")


@pytest.mark.parametrize("shift", [(0.3, 0), (0, -0.3), (1, 0), (-0.7, 0.7), (3, 0), (0, -3), (2.0, 2.2)])
def test_a_shifted_frame_gives_that_shift(flow, shift):
    uv = flow(*shifted_pair(*shift)).uv
    error = np.hypot(uv[..., 0] - shift[0], uv[..., 1] - shift[1])[16:-16, 16:-16]
    size = np.hypot(*shift)
    assert np.median(error) < 0.01 + 0.01 * size
    assert error.max() < 0.05 + 0.05 * size


@pytest.mark.parametrize("shift", [(6, 0), (-4, 5), (0, 8)])
def test_larger_shifts(flow, shift):
    uv = flow(*shifted_pair(*shift)).uv
    assert np.median(np.hypot(uv[..., 0] - shift[0], uv[..., 1] - shift[1])[16:-16, 16:-16]) < 0.2


def test_equal_frames_do_not_flow(flow):
    frame = as_image(textured())
    assert np.abs(flow(frame, frame).uv).max() < 1e-5


def test_frames_without_texture_give_zeros(flow):
    flat = np.full((64, 64), 90, np.uint8)
    assert np.abs(flow(flat, flat).uv).max() < 1e-12
    assert np.abs(flow(flat, flat + np.uint8(9)).uv).max() < 1e-3


def test_noise_alone_is_almost_no_motion(flow):
    rng = np.random.default_rng(3)
    a, b = (as_image(textured() * 0.7 + 30 + 2 * rng.standard_normal((160, 160))) for _ in range(2))
    assert np.hypot(*np.moveaxis(flow(a, b).uv, -1, 0)).mean() < 0.03


@pytest.mark.parametrize(("gain", "bias"), [(1.2, 10), (0.9, -8), (1.0, 20)])
def test_a_change_of_light_is_no_motion(flow, gain, bias):
    frame = textured() * 0.7 + 30
    assert np.percentile(np.abs(flow(as_image(frame), as_image(frame * gain + bias)).uv), 95) < 0.03


def test_light_leaves_the_flow_as_it_is(flow):
    onset, apex = (f * 0.7 + 30 for f in shifted_pair(0.8, -0.5))
    plain = flow(as_image(onset), as_image(apex)).uv
    lit = flow(as_image(onset), as_image(apex * 1.1 + 6)).uv
    assert np.abs(plain - lit)[8:-8, 8:-8].mean() < 0.03


def test_mirrored_frames_give_mirrored_flow(flow):
    onset, apex = shifted_pair(1.2, 0.4)
    uv = flow(onset, apex).uv
    mirrored = flow(onset[:, ::-1].copy(), apex[:, ::-1].copy()).uv[:, ::-1] * [-1, 1]
    assert np.median(np.abs(uv - mirrored)) < 0.02


@pytest.mark.parametrize("shape", [(16, 16), (16, 90), (28, 28), (33, 17), (101, 127), (128, 128)])
def test_any_size_from_16_px(flow, shape):
    onset, apex = (f[: shape[0], : shape[1]] for f in shifted_pair(0.5, 0))
    uv = flow(onset, apex).uv
    assert uv.shape == (*shape, 2)
    assert uv.dtype == np.float32
    assert abs(np.median(uv[..., 0]) - 0.5) < 0.1


def test_a_batch_equals_single_pairs_whatever_their_sizes(flow):
    pairs = [shifted_pair(0.3 * k, -0.2 * k, size=64 if k < 4 else 48, seed=k) for k in range(7)]
    small = dataclasses.replace(flow, pairs=3)
    for one, pair in zip(small.batch(*zip(*pairs, strict=True)), pairs, strict=True):
        np.testing.assert_allclose(one.uv, flow(*pair).uv, atol=1e-3)


def test_twice_the_same_to_the_last_bit(flow):
    pair = shifted_pair(0.4, 0.1)
    np.testing.assert_array_equal(flow(*pair).uv, component("flow", "microflow", device="cpu")(*pair).uv)


def test_it_travels_to_another_process(flow):
    assert pickle.loads(pickle.dumps(flow)) == flow


def test_expected_error_grows_with_noise(flow):
    onset, apex = (f * 0.3 + 60 for f in shifted_pair(0.5, 0))
    rng = np.random.default_rng(0)
    noisy = [as_image(f + 5 * rng.standard_normal(f.shape)) for f in (onset, apex)]
    clean = flow.with_error(as_image(onset), as_image(apex))[1]
    assert clean.shape == (128, 128)
    assert (clean > 0).all()
    assert flow.with_error(*noisy)[1].mean() > 1.5 * clean.mean()


def test_a_spline_of_equal_knots_is_that_value_and_of_a_ramp_that_ramp():
    knots = torch.arange(8.0).expand(1, 1, 8, 8)
    fine = upsampled(knots, 4)[0, 0]
    expected = (np.arange(32) + 0.5) / 4 - 0.5
    np.testing.assert_allclose(fine[10, 8:-8], expected[8:-8], atol=1e-5)
    np.testing.assert_allclose(upsampled(torch.full((1, 1, 8, 8), 2.5), 4), 2.5, atol=1e-5)


def test_normalised_frames_do_not_know_the_brightness():
    frame = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)) * 200
    torch.testing.assert_close(normalised(frame), normalised(frame + 40), atol=1e-4, rtol=0)


def test_weights_come_back_from_disk_as_a_network_of_their_size(tmp_path):
    torch.manual_seed(0)
    network = MicroflowNet(filters=3, mixtures=2, widths=[(8, 8, 8), (8, 12, 16), (8, 8, 8), (12, 8, 16)])
    save_weights(tmp_path / "small.npz", network.state_dict())
    again = load_network(tmp_path / "small.npz")
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.half().float())
    pair = shifted_pair(0.5, 0, size=32)
    uv = component("flow", "microflow", device="cpu", weights=str(tmp_path / "small.npz"))(*pair).uv
    assert uv.shape == (32, 32, 2)


def test_the_bundled_weights_are_small_and_need_no_pickle():
    assert BUNDLED.stat().st_size < 6e6
    with np.load(BUNDLED, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype == np.float16 for name in arrays.files)


@pytest.mark.parametrize("content", [None, b"", b"PK nothing"])
def test_other_files_are_refused_as_weights(tmp_path, content):
    path = tmp_path / "foreign.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"foreign.npz: (no such weights|not weights)"):
        component("flow", "microflow", device="cpu", weights=str(path))(*shifted_pair(1, 0))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_gpu_is_said():
    with pytest.raises(ConfigError, match=r"flow\.device=cuda: torch finds no such device; choose cpu or auto"):
        component("flow", "microflow", device="cuda")(*shifted_pair(1, 0))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_flow_of_a_cpu():
    onset, apex = shifted_pair(0.8, -0.5)
    exact = component("flow", "microflow", device="cpu")(onset, apex).uv
    assert np.abs(exact - component("flow", "microflow", device="cuda")(onset, apex).uv).max() < 2e-3
