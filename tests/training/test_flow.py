"""Training of the flow network: exact truth, the same weights twice, also after an interruption."""

import csv

import cv2
import numpy as np
import pytest
import yaml
from scipy.ndimage import spline_filter

from mer.config.catalogue import conf_dir
from mer.config.composition import build
from mer.errors import ConfigError, DataError
from mer.training.flow.benchmark_pairs import PEAKS, benchmark_pairs
from mer.training.flow.degrade import Degradation
from mer.training.flow.fields import Fields
from mer.training.flow.pairs import sampled
from mer.training.flow.training_images import read_faces
from mer.training.images import texture
from mer.training.keypoints import read_keypoints

BUMPS = {"shares": {"bumps": 1.0}, "bumps": (1, 3), "width": (8.0, 20.0), "drift_share": 0.0, "drift": (0.0, 1.0)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three people, two frames each: made-up textures with made-up points."""
    folder = tmp_path_factory.mktemp("faces")
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    with (folder / "keypoints.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "subject", *(f"{axis}{k}" for k in range(68) for axis in "xy")])
        for k in range(6):
            cv2.imwrite(str(folder / "images" / f"{k}.png"), np.rint(texture(rng, 96)).astype(np.uint8))
            rows.writerow([f"{k}.png", f"person{k // 2}", *rng.uniform(20, 76, 136).round(2)])
    return folder


def training(folder, schedule=None, **changes):
    """Compose what ships, made small."""
    node = yaml.safe_load((conf_dir() / "train" / "flow.yaml").read_text(encoding="utf-8"))
    node["synthetic"] |= {"subjects": 1, "clips": 1, "size": 64}
    small = {"synthetic_pairs": 1, "filters": 2, "mixtures": 2, "widths": [[8, 8, 8]] * 4, "size": 64}
    node["schedule"] |= {"steps": 4, "batch": 2, "warm_up": 1, "checkpoint": 2} | (schedule or {})
    few = {"score_pairs": 1, "held_out_stride": 3}
    return build(node | small | few | {"folder": str(folder)} | changes)


def run(trained, output):
    lines = []
    scores = trained(output, lambda measures, step: lines.append((step, measures)))
    with np.load(output / "microflow.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}, scores, lines


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """What one training gives: its weights, scores and log, and the file of the weights."""
    output = tmp_path_factory.mktemp("once")
    return *run(training(folder), output), output / "microflow.npz"


def test_the_same_seed_trains_the_same_weights(folder, trained, tmp_path):
    weights, scores, lines, _ = trained
    assert set(scores) >= {"epe", "epe_clean_0.2", "epe_degraded_3.0"}
    assert [step for step, _ in lines] == [2, 4, 4]
    again, _, _ = run(training(folder), tmp_path / "again")
    for name, value in weights.items():
        np.testing.assert_array_equal(value, again[name])


def test_a_training_may_begin_from_the_weights_of_another(folder, trained, tmp_path):
    first, _, _, file = trained
    changes = {"start": str(file), "schedule": {"learning_rate": 1e-9, "steps": 1}}
    further, _, _ = run(training(folder, **changes), tmp_path / "further")
    for name, value in first.items():
        np.testing.assert_allclose(value, further[name], atol=1e-3)


def test_a_stopped_training_goes_on_where_it_was(folder, trained, tmp_path):
    class StopError(Exception):
        pass

    def stop(measures, step):
        if step == 2:
            raise StopError

    whole = training(folder)
    with pytest.raises(StopError):
        whole(tmp_path / "broken", stop)
    found, _, lines = run(whole, tmp_path / "broken")
    assert [step for step, _ in lines] == [4, 4]
    for name, value in trained[0].items():
        np.testing.assert_array_equal(value, found[name])


def test_weights_to_begin_from_must_fit_the_network(folder, trained, tmp_path):
    with pytest.raises(DataError, match=r"microflow\.npz: weights of another network than filters=3"):
        training(folder, start=str(trained[3]), filters=3)(tmp_path / "further", lambda *_: None)


def test_the_checkpoint_of_another_network_is_refused(folder, tmp_path):
    training(folder, {"steps": 2})(tmp_path, lambda *_: None)
    with pytest.raises(DataError, match="of another network than this training's"):
        training(folder, filters=3)(tmp_path, lambda *_: None)


def test_wrong_numbers_are_refused_by_name(folder):
    with pytest.raises(ConfigError, match=r"train.size=100: must be a multiple of 16"):
        training(folder, size=100)
    with pytest.raises(ConfigError, match=r"schedule.batch=0"):
        training(folder, {"batch": 0})


def test_both_frames_show_the_same_point_at_both_ends_of_the_flow():
    """A scene whose grey value is the place itself: what the flow says can be read off."""
    y, x = np.mgrid[:96, :96].astype(np.float32)
    flow = Fields(peak=(2.0, 2.0), **BUMPS)(np.random.default_rng(1), 64, None)
    matrix = np.float32([[1, 0, 16], [0, 1, 16]])
    for scene, axis in ((x, 0), (y, 1)):
        first, second = sampled(spline_filter(scene, output=np.float32, mode="mirror"), matrix, flow)
        np.testing.assert_allclose((first - second)[16:-16, 16:-16], flow[16:-16, 16:-16, axis], atol=0.01)


@pytest.mark.parametrize("kind", ["bumps", "smooth", "edges"])
def test_fields_reach_the_peak_that_was_asked_for(kind):
    fields = Fields(peak=(1.5, 1.5), **(BUMPS | {"shares": {kind: 1.0}}))
    reach = np.hypot(*np.moveaxis(fields(np.random.default_rng(2), 64, None), -1, 0)).max()
    assert reach == pytest.approx(1.5, rel=1e-4)


def test_zero_fields_are_zero_and_an_unknown_kind_is_named():
    assert not Fields(peak=(1.0, 1.0), **(BUMPS | {"shares": {"zero": 1.0}}))(np.random.default_rng(0), 32, None).any()
    with pytest.raises(ConfigError, match=r"fields.shares=twist: no such kind"):
        Fields(peak=(1.0, 1.0), **(BUMPS | {"shares": {"twist": 1.0}}))


def test_noise_has_the_size_that_was_asked_for():
    noise = {"noise": (3.0, 3.0), "noise_differs": 0.0, "gain": 0.0, "bias": 0.0, "gamma": 0.0, "blur": 0.0}
    degrade = Degradation(**noise, blur_share=0.0, jpeg_share=0.0, lines_share=0.0)
    pair = degrade(np.random.default_rng(0), np.full((2, 100, 100), 120, np.float32)).astype(float)
    assert pair.std() == pytest.approx(3.0, rel=0.05)
    assert abs(np.corrcoef(pair[0].ravel(), pair[1].ravel())[0, 1]) < 0.05


def test_benchmark_pairs_have_all_cells_with_one_truth_for_clean_and_degraded(folder):
    drawn = list(benchmark_pairs(read_faces(read_keypoints(str(folder)).at_most(1)), 2, 0))
    assert [(pair.peak, pair.degraded) for pair in drawn[:4]] == [(0.2, False), (0.2, True)] * 2
    assert {pair.peak for pair in drawn} == set(PEAKS)
    np.testing.assert_array_equal(drawn[0].flow, drawn[1].flow)
    assert drawn[0].error(drawn[0].flow) == 0
    assert drawn[0].inside.any()
