import csv
import json
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mer.errors import ConfigError, DataError
from mer.metrics import INTERVALS, confusion_matrix, from_predictions, label_permutation, measures, summarise
from mer.metrics.calibration import calibration
from mer.run.predictions import write_folds, write_predictions
from mer.store.predictions import read_predictions
from mer.types import FoldResult, LosoResult
from tests.support.tables import table

CLASSES = ("happiness", "disgust", "surprise")
# rows are the truth: TP 2, 3, 1; FP 1, 2, 0; FN 2, 0, 1
TRUE = [0, 0, 0, 0, 1, 1, 1, 2, 2]
PRED = [0, 0, 1, 1, 1, 1, 1, 2, 0]
SUBJECT = ["db/a", "db/a", "db/b", "db/b", "db/a", "db/b", "db/c", "db/c", "db/c"]


def scores(true=TRUE, pred=PRED, subject=SUBJECT, classes=CLASSES, draws=200, seed=0, **more):
    return summarise(true, pred, subject, classes, draws=draws, seed=seed, **more)


def test_scores_by_hand():
    got = scores()
    f1 = [4 / 7, 6 / 8, 2 / 3]
    assert got["uf1"]["value"] == pytest.approx(np.mean(f1), abs=1e-15)
    assert got["uar"]["value"] == pytest.approx((2 / 4 + 1 + 1 / 2) / 3, abs=1e-15)
    assert got["accuracy"]["value"] == pytest.approx(6 / 9, abs=1e-15)
    assert got["weighted_f1"]["value"] == pytest.approx((4 * f1[0] + 3 * f1[1] + 2 * f1[2]) / 9, abs=1e-15)
    assert got["confusion"] == [[2, 2, 0], [0, 3, 0], [1, 0, 1]]
    assert [got["per_class"][name]["support"] for name in CLASSES] == [4, 3, 2]
    assert [got["per_class"][name]["f1"]["value"] for name in CLASSES] == pytest.approx(f1)
    assert got["n"] == 9 and got["subjects"] == 3


def test_chance_lines_by_hand():
    got = scores()
    assert got["majority"] == {
        "class": "happiness",
        "uf1": pytest.approx((2 * 4 / 13) / 3),
        "uar": pytest.approx(1 / 3),
        "accuracy": pytest.approx(4 / 9),
        "weighted_f1": pytest.approx(4 / 9 * 8 / 13),
        "mcc": 0.0,
    }
    assert got["stratified_random"]["uf1"] == pytest.approx(1 / 3)
    assert got["stratified_random"]["accuracy"] == pytest.approx((16 + 9 + 4) / 81)


def test_pooled_is_not_the_mean_of_folds():
    """A subject with a single clip counts as a clip, not as a third of the score."""
    true, pred, subject = [0, 0, 0, 1, 1, 1, 2], [0, 0, 0, 1, 1, 1, 0], ["a"] * 3 + ["b"] * 3 + ["c"]
    got = scores(true, pred, subject)
    assert got["uf1"]["value"] == pytest.approx((6 / 7 + 1 + 0) / 3)
    folds = [np.mean([1]), np.mean([1]), np.mean([0])]
    assert got["uf1"]["value"] != pytest.approx(np.mean(folds))


def test_a_class_absent_from_one_subject_counts_through_the_pooled_sums():
    got = scores([0, 1, 2, 0, 1, 0, 2], [0, 1, 2, 0, 2, 0, 2], ["a"] * 3 + ["b"] * 2 + ["c"] * 2)
    assert got["per_class"]["surprise"]["f1"]["value"] == pytest.approx(2 * 2 / (2 + 3))


def test_a_class_without_a_clip_is_refused():
    with pytest.raises(DataError, match=r"class surprise has no clip.*with drop="):
        scores([0, 1, 0], [0, 1, 2], ["a", "b", "c"])


def test_no_clip_at_all_is_refused():
    with pytest.raises(DataError, match="no prediction"):
        scores([], [], [])


def test_interval_holds_the_value_and_repeats_with_the_seed():
    got, again, other = (scores(draws=2000, seed=seed, method="percentile") for seed in (0, 0, 1))
    assert json.dumps(got) == json.dumps(again) != json.dumps(other)
    for name in ("uf1", "uar", "accuracy", "weighted_f1"):
        assert 0 <= got[name]["low"] <= got[name]["value"] <= got[name]["high"] <= 1
    assert got["interval"].items() >= {"method": "percentile bootstrap over subjects", "draws": 2000, "seed": 0}.items()
    assert scores()["interval"] == {"level": 0.95, "method": "t interval over subjects"}


def test_interval_is_over_subjects():
    """Subjects that are all right or all wrong: the share of right subjects follows a binomial law of 10 draws."""
    true = np.tile([0, 1], 50)
    subject = np.repeat(np.arange(10), 10).astype(str)
    pred = np.where(np.repeat(np.arange(10), 10) < 5, true, 1 - true)
    got = scores(true, pred, subject, CLASSES[:2], draws=20_000, method="percentile")
    assert got["accuracy"] == {"value": 0.5, "low": pytest.approx(0.2), "high": pytest.approx(0.8)}


@pytest.mark.parametrize("method", INTERVALS)
def test_all_right_and_all_wrong_have_exact_limits(method):
    """Clopper and Pearson for 3 of 3 subjects, two of which show surprise; F1 through hits / union."""
    got = scores(TRUE, TRUE, method=method)
    assert got["accuracy"]["low"] == pytest.approx(0.025 ** (1 / 3)) and got["accuracy"]["high"] == 1
    never = scores([0, 0, 0, 2, 2, 1], [0, 0, 0, 1, 0, 1], ["a", "b", "c", "a", "b", "c"], method=method)
    surprise = never["per_class"]["surprise"]
    most = 1 - 0.025 ** (1 / 2)
    assert surprise["recall"] == {"value": 0, "low": 0, "high": pytest.approx(most)}
    assert surprise["f1"] == {"value": 0, "low": 0, "high": pytest.approx(2 * most / (1 + most))}


def test_the_t_interval_of_a_mean_by_hand():
    """Subjects of equal size: the accuracy is a mean, its influence the deviation from it; limits on log-odds."""
    from scipy import stats

    shares = np.array([1, 3, 2, 2, 3, 1, 4, 2])
    true = np.tile([0, 1, 0, 1], 8)
    pred = np.where(np.tile(np.arange(4), 8) < np.repeat(shares, 4), true, 1 - true)
    got = scores(true, pred, np.repeat(np.arange(8), 4).astype(str), CLASSES[:2])["accuracy"]
    p, error = shares.mean() / 4, stats.sem(shares / 4)
    reach = stats.t.ppf(0.975, 7) * error / (p * (1 - p))
    odds = np.log(p / (1 - p)) + np.array([-reach, reach])
    assert [got["low"], got["high"]] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-4)


@pytest.mark.parametrize("method", INTERVALS)
def test_a_rare_class_keeps_its_uncertainty(method):
    """Three clips of one class, all missed: no interval may run to a score without that class, or claim certainty."""
    subject = np.repeat([f"s{k:02d}" for k in range(26)], 8)
    pred = np.random.default_rng(0).choice([0, 1], 208, p=[0.6, 0.4])
    true = pred.copy()
    true[[0, 8, 16]] = 2
    got = scores(true, pred, subject, method=method)
    rare = got["per_class"]["surprise"]
    assert rare["recall"]["low"] == rare["f1"]["low"] == 0 and rare["recall"]["high"] == pytest.approx(0.7076, abs=1e-4)
    assert got["uf1"]["high"] < 0.95
    if method == "t":
        assert got["uf1"]["high"] > 0.9  # F1 of the rare class may be 0.83: 0.66 + 0.83 / 3
    assert ("caution" in got["interval"]) == (method != "t")


@pytest.mark.parametrize("method", INTERVALS)
def test_what_subjects_are_called_changes_no_digit(method):
    rng = np.random.default_rng(2)
    true, pred, who = rng.integers(3, size=90), rng.integers(3, size=90), rng.integers(9, size=90)
    first, second = (
        summarise(true, pred, names[who], ("a", "b", "c"), draws=200, seed=0, method=method)
        for names in (np.array(list("abcdefghi")), np.array(list("hbzxkpqry")))
    )
    names = [found["worst_subject"].pop("subject") for found in (first, second)]
    assert first == second and names[0] != names[1]


def test_ten_thousand_draws_are_made_by_arrays_and_not_one_by_one():
    rng = np.random.default_rng(0)
    true, subject = np.arange(442) % 7, rng.integers(68, size=442).astype(str)
    pred = rng.permutation(true)

    def calls(draws: int) -> int:
        seen: Counter[str] = Counter()
        sys.setprofile(lambda _frame, event, _: seen.update([event]))
        try:
            scores(true, pred, subject, tuple("abcdefg"), draws=draws, method="percentile")
        finally:
            sys.setprofile(None)
        return seen["call"] + seen["c_call"]

    calls(100)  # imports what it needs
    assert 0 < calls(10_000) - calls(1_000) < 2_000


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=40))
def test_scores_agree_with_scikit_learn_and_row_order_carries_no_meaning(rows):
    from sklearn.metrics import f1_score, recall_score

    true, pred, subject = (np.array(column) for column in zip(*rows, strict=True))
    present = np.unique(true)
    got = {k: float(v) for k, v in measures(confusion_matrix(true, pred, 3)).items() if v.ndim == 0}
    assert got["uf1"] == pytest.approx(f1_score(true, pred, labels=present, average="macro", zero_division=0))
    assert got["uar"] == pytest.approx(recall_score(true, pred, labels=present, average="macro", zero_division=0))
    assert got["weighted_f1"] == pytest.approx(f1_score(true, pred, average="weighted", zero_division=0))
    if len(present) == 3:
        shuffled = np.random.default_rng(0).permutation(len(true))
        assert scores(true, pred, subject, draws=50) == scores(
            true[shuffled], pred[shuffled], subject[shuffled], draws=50
        )


def result():
    X = np.zeros((9, 1), dtype=np.float32)
    whole = table(X, np.array(TRUE), SUBJECT, classes=CLASSES)
    folds = []
    for name in ("db/a", "db/b", "db/c"):
        rows = np.flatnonzero(whole.subject == name)
        values = np.random.default_rng(0).normal(size=(len(rows), 3)) / 3
        values[:, 2] = np.nan if name == "db/c" else values[:, 2]
        folds.append(
            FoldResult(
                fold=name,
                sample_id=tuple(whole.sample_id[rows]),
                y_true=whole.y[rows],
                y_pred=np.array(PRED)[rows],
                scores=values,
                parameters={"C": 0.1 + 0.2, "class_weight": "none"},
                inner_score=2 / 3,
                seconds=1.23456,
            )
        )
    return LosoResult(folds=tuple(folds), table=whole)


def test_predictions_are_read_back_digit_for_digit(tmp_path):
    made = result()
    write_predictions(tmp_path / "predictions.csv", made)
    got = read_predictions(tmp_path / "predictions.csv")
    assert got.classes == CLASSES
    assert got.sample_id.tolist() == sorted(made.table.sample_id.tolist())
    assert got.y_true.tolist() == TRUE and got.y_pred.tolist() == PRED
    by_id = {i: s for fold in made.folds for i, s in zip(fold.sample_id, fold.scores, strict=True)}
    np.testing.assert_array_equal(got.scores, [by_id[i] for i in got.sample_id])
    with (tmp_path / "predictions.csv").open() as file:
        assert next(csv.reader(file)) == [
            "sample_id", "dataset", "subject", "y_true", "y_pred",
            "score_happiness", "score_disgust", "score_surprise",
        ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["predictions.csv"]


def test_metrics_come_from_the_file_alone(tmp_path):
    write_predictions(tmp_path / "predictions.csv", result())
    got = from_predictions(read_predictions(tmp_path / "predictions.csv"), draws=200)
    assert got == scores(dataset=["db"] * 9)
    assert got["per_dataset"]["db"]["n"] == 9


def test_folds_table(tmp_path):
    write_folds(tmp_path / "folds.csv", result().folds)
    lines = (tmp_path / "folds.csv").read_text().splitlines()
    assert lines[0] == "subject,C,class_weight,inner_score,seconds"
    assert lines[1] == "db/a,0.30000000000000004,none,0.6666666666666666,1.235"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no readable table"),
        ("a,b\n1,2\n", "columns must be"),
        ("sample_id,dataset,subject,y_true,y_pred,score_x,score_y\n1,d,s,x,z,0,0\n", "class z has no column score_z"),
        ("sample_id,dataset,subject,y_true,y_pred,score_x,score_y\n1,d,s,x,y,0\n", "row 2 .* torn"),
    ],
)
def test_a_torn_file_is_named(tmp_path, text, message):
    path = tmp_path / "predictions.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        from_predictions(read_predictions(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="no readable table"):
        from_predictions(read_predictions(tmp_path / "nothing.csv"))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        write_predictions(tmp_path / "nowhere" / "predictions.csv", result())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
@example([(0, 1)])
def test_matthews_agrees_with_scikit_learn(rows):
    from sklearn.metrics import matthews_corrcoef

    true, pred = (np.array(column) for column in zip(*rows, strict=True))
    assume(len(set(true) | set(pred)) > 1)
    assert float(measures(confusion_matrix(true, pred, 3))["mcc"]) == pytest.approx(matthews_corrcoef(true, pred))


def test_each_data_set_has_its_own_line():
    got = scores(dataset=["casme2"] * 7 + ["samm"] * 2)["per_dataset"]
    assert got["casme2"]["n"] == 7 and got["samm"]["n"] == 2
    assert got["samm"]["uf1"] == pytest.approx(2 / 3)  # surprise alone occurs there: TP 1, FN 1
    assert got["casme2"]["accuracy"] == pytest.approx(5 / 7)


def test_the_mean_over_subjects_stands_under_its_own_name():
    got = scores([0, 0, 0, 1, 1, 1, 2], [0, 0, 0, 1, 1, 1, 0], ["a"] * 3 + ["b"] * 3 + ["c"])
    assert got["mean_over_subjects"]["accuracy"] == pytest.approx(2 / 3)
    assert got["accuracy"]["value"] == pytest.approx(6 / 7)


def test_bca_interval_equals_that_of_scipy():
    from scipy.stats import bootstrap

    rng = np.random.default_rng(0)
    true, subject = np.tile([0, 1], 60), np.repeat(np.arange(20), 6).astype(str)
    right = rng.random(120) < np.repeat(rng.beta(4, 1, size=20), 6)
    pred = np.where(right, true, 1 - true)
    got = scores(true, pred, subject, CLASSES[:2], draws=20_000, method="bca")["accuracy"]
    means = right.reshape(20, 6).mean(axis=1)
    known = bootstrap((means,), np.mean, n_resamples=20_000, method="BCa", rng=rng).confidence_interval
    assert (got["low"], got["high"]) == (pytest.approx(known.low, abs=0.006), pytest.approx(known.high, abs=0.006))


def test_an_unknown_interval_is_named():
    with pytest.raises(ConfigError, match=r"evaluation\.interval=wald: must be one of t, percentile, bca"):
        scores(method="wald")


def test_label_permutation_by_hand():
    """Three subjects with two clips each of two classes, and one more clip: 24 orders, one of which is all right."""
    true, subject = [0, 1, 0, 1, 0, 1, 2], ["a", "a", "b", "b", "c", "c", "c"]
    got = scores(true, true, subject, draws=40_000)["label_permutation"]
    assert got["p"] == pytest.approx(1 / 24, abs=0.004)


def test_label_permutation_of_useless_predictions_is_uniform():
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(8), 6).astype(str)
    p = [
        label_permutation(rng.integers(3, size=48), rng.integers(3, size=48), subject, 3, draws=100, seed=0)["p"]
        for _ in range(200)
    ]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.06)
    assert np.mean(p) == pytest.approx(0.5, abs=0.08)


def test_label_permutation_without_power_has_no_p_value():
    """No power is no evidence against an effect: p is None, and the reason stands beside it."""
    six = scores([0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 1, 2], list("abcdef"))["label_permutation"]
    assert six["p"] is None and "too few different labels" in six["reason"]
    subject, true = np.repeat(["a", "b"], 10), np.tile([0, 1], 10)
    constant = label_permutation(true, np.repeat([0, 1], 10), subject, 2, draws=200, seed=0)
    assert constant["p"] is None and "same score" in constant["reason"]


def test_chance_is_the_mean_over_permutations_within_subjects():
    true, subject = [0, 1, 0, 1] * 5, np.repeat(list("abcde"), 4)
    got = scores(true, true, subject, "ab", draws=2_000)["label_permutation"]["chance"]
    assert got["accuracy"] == pytest.approx(0.5, abs=0.02) and got["uar"] == pytest.approx(0.5, abs=0.02)
    constant = scores(true, [1] * 20, subject, "ab", draws=50)["label_permutation"]["chance"]
    assert constant["accuracy"] == 0.5 and constant["uf1"] == pytest.approx(1 / 3)


def test_the_worst_subject_has_the_lowest_accuracy():
    got = scores([0, 1, 0, 1, 0, 1], [0, 1, 1, 0, 1, 1], list("aabbcc"), "ab")["worst_subject"]
    assert got == {"subject": "b", "accuracy": 0.0, "clips": 2}


def test_calibration_by_hand():
    true = np.array([0, 1])
    assert calibration(true, np.eye(2)) is None, "votes"
    got = calibration(true, np.array([[0.75, 0.25], [0.75, 0.25]]))
    assert got["brier"] == pytest.approx((2 * 0.25**2 + 2 * 0.75**2) / 2)
    assert got["ece"] == pytest.approx(0.25)  # 0.75 sure, half of the clips correct
    assert calibration(true, np.array([[2.0, -1.0], [0.0, 1.0]])) is None, "sums to 1, but is no probability"
    assert calibration(true, np.array([[1.3, 0.2], [0.1, 1.1]])) is None
    absent = calibration(true, np.array([[1.0, np.nan], [0.5, 0.5]]))
    assert absent is not None and absent["brier"] == pytest.approx(0.25), "a class that a fold does not know"
