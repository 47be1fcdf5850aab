"""Scores of spotting: known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mer.spotting.score import (
    SpottedVideo,
    average_precision,
    counts,
    counts_by_subject,
    f1_difference,
    f1_limits,
    summary,
)
from mer.types import Interval, Kind


def some(kind: Kind, *ends: tuple[int, int], strength: tuple[float, ...] = ()) -> tuple[Interval, ...]:
    strengths = strength or (float("nan"),) * len(ends)
    return tuple(Interval(onset=a, offset=b, kind=kind, strength=s) for (a, b), s in zip(ends, strengths, strict=True))


VIDEOS = (
    SpottedVideo(
        video="a1",
        subject="a",
        true=some("micro", (0, 9), (20, 29)) + some("macro", (40, 99)),
        found=some("micro", (0, 9), (60, 69)) + some("macro", (0, 9), (41, 99)),
        minutes=1.0,
    ),
    SpottedVideo(video="b1", subject="b", true=some("micro", (5, 9)), found=(), minutes=0.5),
    SpottedVideo(video="b2", subject="b", true=(), found=some("micro", (5, 9)), minutes=0.5),
)


def test_kinds_are_counted_apart_and_together() -> None:
    found = counts(VIDEOS)
    assert {kind: (c.true, c.found, c.hits) for kind, c in found.items()} == {
        "micro": (3, 3, 1),
        "macro": (1, 2, 1),
        "together": (4, 5, 2),
    }
    assert found["micro"].recall == found["micro"].precision == found["micro"].f1 == pytest.approx(1 / 3)
    assert found["together"].f1 == pytest.approx(4 / 9)
    assert counts_by_subject(VIDEOS)["micro"].tolist() == [[2, 2, 1], [1, 1, 0]]


def test_without_intervals_there_is_no_score() -> None:
    empty = counts([SpottedVideo(video="a", subject="a", true=(), found=())])["micro"]
    assert math.isnan(empty.f1) and math.isnan(empty.recall) and math.isnan(empty.precision)
    assert all(math.isnan(limit) for limit in f1_limits(np.zeros((3, 3), dtype=np.int64)))


def test_false_alarms_are_per_minute_of_all_videos() -> None:
    assert summary(VIDEOS)["together"]["false_alarms_per_minute"] == pytest.approx(3 / 2)
    unknown = [SpottedVideo(video="a", subject="a", true=(), found=some("micro", (1, 2)))]
    assert summary(unknown)["micro"]["false_alarms_per_minute"] is None


def test_the_interval_of_f1_is_that_of_the_jackknife_on_the_log_odds() -> None:
    from scipy.stats import t

    table = np.random.default_rng(0).integers(1, 9, (20, 3))
    table[:, 2] = np.minimum(table[:, 2] // 2, table[:, :2].min(axis=1))
    f1 = 2 * table[:, 2].sum() / table[:, :2].sum()
    logit = math.log(f1 / (1 - f1))
    left = np.delete(np.broadcast_to(table, (20, 20, 3)), 0, axis=1) * 0
    left = np.stack([np.delete(table, k, axis=0) for k in range(20)]).sum(axis=1)
    each = 2 * left[:, 2] / left[:, :2].sum(axis=1)
    error = math.sqrt(((each - each.mean()) ** 2).sum() * 19 / 20) / (f1 * (1 - f1))
    reach = t.ppf(0.975, 19) * error
    expected = [1 / (1 + math.exp(-(logit + side * reach))) for side in (-1, 1)]
    np.testing.assert_allclose(f1_limits(table), expected, rtol=0.02)


def test_an_f1_of_zero_keeps_an_upper_limit() -> None:
    low, high = f1_limits(np.array([[2, 3, 0]] * 8))
    assert low == 0 and 0.2 < high < 0.8


def test_the_interval_covers_the_true_score() -> None:
    rng, covered = np.random.default_rng(1), 0
    for _ in range(300):
        skill = rng.beta(4, 6, 24)
        true, other = rng.poisson(6, 24) + 1, rng.poisson(4, 24)
        hits = rng.binomial(true, skill)
        low, high = f1_limits(np.stack([true, hits + other, hits], axis=1))
        covered += low <= 2 * 0.4 * 7 / (7 + 0.4 * 7 + 4) <= high
    assert 0.91 <= covered / 300 <= 0.98


def test_average_precision_of_a_ranking() -> None:
    """Ranks: hit, miss, hit, of 3 true: precision 1 at recall 1/3, 2/3 at 2/3."""
    true = some("micro", (0, 9), (20, 29), (40, 49))
    found = some("micro", (20, 29), (60, 69), (1, 9), strength=(3.0, 2.0, 1.0))
    video = SpottedVideo(video="a", subject="a", true=true, found=found)
    assert average_precision([video], "micro") == pytest.approx((1 + 2 / 3) / 3)


def test_a_second_interval_on_the_same_truth_is_a_false_alarm_of_the_ranking() -> None:
    found = some("micro", (0, 9), (0, 8), strength=(2.0, 3.0))
    video = SpottedVideo(video="a", subject="a", true=some("micro", (0, 9)), found=found)
    assert average_precision([video], "micro") == 1.0
    weaker = SpottedVideo(video="a", subject="a", true=some("micro", (0, 9), (30, 39)), found=found)
    assert average_precision([weaker], "micro") == pytest.approx(0.5)


def test_average_precision_needs_strengths_and_a_true_interval() -> None:
    assert math.isnan(average_precision(VIDEOS, "micro"))
    nothing = SpottedVideo(video="a", subject="a", true=(), found=())
    assert math.isnan(average_precision([nothing], "micro"))


def test_a_difference_of_f1_is_zero_against_itself_and_certain_where_every_subject_gains_alike() -> None:
    table = np.array([[4, 4, 2], [6, 5, 3], [5, 6, 1]])
    same = f1_difference([table], [table])
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    poor, good = np.array([[4, 4, 1]] * 5), np.array([[4, 4, 3]] * 5)
    gain = f1_difference([good], [poor])
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.5, 0.5, 0.5))
    assert gain.p < 1e-6
    assert np.isnan(f1_difference([good[:1]], [poor[:1]]).low)


def test_a_difference_of_levels_is_that_of_the_mean_f1_of_their_cells() -> None:
    poor, fair, good = (np.array([[4, 4, hits]] * 3) for hits in (1, 2, 3))
    assert f1_difference([good, fair], [poor, fair]).value == pytest.approx(0.25)


def test_the_interval_of_a_difference_contains_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        skill = rng.beta(4, 4, size=(20, 1))
        hits = rng.binomial(6, skill, size=(20, 2))  # two methods of the same skill
        one, other = (np.stack([np.full(20, 6), np.full(20, 6), hits[:, k]], axis=1) for k in (0, 1))
        found = f1_difference([one], [other])
        inside += found.low <= 0 <= found.high
        assert (found.p < 0.05) == (not found.low <= 0 <= found.high)
    assert 0.92 <= inside / 400 <= 0.98


def test_the_limits_of_a_difference_are_possible_differences() -> None:
    one, other = np.array([[4, 4, 4], [4, 4, 0]]), np.array([[4, 4, 0], [4, 4, 1]])
    found = f1_difference([one], [other])
    assert (found.low, found.high) == (-1.0, 1.0)
