"""Networks as classifiers: what they learn, what a seed decides, epochs chosen inside, and the optimistic twin."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

import mer
from mer.errors import ConfigError, DataError
from mer.loso import Loso
from mer.networks import Network
from mer.networks.architectures import ARCHITECTURES
from mer.networks.fit import Scale
from mer.networks.learner import channels_of
from mer.svm import TrainingSet
from mer.tuning import BestTestEpoch, NoTuning, inner_folds
from mer.types import FeatureTable

SIDE = 8
COLUMNS = tuple(f"row{y}_column{x}:{c}" for c in ("u", "v", "strain") for y in range(SIDE) for x in range(SIDE))
CLASSES = ("left", "right")


def network(**given: Any) -> Network:
    settings: dict[str, Any] = {
        "architecture": "ststnet",
        "epochs": 4,
        "batch": 8,
        "rate": 0.01,
        "decay": 0.0,
        "weights": "none",
        "seed": 0,
        "space": {"epochs": {"choices": [1, 4]}},
    }
    return Network(**{**settings, **given})


def table(subjects: int = 4, clips: int = 6, noise: float = 0.3) -> FeatureTable:
    """Motion to the left or to the right in the upper half of the picture."""
    rng = np.random.default_rng(0)
    y = np.tile(np.arange(clips) % 2, subjects)
    pictures = rng.normal(size=(len(y), 3, SIDE, SIDE)) * noise
    pictures[:, 0, : SIDE // 2] += (2 * y - 1)[:, None, None]
    return FeatureTable(
        X=pictures.reshape(len(y), -1).astype(np.float32),
        y=y,
        subject=np.array([f"db/s{s}" for s in range(subjects) for _ in range(clips)]),
        sample_id=np.array([f"c{i:03d}" for i in range(len(y))]),
        dataset=np.array(["db"] * len(y)),
        columns=COLUMNS,
        classes=CLASSES,
    )


def side(of: FeatureTable) -> TrainingSet:
    return TrainingSet(X=of.X, y=of.y, subject=of.subject, columns=of.columns, classes=len(of.classes))


def loso() -> Loso:
    made: Loso = mer.component("evaluation", "loso", draws=10)
    return made


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_network_learns_what_is_plain(name: str) -> None:
    data = table()
    fitted = network(architecture=name, epochs=12, rate=0.003)(data.X, data.y, 2, COLUMNS)
    scores = fitted.scores(data.X)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)
    assert (scores.argmax(axis=1) == data.y).mean() > 0.9


def test_the_networks_have_the_sizes_of_the_papers() -> None:
    def weights(name: str) -> int:
        return sum(p.numel() for p in ARCHITECTURES[name](28, 3, 3).parameters())

    assert weights("ststnet") == 3 * 28 + 5 * 28 + 8 * 28 + 400 * 3 + 3
    assert ARCHITECTURES["off_apexnet"](28, 3, 3)(torch.zeros(2, 3, 28, 28)).shape == (2, 3)
    assert ARCHITECTURES["htnet_small"](28, 3, 3)(torch.zeros(2, 3, 28, 28)).shape == (2, 3)


def test_the_seed_decides_and_leaves_the_state_of_torch_alone() -> None:
    data = table()
    before = torch.random.get_rng_state()
    one, again, other = (network(seed=seed)(data.X, data.y, 2, COLUMNS).scores(data.X) for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_u_and_v_keep_their_ratio() -> None:
    X = np.ones((4, len(COLUMNS)))
    X[:, SIDE * SIDE : 2 * SIDE * SIDE] = 3
    pictures = Scale.of(X, ("u", "v", "strain"))(X)
    assert float(pictures[0, 1, 0, 0] / pictures[0, 0, 0, 0]) == pytest.approx(3)


def test_a_class_that_was_not_seen_has_no_score() -> None:
    data = table()
    scores = network()(data.X, data.y * 2, 3, COLUMNS).scores(data.X)
    assert np.isnan(scores[:, 1]).all() and np.isfinite(scores[:, [0, 2]]).all()


def test_inner_folds_give_what_fits_of_their_own_give() -> None:
    data = table()
    training = side(data)
    splits = inner_folds(data.y, data.subject, None)
    inner = network().inner(training, splits)
    for epochs in (1, 4):
        learner = network(epochs=epochs)
        for split, (clips, scores) in zip(splits, inner.each(learner), strict=True):
            fitted = learner(data.X[split.train].astype(np.float64), data.y[split.train], 2, COLUMNS)
            np.testing.assert_array_equal(clips, split.test)
            np.testing.assert_allclose(scores, fitted.scores(data.X[split.test].astype(np.float64)), atol=1e-6)


def test_the_optimistic_twin_takes_the_epoch_that_suits_the_test_subject() -> None:
    scores = np.array([[[0.9, 0.1], [0.9, 0.1]], [[0.1, 0.9], [0.9, 0.1]], [[0.1, 0.9], [0.9, 0.1]]])
    assert BestTestEpoch().epoch(scores, np.array([1, 0])) == 1
    data = table(noise=2.0)
    runs = {kind: loso()(data, network(), kind(), seed=0, key="k", workers=1) for kind in (NoTuning, BestTestEpoch)}
    right = {kind: [int((fold.y_true == fold.y_pred).sum()) for fold in result.folds] for kind, result in runs.items()}
    assert all(b >= a for a, b in zip(right[NoTuning], right[BestTestEpoch], strict=True))
    assert all(1 <= int(str(fold.parameters["epochs"])) <= 4 for fold in runs[BestTestEpoch].folds)
    assert BestTestEpoch.optimistic


def test_an_svm_has_no_epochs() -> None:
    with pytest.raises(ConfigError, match="tuning=best_test_epoch: Svm has no epochs; choose a network"):
        BestTestEpoch()(mer.component("svm", "rbf"), side(table()), seed=0, label="")


def test_bad_settings_and_rows_are_refused() -> None:
    for given, message in (
        ({"architecture": "vgg"}, "classifier.architecture=vgg: no such choice"),
        ({"epochs": 0}, "classifier.epochs=0: must be a whole number of at least 1"),
        ({"rate": 0.0}, "classifier.rate=0.0: must be a number, above 0"),
        ({"space": {"rate": {"choices": [1]}}}, "classifier.space.rate: of a network, only epochs can be searched"),
    ):
        with pytest.raises(ConfigError, match=message):
            network(**given)
    with pytest.raises(ConfigError, match="use descriptor=flow28"):
        channels_of(("whole:bin1", "whole:bin2"))
    with pytest.raises(DataError, match="are of one"):
        network()(table().X, np.zeros(24, dtype=np.int64), 2, COLUMNS)


def test_the_options_build_networks() -> None:
    for name in ARCHITECTURES:
        made = mer.component("classifier", name, seed=3)
        assert dataclasses.asdict(made)["architecture"] == name


def test_the_number_of_epochs_is_chosen_on_inner_folds() -> None:
    data = table(subjects=5, noise=3.0)
    tuning = mer.component("tuning", "nested", members=1, inner_folds=2)
    choice = tuning(network(), side(data), seed=0, label="")
    assert choice.learner.parameters["epochs"] in (1, 4)
    assert [trial["epochs"] for trial in choice.trials] == [1, 4]
