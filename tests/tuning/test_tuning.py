import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier

from mer.bench._made_up import comparison_svm as svm
from mer.errors import ConfigError, DataError
from mer.metrics import score
from mer.svm import Estimator, FittedEnsemble, InnerFolds
from mer.svm.libsvm import one_against_rest
from mer.tuning import GlobalTuning, NestedTuning, NoTuning, inner_folds
from mer.tuning.folds import _best_fold
from tests.support.tables import blobs
from tests.svm.test_svm import side_of

SPACE = {
    "C": {"low": 0.01, "high": 100.0, "log": True, "points": 3},
    "gamma": {"low": 0.01, "high": 10.0, "log": True, "points": 2},
    "class_weight": {"choices": ["none", "balanced"]},
}


SEARCH = {
    "sampler": "tpe",
    "trials": 4,
    "seconds": None,
    "patience": None,
    "objective": "uf1",
    "space": SPACE,
    "prune": "none",
    "margin": 0.01,
    "members": 1,
    "within": 1.0,
    "journal": None,
}


def nested(**changes):
    return NestedTuning(**{**SEARCH, "inner": "groups", "inner_folds": 3, **changes})


def everywhere(**changes):
    return GlobalTuning(**{**SEARCH, **changes})


def search(tuning, machine, data, seed=0):
    return tuning(machine, side_of(data), seed=seed, label="cell/fold")


def test_none_leaves_the_settings_as_they_are():
    choice = search(NoTuning(), svm(), blobs())
    assert choice.learner == svm() and np.isnan(choice.inner_score) and choice.trials == ()


def test_the_best_trial_is_chosen_within_the_space():
    choice = search(nested(trials=6), svm(), blobs(distance=1.5))
    values = [trial["inner_score"] for trial in choice.trials]
    best = choice.trials[int(np.argmax(values))]
    assert choice.inner_score == max(values) and len(values) == 6
    assert choice.learner == svm(**{name: best[name] for name in SPACE})
    assert 0.01 <= choice.learner.C <= 100 and 0.01 <= choice.learner.gamma <= 10


def test_same_seed_same_trials():
    data = blobs(distance=1.0)
    first, again, other = (search(nested(), svm(), data, seed).trials for seed in (1, 1, 2))
    assert first == again != other


def test_the_inner_score_is_that_of_the_pooled_inner_predictions():
    from sklearn.metrics import f1_score

    data = blobs(distance=1.0)
    choice = search(nested(trials=1), svm(), data)
    predicted = np.empty_like(data.y)
    for split in inner_folds(data.y, data.subject, 3):
        scores = choice.learner(data.X[split.train], data.y[split.train], 3).scores(data.X[split.test])
        predicted[split.test] = scores.argmax(axis=1)
    assert choice.inner_score == pytest.approx(f1_score(data.y, predicted, average="macro"), abs=1e-15)


def test_a_linear_kernel_has_no_width_to_search():
    choice = search(nested(), svm(kernel="linear"), blobs())
    assert set(choice.trials[0]) == {"C", "class_weight", "inner_score", "folds", "chosen"}


def test_a_kernel_in_the_space_decides_what_else_is_searched():
    space = {**SPACE, "kernel": {"choices": ["linear", "rbf"]}}
    trials = search(nested(trials=12, space=space), svm(), blobs(distance=1.0)).trials
    assert {("gamma" in trial, trial["kernel"]) for trial in trials} == {(True, "rbf"), (False, "linear")}


@pytest.mark.parametrize("groups", [2, 3, 5, 99, None])
def test_inner_folds_never_split_a_subject(groups):
    data = blobs()
    folds = inner_folds(data.y, data.subject, groups)
    assert len(folds) == min(groups or 99, 6)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(data)))
    for fold in folds:
        assert not set(data.subject[fold.train]) & set(data.subject[fold.test])
        assert len(fold.train) + len(fold.test) == len(data)


def test_inner_folds_are_as_even_as_those_of_scikit_learn():
    from sklearn.model_selection import StratifiedGroupKFold

    def unevenness(y, tests):
        shares = [np.bincount(y[test], minlength=y.max() + 1) / np.bincount(y) for test in tests]
        return np.std(shares, axis=0).mean()

    rng, equal, ours, theirs = np.random.default_rng(0), 0, [], []
    for _ in range(40):
        y, subject = rng.integers(0, rng.integers(2, 6), 90), rng.integers(0, 15, 90).astype(str)
        _, first, index = np.unique(subject, return_index=True, return_inverse=True)
        met = np.argsort(np.argsort(first))[index]  # subjects in the order in which the rows show them
        plain = [test for _, test in StratifiedGroupKFold(n_splits=4).split(np.zeros((90, 1)), y, met)]
        folds = [fold.test for fold in inner_folds(y, subject, 4)]
        equal += all(map(np.array_equal, folds, plain))  # the others rest on rounding errors there
        ours.append(unevenness(y, folds))
        theirs.append(unevenness(y, plain))
    assert equal > 20 and np.mean(ours) <= np.mean(theirs)


def test_a_rounding_error_does_not_decide_who_is_left_out_together():
    clips = np.array([9, 4, 4, 2])
    for draw in range(20):
        rounding = 1 + 1e-13 * np.random.default_rng(draw).standard_normal(4)
        assert _best_fold(np.array([0.3, 0.3, 0.3, 0.4]) * rounding, clips) == 1
        assert _best_fold(np.full(4, 0.3) * rounding, clips) == 3


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
        ({"sampler": "cmaes"}, "tuning.sampler=cmaes: must be one of tpe"),
        ({"prune": True}, "tuning.prune=True: must be one of none"),
        ({"margin": 1.0}, "tuning.margin=1.0"),
        ({"within": 1.5}, "tuning.within=1.5: must be a difference of scores"),
        ({"within": -0.1}, "tuning.within=-0.1"),
        ({"inner": "clips"}, "tuning.inner=clips: must be groups or loso"),
        ({"seconds": 0}, "tuning.seconds=0: must be above 0"),
        ({"trials": None}, "tuning.trials=null: give trials or seconds"),
        ({"patience": -1}, "tuning.patience=-1"),
        ({"space": {"C": {"low": 1}}}, "tuning.space.C: give low, high, log and points"),
        ({"space": {"C": {"low": 2, "high": 1, "log": False, "points": 2}}}, "low=2 must be below high=1"),
        ({"space": {"C": {"low": 0, "high": 1, "log": True, "points": 2}}}, "above 0 on a log scale"),
        ({"space": {"C": {"low": 1, "high": 2, "log": True, "points": 1}}}, "points=1 must be a whole number of 2"),
    ],
)
def test_a_wrong_setting_is_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        nested(**changes)


def test_a_setting_that_the_svm_does_not_have_is_named():
    with pytest.raises(ConfigError, match=r"tuning\.space\.depth"):
        search(nested(space={"depth": {"choices": [1]}}), svm(), blobs())


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "gp", "grid"])
def test_every_sampler_stays_in_the_space_and_repeats(sampler):
    data = blobs(distance=1.0)
    tuning = nested(sampler=sampler, trials=None if sampler == "grid" else 5)
    first, again = (search(tuning, svm(), data, seed=3) for _ in range(2))
    assert first.trials == again.trials and first.learner == again.learner
    assert len(first.trials) == (3 * 2 * 2 if sampler == "grid" else 5)
    for trial in first.trials:
        assert 0.01 <= trial["C"] <= 100.0001 and 0.01 <= trial["gamma"] <= 10.0001


def test_a_search_begins_with_the_settings_of_the_config():
    first = search(nested(), svm(C=3.5, gamma=0.7, class_weight="balanced"), blobs()).trials[0]
    assert (first["C"], first["gamma"], first["class_weight"]) == (3.5, 0.7, "balanced")
    outside = search(nested(), svm(C=1e6), blobs()).trials[0]
    assert outside["C"] <= 100


def test_the_grid_holds_every_point_once_and_no_width_for_a_linear_kernel():
    space = {**SPACE, "kernel": {"choices": ["linear", "rbf"]}}
    trials = search(nested(sampler="grid", trials=None, space=space), svm(), blobs(distance=1.0)).trials
    assert len(trials) == 3 * 2 + 3 * 2 * 2
    assert len({tuple(sorted(trial.items())) for trial in trials}) == len(trials)
    assert {trial["C"] for trial in trials} == {0.01, 1.0, 100.0}
    with pytest.raises(ConfigError, match=r"tuning\.trials=4: the grid has 18 points"):
        search(nested(sampler="grid", space=space), svm(), blobs(distance=1.0))


def test_patience_ends_a_search_that_no_longer_improves():
    data = blobs(distance=1.0)
    values = [trial["inner_score"] for trial in search(nested(trials=40, patience=3), svm(), data).trials]
    assert 4 <= len(values) < 40
    assert values.index(max(values)) == len(values) - 4


def test_a_perfect_score_ends_a_search():
    assert len(search(nested(trials=40), svm(), blobs(distance=9.0)).trials) == 1


def test_seconds_end_a_search_after_the_trial_in_hand():
    assert len(search(nested(trials=None, seconds=1e-9), svm(), blobs(distance=1.0)).trials) == 1


def test_nothing_to_search_scores_the_settings_as_they_are():
    choice = search(nested(space={}), svm(), blobs(distance=1.0))
    assert choice.learner == svm() and len(choice.trials) == 1


def test_the_journal_keeps_the_studies_for_the_dashboard(tmp_path):
    import optuna

    path = str(tmp_path / "journal.log")
    data = blobs(distance=1.0)
    kept = search(nested(journal=path), svm(), data)
    assert search(nested(journal=path), svm(), data).trials == kept.trials == search(nested(), svm(), data).trials
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
    study = optuna.load_study(study_name="cell/fold", storage=storage)
    assert [trial.value for trial in study.trials] == [trial["inner_score"] for trial in kept.trials]


def test_a_journal_makes_its_folder_and_one_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "new" / "journal.log"
    search(nested(journal=str(path), trials=1), svm(), blobs(distance=1.0))
    assert path.exists()
    with pytest.raises(ConfigError, match=r"tuning\.journal=.*: the file cannot be written.*tuning\.journal=null"):
        search(nested(journal=str(path / "inside_a_file.log"), trials=1), svm(), blobs(distance=1.0))


@pytest.mark.parametrize("sampler", ["tpe", "grid"])
def test_to_watch_changes_neither_proposals_nor_choice(tmp_path, sampler, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    data = blobs(distance=1.0)
    tuning = {"sampler": sampler, "trials": None if sampler == "grid" else 8, "members": 3}
    alone = search(nested(**tuning), svm(), data)
    watched = search(nested(**tuning, journal="~/watched/journal.log"), svm(), data)
    assert watched == alone
    assert (tmp_path / "watched" / "journal.log").exists()
    journal = next(field for field in dataclasses.fields(NestedTuning) if field.name == "journal")
    assert journal.metadata["role"] == "watch"


def test_a_grid_is_a_study_of_optuna_with_fixed_points_and_no_chance(tmp_path):
    import optuna

    path, data = str(tmp_path / "journal.log"), blobs(distance=1.0)
    tuning = nested(sampler="grid", trials=None, members=4, within=0.05)
    one, other = (search(tuning, svm(), data, seed) for seed in (1, 2))
    assert one == other
    watched = search(dataclasses.replace(tuning, journal=path), svm(), data)
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
    trials = optuna.load_study(study_name="cell/fold", storage=storage).trials
    assert [trial.value for trial in trials] == [trial["inner_score"] for trial in watched.trials]
    assert [trial.params for trial in trials] == [{name: row[name] for name in SPACE} for row in one.trials]
    assert [row["C"] for row in one.trials[:3]] == [0.01, 1.0, 100.0]  # C last: what is before it is computed once


def test_only_the_global_search_is_optimistic():
    assert (NoTuning().optimistic, nested().optimistic, everywhere().optimistic) == (False, False, True)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=1000),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1),
        RandomForestClassifier(n_estimators=10, random_state=0),
        KNeighborsClassifier(),
    ],
)
def test_any_classifier_of_scikit_learn_can_stand_in(estimator):
    data = blobs(distance=6.0)
    machine = Estimator(estimator=estimator, scaling="standard", space={})
    choice = search(nested(), machine, data)
    assert choice.inner_score > 0.9
    assert choice.learner(data.X, data.y, 3).scores(data.X).shape == (36, 3)


def test_a_classifier_brings_its_own_space():
    space = {"n_neighbors": {"low": 1, "high": 7, "log": False, "points": 3}}
    machine = Estimator(estimator=KNeighborsClassifier(), scaling="standard", space=space)
    choice = search(nested(sampler="grid", trials=None), machine, blobs(distance=1.0))
    assert [trial["n_neighbors"] for trial in choice.trials] == [1, 4, 7]
    assert choice.learner.parameters["n_neighbors"] in (1, 4, 7)
    drawn = search(nested(), machine, blobs(distance=1.0)).trials
    assert all(isinstance(trial["n_neighbors"], int) for trial in drawn)


def test_a_classifier_that_is_none_and_a_setting_that_it_lacks_are_named():
    with pytest.raises(ConfigError, match=r"svm\.estimator=Ridge: must be a scikit-learn classifier"):
        Estimator(estimator=Ridge(), scaling="none", space={})
    with pytest.raises(
        ConfigError, match=r"svm\.space\.C: KNeighborsClassifier has no such setting; it has .*n_neighb"
    ):
        Estimator(estimator=KNeighborsClassifier(), scaling="none", space={"C": SPACE["C"]})
    with pytest.raises(ConfigError, match=r"svm\.scaling=robust"):
        Estimator(estimator=KNeighborsClassifier(), scaling="robust", space={})


@pytest.mark.parametrize("objective", ["uf1", "uar", "accuracy", "weighted_f1"])
def test_leaving_a_hopeless_trial_changes_no_choice(objective):
    data = blobs(subjects=9, distance=3.0)
    space = {**SPACE, "C": {"low": 1e-4, "high": 100.0, "log": True, "points": 9}}
    whole, pruned = (
        search(
            nested(sampler="grid", trials=None, space=space, objective=objective, prune=prune, inner_folds=5),
            svm(),
            data,
        )
        for prune in ("none", "certain")
    )
    assert (pruned.learner, pruned.inner_score) == (whole.learner, whole.inner_score)
    left = [trial["folds"] for trial in pruned.trials]
    assert min(left) < 5 and {trial["folds"] for trial in whole.trials} == {5}
    for before, after in zip(whole.trials, pruned.trials, strict=True):
        assert after["chosen"] == before["chosen"]
        assert after == before or (after["folds"] < 5 and after["inner_score"] <= pruned.inner_score)


def test_a_race_leaves_what_falls_behind_and_keeps_the_best_whole():
    data = blobs(subjects=9, distance=1.5)
    choice = search(nested(trials=30, prune="race", margin=0.02, inner_folds=5), svm(), data)
    folds = [trial["folds"] for trial in choice.trials]
    best = [trial["inner_score"] for trial in choice.trials].index(choice.inner_score)
    assert folds[0] == folds[best] == 5 and min(folds) < 5
    whole = inner_folds(data.y, data.subject, 5)
    predicted = choice.learner.inner(side_of(data), whole).scores(choice.learner).argmax(axis=1)
    assert choice.inner_score == score(data.y, predicted, 3, "uf1")


def test_an_ensemble_averages_the_best_settings():
    data = blobs(subjects=9, distance=1.0)
    choice = search(nested(trials=12, members=3), svm(), data)
    ranked = sorted(choice.trials, key=lambda trial: -trial["inner_score"])
    settings = [{name: trial[name] for name in SPACE} for trial in ranked[:3]]
    assert [member.parameters["C"] for member in choice.learner.members] == [each["C"] for each in settings]
    fitted = choice.learner(data.X, data.y, 3)
    alone = [svm(**each)(data.X, data.y, 3).scores(data.X) for each in settings]
    np.testing.assert_allclose(fitted.scores(data.X), np.mean(alone, axis=0))
    assert choice.learner.parameters["members"] == 3


class Known:
    """A learner with settings a and b, whose inner predictions are right for as many clips as a table says."""

    space = None

    def __init__(self, right, parameters=None):
        self.right, self.parameters = right, parameters or {}

    def has_param(self, name):
        return True

    def with_params(self, parameters):
        return Known(self.right, {**self.parameters, **parameters})

    def inner(self, side, splits):
        class Folds(InnerFolds):
            def each(self, learner):
                number = learner.right[learner.parameters["a"]][learner.parameters["b"]]
                clips = np.arange(len(side))
                yield clips, np.eye(3)[np.where(clips < number, side.y, (side.y + 1) % 3)]
                yield from ((clips[:0], np.zeros((0, 3))) for _ in splits[1:])

        return Folds(side)


def chosen_of(right, **changes):
    space = {"a": {"choices": [0, 1]}, "b": {"low": 0, "high": 2, "log": False, "points": 3}}
    tuning = nested(sampler="grid", trials=None, space=space, objective="accuracy", **changes)
    choice = search(tuning, Known(right), blobs(clips=5, subjects=8))  # 40 clips
    learners = choice.learner.members if "members" in changes else [choice.learner]
    marked = [(row["a"], row["b"]) for row in choice.trials if row["chosen"]]
    assert sorted(marked) == sorted((each.parameters["a"], each.parameters["b"]) for each in learners)
    return [(each.parameters["a"], each.parameters["b"]) for each in learners]


def test_the_members_are_the_best_within_the_distance_and_the_first_where_equal():
    right = [[20, 24, 25], [25, 23, 10]]  # of 40 clips
    assert chosen_of(right) == [(0, 2)]
    assert chosen_of(right, members=4, within=0.0) == [(0, 2), (1, 0)]
    assert chosen_of(right, members=4, within=0.025) == [(0, 2), (1, 0), (0, 1)]  # one clip less is 0.025 less
    assert chosen_of(right, members=4, within=0.05) == [(0, 2), (1, 0), (0, 1), (1, 1)]
    assert chosen_of(right, members=2, within=1.0) == [(0, 2), (1, 0)]
    assert chosen_of([[40, 40, 40], [40, 40, 39]], members=9, within=0.0)[1:] == [(0, 1), (0, 2), (1, 0), (1, 1)]


@pytest.mark.parametrize("order", [["none", "standard"], ["standard", "none"]])
def test_settings_that_folds_csv_does_not_show_are_told_apart(order):
    data = blobs(subjects=9, distance=3.0)
    data = dataclasses.replace(data, X=data.X * np.array([1000] + [1] * 7, dtype=np.float32))
    choice = search(nested(sampler="grid", trials=None, space={"scaling": {"choices": order}}), svm(), data)
    scores = {row["scaling"]: row["inner_score"] for row in choice.trials}
    assert scores["standard"] > scores["none"] and choice.learner.scaling == "standard"
    assert choice.inner_score == scores["standard"]


def test_the_inner_score_is_that_of_the_ensemble():
    data = blobs(subjects=9, distance=1.0)
    choice = search(nested(sampler="grid", trials=None, members=9), svm(), data)
    scores = np.mean(
        [
            each.inner(side_of(data), inner_folds(data.y, data.subject, 3)).scores(each)
            for each in choice.learner.members
        ],
        axis=0,
    )
    assert choice.inner_score == score(data.y, scores.argmax(axis=1), 3, "uf1")
    assert choice.inner_score != max(row["inner_score"] for row in choice.trials)


@dataclass(frozen=True)
class Decided:
    """A fitted member that has decided already."""

    pairs: list[list[float]]

    def scores(self, X):
        return one_against_rest(np.array(self.pairs), 3)


def test_a_tie_of_votes_goes_to_the_class_with_the_wider_margins():
    circle = [[0.5, -0.2, 0.9]]  # 0 beats 1, 2 beats 0, 1 beats 2: a vote for each
    back = [[-2 * value for value in circle[0]]]
    for members, winner in ((circle,), 1), ((back,), 2), ((circle, back), 2), ((back, circle), 2):
        ensemble = FittedEnsemble(members=tuple(map(Decided, members)))
        assert ensemble.scores(np.zeros((1, 0))).argmax() == winner
