"""The classical backbones: shifts of known size and sign, equal frames, light, batches, threads, refusals."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import cv2
import numpy as np
import pytest

from mer.config.composition import component
from mer.errors import ConfigError, DataError
from mer.flow.base import local_contrast

BACKBONES = ["farneback", "dis", "tvl1", "deepflow", "pcaflow"]


@cache
def backbone(option):
    return component("flow", option)


def textured(size=160, seed=0):
    """Band-limited noise, grey levels 20 to 235."""
    noise = np.random.default_rng(seed).normal(size=(size, size)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return 20 + 215 * (smooth - smooth.min()) / np.ptp(smooth)


def as_image(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def shifted_pair(dx, dy, size=128, seed=0):
    """Two cuts of one texture; what is at p in the first is at p + (dx, dy) in the second."""
    scene = textured(size + 32, seed)
    spectrum = np.fft.fft2(scene)
    fy, fx = np.fft.fftfreq(size + 32)[:, None], np.fft.fftfreq(size + 32)
    moved = np.fft.ifft2(spectrum * np.exp(-2j * np.pi * (fx * dx + fy * dy))).real
    return as_image(scene[16:-16, 16:-16]), as_image(moved[16:-16, 16:-16])


@pytest.mark.parametrize("option", BACKBONES)
@pytest.mark.parametrize("shift", [(3, 0), (0, -2), (0.5, 0.25), (-1.3, 0.8)])
def test_a_shifted_frame_gives_that_shift(option, shift):
    uv = backbone(option)(*shifted_pair(*shift)).uv
    error = np.hypot(uv[..., 0] - shift[0], uv[..., 1] - shift[1])
    assert np.median(error) < 0.06
    np.testing.assert_allclose(np.median(uv, axis=(0, 1)), shift, atol=0.05)
    assert error[16:-16, 16:-16].max() < 0.35


@pytest.mark.parametrize("option", BACKBONES)
def test_equal_frames_do_not_flow_up_to_the_border(option):
    frame = as_image(textured())
    assert np.abs(backbone(option)(frame, frame).uv).max() < 1e-3


@pytest.mark.parametrize("option", BACKBONES)
@pytest.mark.parametrize("contrast", ["none", "local"])
def test_frames_without_texture_give_finite_zeros(option, contrast):
    flow = component("flow", option, contrast=contrast)
    flat = np.full((64, 64), 90, np.uint8)
    assert not flow(flat, flat).uv.any()


@pytest.mark.parametrize("option", BACKBONES)
def test_a_change_of_light_is_no_motion(option):
    frame = textured() * 0.7 + 30
    brighter = frame * 1.2 + 10
    assert np.percentile(np.abs(backbone(option)(as_image(frame), as_image(brighter)).uv), 95) < 0.08


@pytest.mark.parametrize("option", BACKBONES)
def test_mirrored_frames_give_mirrored_flow(option):
    onset, apex = shifted_pair(1.2, 0.4)
    uv = backbone(option)(onset, apex).uv
    mirrored = backbone(option)(onset[:, ::-1].copy(), apex[:, ::-1].copy()).uv[:, ::-1] * [-1, 1]
    assert np.median(np.abs(uv - mirrored)) < 0.03


@pytest.mark.parametrize("option", BACKBONES)
def test_flow_has_the_shape_of_the_frames_and_float32(option):
    onset, apex = shifted_pair(1, 0)
    uv = backbone(option)(onset[:100], apex[:100]).uv
    assert uv.shape == (100, 128, 2)
    assert uv.dtype == np.float32


@pytest.mark.parametrize("option", BACKBONES)
@pytest.mark.parametrize("shape", [(16, 16), (16, 90), (28, 28), (33, 17)])
def test_small_and_narrow_frames(option, shape):
    onset, apex = shifted_pair(1, 0)
    uv = backbone(option)(onset[: shape[0], : shape[1]], apex[: shape[0], : shape[1]]).uv
    assert uv.shape == (*shape, 2)


@pytest.mark.parametrize("option", BACKBONES)
def test_batch_and_threads_equal_one_by_one(option):
    pairs = [shifted_pair(0.3 * k, -0.2 * k, size=64, seed=k) for k in range(6)]
    onsets, apexes = zip(*pairs, strict=True)
    flow = backbone(option)
    one_by_one = [flow(*pair).uv for pair in pairs]
    with ThreadPoolExecutor(4) as pool:
        threads = [field.uv for field in pool.map(flow, onsets, apexes)]
    for single, batch, thread in zip(one_by_one, flow.batch(onsets, apexes), threads, strict=True):
        np.testing.assert_array_equal(single, batch.uv)
        np.testing.assert_array_equal(single, thread)


def test_read_only_and_sliced_frames_are_taken():
    onset, apex = shifted_pair(2, 0)
    expected = backbone("dis")(onset[::2, 3:-5].copy(), apex[::2, 3:-5].copy()).uv
    onset.flags.writeable = apex.flags.writeable = False
    np.testing.assert_array_equal(backbone("dis")(onset[::2, 3:-5], apex[::2, 3:-5]).uv, expected)


def test_options_of_dis_reach_the_search():
    onset, apex = shifted_pair(0.7, 0.3)
    fine, coarse = (component("flow", "dis", finest_scale=s)(onset, apex).uv for s in (0, 3))
    error = [np.abs(np.median(uv - [0.7, 0.3], axis=(0, 1))).max() for uv in (fine, coarse)]
    assert error[0] < 0.02
    assert not np.array_equal(fine, coarse)
    ultrafast = component("flow", "dis", preset="ultrafast", refinement_iterations=0)(onset, apex).uv
    assert not np.array_equal(ultrafast, fine)


@pytest.mark.parametrize("finest_scale", [0, 1, 2, 3, 4])
def test_dis_has_every_finest_scale_on_a_narrow_frame(finest_scale):
    onset, apex = shifted_pair(1, 0)
    uv = component("flow", "dis", finest_scale=finest_scale)(onset[:24], apex[:24]).uv
    assert uv.shape == (24, 128, 2)


def test_local_contrast_takes_out_gain_and_bias():
    frame = textured() * 0.5 + 40
    plain, lit = (local_contrast(as_image(f), 8.0, 1.0, 40.0).astype(float) for f in (frame, 1.5 * frame - 20))
    assert np.abs(plain - lit).mean() < 3
    assert abs(plain.mean() - 128) < 3
    assert 30 < plain.std() < 45


def test_local_contrast_of_a_flat_frame_is_flat():
    assert (local_contrast(np.full((32, 32), 7, np.uint8), 8.0, 4.0, 40.0) == 128).all()


@pytest.mark.parametrize(
    ("onset", "apex", "sentence"),
    [
        (np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8), r"grey uint8 .* got uint8 \(64, 64, 3\)"),
        (np.zeros((64, 64), np.uint8), np.zeros((64, 64)), r"as apex, got float64 \(64, 64\): convert"),
        (np.zeros((64, 64), np.uint8), np.zeros((64, 60), np.uint8), r"one shape, got \(64, 64\) and \(64, 60\)"),
        (np.zeros((8, 64), np.uint8), np.zeros((8, 64), np.uint8), r"at least 16 px per side, got \(8, 64\)"),
        (None, np.zeros((64, 64), np.uint8), "as onset, got NoneType"),
    ],
)
def test_other_images_are_refused(onset, apex, sentence):
    with pytest.raises(DataError, match=sentence):
        backbone("dis")(onset, apex)


def test_a_batch_of_unequal_lengths_is_refused():
    frame = np.zeros((64, 64), np.uint8)
    with pytest.raises(DataError, match="2 onsets and 1 apexes"):
        backbone("dis").batch([frame, frame], [frame])


@pytest.mark.parametrize(
    ("option", "field", "wrong"),
    [
        ("dis", "preset", "slow"),
        ("dis", "finest_scale", -1),
        ("dis", "patch_size", 2),
        ("dis", "patch_stride", 13),  # beyond the patch OpenCV writes outside its memory
        ("dis", "alpha", -1.0),
        ("dis", "contrast", "global"),
        ("dis", "contrast_sigma", 0.0),
        ("dis", "contrast_floor", 0.0),
        ("farneback", "contrast_gain", 500.0),
        ("farneback", "pyramid_scale", 1.0),
        ("farneback", "poly_n", 6),
        ("farneback", "levels", 0),
        ("tvl1", "tau", 0.5),
        ("tvl1", "median", 4),
        ("tvl1", "lambda_", 0.0),
        ("tvl1", "scales", 2.5),
    ],
)
def test_wrong_settings_are_refused_by_name(option, field, wrong):
    with pytest.raises(ConfigError, match=f"flow.{field}"):
        component("flow", option, **{field: wrong})
