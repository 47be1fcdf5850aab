"""Tests over subjects: known answers, agreement with the scores of a run, and studies whose truth is planted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mer.bench.intervals import pair
from mer.metrics import confusion_matrix, measures
from mer.report.stats.paired import MCNEMAR_REJECTS, holm, mcnemar, mcnemar_caveat, wilcoxon
from mer.report.stats.resampling import SCORES, Counts, counts, difference_intervals, intervals, score, swap_test
from tests.support.planted import clips, predict


def of(y_true: list[int], *y_pred: list[int], subject: list[str]) -> Counts:
    return counts(y_true, [np.array(p) for p in y_pred], subject, 2)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_scores_are_those_of_the_metrics(seed: int) -> None:
    rng = np.random.default_rng(seed)
    subject = np.array([f"s{i}" for i in rng.integers(0, 5, 40)])
    y, predicted = rng.integers(0, 4, 40), rng.integers(0, 4, 40)
    y[:4] = range(4)
    expected = measures(confusion_matrix(y, predicted, 4))
    found = score(counts(y, [predicted], subject, 4))
    assert found == pytest.approx([expected[name] for name in ("uf1", "uar", "accuracy")], abs=1e-9)


def test_the_swap_test_takes_all_swaps_of_few_subjects() -> None:
    subject = [f"s{i}" for i in range(5) for _ in range(2)]
    truth = [0, 1] * 5
    right, wrong = truth, [1 - y for y in truth]
    sample = of(truth, right, wrong, subject=subject)
    # all 2^5 swaps: only none and all give a difference as large as 1, so p = 2/32
    assert swap_test(sample.of([0]), sample.of([1])) == pytest.approx([2 / 32, 2 / 32])
    assert swap_test(sample.of([0]), sample.of([0])).tolist() == [1.0, 1.0]


def test_the_swap_test_has_no_side() -> None:
    rng = np.random.default_rng(3)
    set_ = clips(rng, subjects=10)
    better, worse = predict(rng, set_, skill=1.0, suits=0.3), predict(rng, set_, skill=0.0, suits=0.3)
    sample = counts(set_.y, [better, worse], set_.subject, 3)
    a, b = sample.of([0]), sample.of([1])
    assert swap_test(a, b) == pytest.approx(swap_test(b, a))
    assert difference_intervals(a, b) == pytest.approx(-difference_intervals(b, a)[:, ::-1])


def test_intervals_agree_with_those_that_a_run_writes() -> None:
    from mer.metrics import summarise

    rng = np.random.default_rng(4)
    set_ = clips(rng, subjects=20)
    predicted = predict(rng, set_, skill=0.5, suits=0.3)
    written = summarise(set_.y, predicted, set_.subject, ("a", "b", "c"), draws=1, seed=0)
    found = intervals(counts(set_.y, [predicted], set_.subject, 3))
    for name, (low, high) in zip(SCORES, found, strict=True):
        assert low == pytest.approx(written[name]["low"], abs=1e-9)
        assert high == pytest.approx(written[name]["high"], abs=1e-9)


def test_the_mean_over_runs_is_tested_as_one() -> None:
    rng = np.random.default_rng(5)
    set_ = clips(rng, subjects=12)
    runs = [predict(rng, set_, skill=skill, suits=0.2) for skill in (0.2, 0.2, 0.9, 0.9)]
    sample = counts(set_.y, runs, set_.subject, 3)
    each = [score(sample.of([i])) for i in range(4)]
    assert score(sample.of([0, 1])) == pytest.approx((each[0] + each[1]) / 2)
    assert swap_test(sample.of([0, 0]), sample.of([2, 2])) == pytest.approx(swap_test(sample.of([0]), sample.of([2])))


def test_one_subject_gives_no_test_and_no_interval() -> None:
    sample = of([0, 1, 0], [0, 1, 1], [0, 0, 0], subject=["s"] * 3)
    assert np.isnan(swap_test(sample.of([0]), sample.of([1]))).all()
    assert np.isnan(intervals(sample)).all()
    assert np.isnan(wilcoxon(sample.of([0]).accuracy, sample.of([1]).accuracy))


def test_a_class_that_a_draw_lacks_does_not_make_a_score_undefined() -> None:
    rng = np.random.default_rng(6)
    subject = np.repeat([f"s{i}" for i in range(8)], 3)
    y = np.zeros(24, dtype=int)
    y[:2] = 1  # one subject alone shows the second class
    found = intervals(counts(y, [rng.integers(0, 2, 24)], subject, 2))
    assert np.isfinite(found).all()
    assert (found[:, 0] <= found[:, 1]).all()


def test_holm_leaves_out_what_is_undefined() -> None:
    assert holm([0.01, float("nan"), 0.04, 0.03]) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)
    assert holm([]).tolist() == []


def test_the_secondary_tests_have_their_known_values() -> None:
    a, b = np.array([True] * 10 + [False] * 4), np.array([True] * 4 + [False] * 6 + [False] * 4)
    assert mcnemar(a, b) == pytest.approx(2 * 0.5**6)
    assert wilcoxon(np.arange(8) / 10, np.arange(8) / 10) == 1.0
    assert wilcoxon(np.arange(1, 9) / 10, np.zeros(8)) == pytest.approx(2 / 2**8)


def test_equal_differences_of_accuracies_tie() -> None:
    """0.8 − 0.7 and 0.7 − 0.6 are equal, whatever their last bits say; a difference of none is none."""
    a, b = np.array([8, 7, 3, 9, 5, 6, 10, 4]), np.array([7, 6, 4, 6, 5, 6, 6, 2])
    exact = wilcoxon(a, b)  # whole numbers: no rounding
    assert len(set(a / 10 - b / 10)) > len(set(a - b))  # the floats do not tie
    assert wilcoxon(a / 10, b / 10) == exact
    thirds = np.array([1 / 3, 2 / 3, 1.0])
    assert wilcoxon(thirds, 1 - thirds[::-1] + 1 / 3) == 1.0


def test_planted_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 studies of 26 unequal subjects: what matters is found, what does not is called at most at the level.

    Methods suit subjects differently (0.5 in log-odds); 499 swaps a test keep this file short.
    """
    monkeypatch.setattr("gc.collect", lambda: 0)  # statsmodels calls it in every correction
    rng = np.random.default_rng(0)
    false, found, families, studies = 0, 0, 0, 200
    for study in range(studies):
        set_ = clips(rng)
        grid = [predict(rng, set_, skill=0.2 + 0.7 * matters, suits=0.5) for matters in (0, 1) for _idle in (0, 1)]
        sample = counts(set_.y, grid, set_.subject, 3)

        def p(first: list[int], second: list[int], sample: Counts = sample, seed: int = study) -> float:
            test = swap_test(sample.of(first), sample.of(second), names=("uf1",), swaps=499, seed=seed)
            return float(test[0])

        strong, idle = p([0, 1], [2, 3]), p([0, 2], [1, 3])
        corrected = holm([strong, idle])
        false += idle <= 0.05
        found += corrected[0] <= 0.05
        families += corrected[1] <= 0.05
    assert false / studies <= 0.06
    assert families / studies <= 0.06
    assert found / studies >= 0.9


def test_the_sentence_on_mcnemar_rests_on_its_simulation() -> None:
    """The shares in the report are those of `mer bench intervals`, within three standard errors."""
    studies = 200
    for suits, share in MCNEMAR_REJECTS.items():
        rng = np.random.default_rng(11)
        found = np.mean([mcnemar(*pair(rng, suits)[2]) <= 0.05 for _ in range(studies)])
        assert abs(found - share) <= 3 * np.sqrt(2 * max(share * (1 - share), 0.03) / studies), suits
        assert suits == 0 or f"{100 * share:.0f} % (s = {suits:g})" in mcnemar_caveat()


def test_t_intervals_of_means_and_differences_hold_what_they_should() -> None:
    """300 studies of 26 subjects: 95 % intervals of the difference of equal methods hold 0 in about 95 %."""
    rng = np.random.default_rng(12)
    held = []
    for _ in range(300):
        a, b, _right = pair(rng, 0.5)
        held.append([low <= 0 <= high for low, high in difference_intervals(a, b)])
    assert np.mean(held, axis=0) == pytest.approx([0.95] * 3, abs=0.04)
