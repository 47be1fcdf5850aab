import dataclasses

import numpy as np
import pytest

from mer.errors import ConfigError, DataError, LeakError
from mer.loso import Loso, Split, check_split, fold_seed
from mer.metrics import score
from mer.tuning import NoTuning
from tests.tables import blobs, permuted, table
from tests.test_svm import svm
from tests.test_tuning import nested


def loso(**changes):
    return Loso(**{"min_clips": 2, "draws": 100, **changes})


def run(data, machine=None, tuning=None, *, workers=1, seed=0, key="cell", progress=None):
    return loso()(data, machine or svm(), tuning or NoTuning(), seed=seed, key=key, workers=workers, progress=progress)


def outcome(result):
    """All that must repeat: everything but the time."""
    return [
        (f.fold, f.sample_id, f.y_true.tolist(), f.y_pred.tolist(), f.scores.tolist(), dict(f.parameters), f.trials)
        for f in result.folds
    ]


def uf1(result):
    true, pred = (np.concatenate([getattr(f, name) for f in result.folds]) for name in ("y_true", "y_pred"))
    return score(true, pred, 3, "uf1")


def test_every_clip_is_predicted_once_by_the_others():
    data = blobs()
    result = run(data)
    assert [fold.fold for fold in result.folds] == sorted(set(data.subject))
    for fold in result.folds:
        rows = np.isin(data.sample_id, fold.sample_id)
        assert set(data.subject[rows]) == {fold.fold}
        expected = svm()(data.X[~rows], data.y[~rows], 3).scores(data.X[rows])
        np.testing.assert_allclose(fold.scores, expected, rtol=1e-12)
        np.testing.assert_array_equal(fold.y_pred, fold.scores.argmax(axis=1))


def test_separable_classes_are_recognised():
    assert uf1(run(blobs(distance=8.0))) == 1.0


def test_any_number_of_workers_gives_the_same_result():
    data, seen = blobs(distance=1.0), []
    one = run(data, tuning=nested())
    two = run(data, tuning=nested(), workers=2, progress=seen.append)
    assert outcome(one) == outcome(two)
    assert sorted(fold.fold for fold in seen) == [fold.fold for fold in two.folds]


def test_the_order_of_the_rows_carries_no_meaning():
    data = blobs(distance=1.0)
    order = np.random.default_rng(3).permutation(len(data))
    assert outcome(run(data, tuning=nested())) == outcome(run(permuted(data, order), tuning=nested()))


def test_each_fold_has_a_seed_of_its_own():
    seeds = {fold_seed(s, key, fold) for s in (0, 1) for key in ("a", "b") for fold in ("x", "y")}
    assert len(seeds) == 8 and fold_seed(0, "a", "x") == fold_seed(0, "a", "x")
    trials = {str(fold.trials[0]["C"]) for fold in run(blobs(), tuning=nested()).folds}
    assert len(trials) == 6


def test_what_a_test_subject_is_called_or_labelled_changes_nothing_in_its_fold():
    data = blobs(distance=1.0)
    changed = np.array(data.y)
    rows = data.subject == "db/s02"
    changed[rows] = (changed[rows] + 1) % 3
    other = dataclasses.replace(data, y=changed)
    before, after = run(data, tuning=nested()).folds[2], run(other, tuning=nested()).folds[2]
    assert before.fold == after.fold == "db/s02"
    np.testing.assert_array_equal(before.scores, after.scores)
    assert before.parameters == after.parameters and before.trials == after.trials


def test_the_scaler_never_sees_the_test_subject():
    """A test subject with values a million times as large would move a scaler fitted on all rows."""
    data = blobs()
    X = np.array(data.X)
    X[data.subject == "db/s00"] *= 1e6
    before, after = run(data).folds, run(dataclasses.replace(data, X=X)).folds
    known = svm()(data.X[6:], data.y[6:], 3)
    np.testing.assert_allclose(after[0].scores, known.scores(X[:6]), rtol=1e-9)
    assert before[0].fold == "db/s00"


def test_tuning_sees_the_training_side_only():
    seen = {}

    class Spy(NoTuning):
        def __call__(self, machine, X, y, subject, classes, seed):
            seen[seed] = (set(subject), len(X), len(y))
            return super().__call__(machine, X, y, subject, classes, seed)

    data = blobs()
    run(data, tuning=Spy())
    for name in set(data.subject):
        assert seen[fold_seed(0, "cell", name)] == (set(data.subject) - {name}, 30, 30)


def test_shuffled_labels_give_chance():
    rng = np.random.default_rng(0)
    data = blobs(subjects=10, distance=8.0)
    values = [uf1(run(dataclasses.replace(data, y=rng.permutation(data.y)))) for _ in range(8)]
    assert abs(np.mean(values) - 1 / 3) < 0.08


def test_a_subject_on_both_sides_raises():
    data = blobs()
    with pytest.raises(LeakError, match="subject db/s00 is on the training and on the test side"):
        check_split(data, Split(name="x", train=np.arange(5, 36), test=np.arange(5)))


def test_a_clip_used_twice_raises():
    data = blobs()
    with pytest.raises(LeakError, match="used twice"):
        check_split(data, Split(name="x", train=np.array([6, 7, 7]), test=np.arange(6)))


def test_a_leaking_scheme_is_stopped():
    class Leaky(Loso):
        def splits(self, table):
            return [Split(name="half", train=np.arange(3, 36), test=np.arange(3))]

    with pytest.raises(LeakError, match="fold half"):
        Leaky(min_clips=2, draws=100)(blobs(), svm(), NoTuning(), seed=0, key="", workers=1)


def test_a_class_of_one_subject_can_never_be_learnt():
    y = np.array([0, 1, 0, 1, 0, 2])
    data = table(np.eye(6, dtype=np.float32), y, ["a", "a", "b", "b", "c", "c"])
    with pytest.raises(DataError, match=r"class surprise: only subject c shows it.*dataset\.drop=\[surprise\]"):
        run(data)
    with pytest.raises(DataError, match="class surprise: no clip has it"):
        run(table(np.eye(4, dtype=np.float32), y[:4], ["a", "a", "b", "b"]))


def test_one_subject_alone_is_refused():
    with pytest.raises(DataError, match=r"needs two subjects or more.*db/s00"):
        run(blobs(subjects=1))


def test_a_clip_that_is_there_twice_is_refused():
    data = blobs()
    with pytest.raises(DataError, match="clip clip000 is in the table twice"):
        run(permuted(data, np.r_[0, 0:36]))


def test_a_subject_with_a_single_clip_is_a_warning():
    data = permuted(blobs(), np.arange(31))
    assert loso().warnings(blobs()) == []
    assert "db/s05 (1)" in loso().warnings(data)[0]
    assert run(data).folds[5].sample_id == ("clip030",)
    assert loso().folds(data) == 6


@pytest.mark.parametrize("name", ["min_clips", "draws"])
def test_a_wrong_setting_is_named(name):
    with pytest.raises(ConfigError, match=f"evaluation.{name}=0"):
        loso(**{name: 0})
