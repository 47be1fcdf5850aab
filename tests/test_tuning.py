import numpy as np
import pytest

from mer.errors import ConfigError, DataError
from mer.tuning import NestedTuning, NoTuning, inner_folds
from tests.tables import blobs
from tests.test_svm import svm

SPACE = {
    "C": {"low": 0.01, "high": 100.0, "log": True},
    "gamma": {"low": 0.01, "high": 10.0, "log": True},
    "class_weight": {"choices": ["none", "balanced"]},
}


def nested(**changes):
    return NestedTuning(**{"trials": 4, "inner_folds": 3, "objective": "uf1", "space": SPACE, **changes})


def search(tuning, machine, data, seed=0):
    return tuning(machine, data.X, data.y, data.subject, 3, seed)


def test_none_leaves_the_settings_as_they_are():
    choice = search(NoTuning(), svm(), blobs())
    assert choice.svm == svm() and np.isnan(choice.inner_score) and choice.trials == ()


def test_the_best_trial_is_chosen_within_the_space():
    choice = search(nested(trials=6), svm(), blobs(distance=1.5))
    values = [trial["inner_score"] for trial in choice.trials]
    best = choice.trials[int(np.argmax(values))]
    assert choice.inner_score == max(values) and len(values) == 6
    assert choice.svm == svm(**{name: best[name] for name in SPACE})
    assert 0.01 <= choice.svm.C <= 100 and 0.01 <= choice.svm.gamma <= 10


def test_same_seed_same_trials():
    data = blobs(distance=1.0)
    first, again, other = (search(nested(), svm(), data, seed).trials for seed in (1, 1, 2))
    assert first == again != other


def test_the_inner_score_is_that_of_the_pooled_inner_predictions():
    from sklearn.metrics import f1_score

    data = blobs(distance=1.0)
    choice = search(nested(trials=1), svm(), data)
    predicted = np.empty_like(data.y)
    for train, test in inner_folds(data.y, data.subject, 3):
        scores = choice.svm(data.X[train], data.y[train], 3).scores(data.X[test])
        predicted[test] = scores.argmax(axis=1)
    assert choice.inner_score == pytest.approx(f1_score(data.y, predicted, average="macro"), abs=1e-15)


def test_a_linear_kernel_has_no_width_to_search():
    choice = search(nested(), svm(kernel="linear"), blobs())
    assert set(choice.trials[0]) == {"C", "class_weight", "inner_score"}


def test_a_kernel_in_the_space_decides_what_else_is_searched():
    space = {**SPACE, "kernel": {"choices": ["linear", "rbf"]}}
    trials = search(nested(trials=8, space=space), svm(), blobs()).trials
    assert {("gamma" in trial, trial["kernel"]) for trial in trials} == {(True, "rbf"), (False, "linear")}


@pytest.mark.parametrize("groups", [2, 3, 5, 99])
def test_inner_folds_never_split_a_subject(groups):
    data = blobs()
    folds = inner_folds(data.y, data.subject, groups)
    assert len(folds) == min(groups, 6)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(data)))
    for train, test in folds:
        assert not set(data.subject[train]) & set(data.subject[test])
        assert len(train) + len(test) == len(data)


def test_two_subjects_are_too_few_for_a_nested_search():
    data = blobs(subjects=1)
    with pytest.raises(DataError, match=r"only db/s00 remains.*tuning=none"):
        search(nested(), svm(), data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trials": 0}, "tuning.trials=0"),
        ({"inner_folds": 1}, "tuning.inner_folds=1"),
        ({"objective": "auc"}, "tuning.objective=auc: must be one of uf1"),
        ({"space": {"C": {"low": 1}}}, "tuning.space.C: give low, high and log"),
        ({"space": {"C": {"low": 2, "high": 1, "log": False}}}, "low=2 must be below high=1"),
        ({"space": {"C": {"low": 0, "high": 1, "log": True}}}, "above 0 on a log scale"),
    ],
)
def test_a_wrong_setting_is_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        nested(**changes)


def test_a_setting_that_the_svm_does_not_have_is_named():
    with pytest.raises(ConfigError, match=r"tuning\.space\.depth"):
        search(nested(space={"depth": {"choices": [1]}}), svm(), blobs())
