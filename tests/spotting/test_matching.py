"""Which found interval is which true one."""

from __future__ import annotations

import numpy as np

from mer.spotting.matching import matched, overlap
from mer.types import Interval


def intervals(*ends: tuple[int, int]) -> list[Interval]:
    return [Interval(onset=onset, offset=offset, kind="micro") for onset, offset in ends]


def test_both_ends_belong_to_an_interval() -> None:
    share = overlap(intervals((0, 9), (5, 5)), intervals((0, 9), (5, 14), (10, 12)))
    np.testing.assert_allclose(share, [[1, 5 / 15, 0], [1 / 10, 1 / 10, 0]])


def test_half_is_enough_and_less_is_not() -> None:
    assert matched(intervals((0, 4)), intervals((0, 9)), 0.5) == {0: 0}
    assert matched(intervals((0, 3)), intervals((0, 9)), 0.5) == {}


def test_the_best_overlap_is_taken_and_each_true_interval_counts_once() -> None:
    assert matched(intervals((0, 6), (0, 8), (1, 9)), intervals((0, 9), (50, 60)), 0.5) == {0: 1}


def test_a_found_interval_is_that_of_two_true_ones_by_the_rule_of_megc_alone() -> None:
    found, true = intervals((0, 9)), intervals((0, 7), (2, 9))
    assert matched(found, true, 0.5, "megc") == {0: 0, 1: 0}
    assert matched(found, true, 0.5) == {0: 0}


def test_as_many_true_intervals_as_possible_are_matched() -> None:
    # the first found one fits both true ones, the second fits the first true one alone
    assert matched(intervals((0, 9), (0, 5)), intervals((0, 9), (4, 11)), 0.5) == {0: 1, 1: 0}


def test_nothing_matches_nothing() -> None:
    assert matched([], intervals((0, 1)), 0.5) == matched(intervals((0, 1)), [], 0.5) == {}
