"""Shapley values: exact for a linear score, and always the whole difference."""

from __future__ import annotations

import numpy as np
import pytest

from mer.model.explain import shapley

REGION = np.array([0, 0, 1, 2, 2])


def test_of_a_linear_score_each_region_gets_its_own_part() -> None:
    weights = np.array([1.0, 2.0, -3.0, 0.5, 0.0])
    row, rest = np.arange(1.0, 6.0), np.zeros(5)
    found = shapley(lambda rows: rows @ weights, row, rest, REGION, 2)
    assert found == pytest.approx([1 + 4, -9, 2])


def test_the_sum_is_the_whole_difference_and_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    row, rest = rng.normal(size=5), rng.normal(size=5)

    def score(rows: np.ndarray) -> np.ndarray:
        return np.asarray(np.tanh(rows).prod(axis=1) + np.abs(rows[:, 0]) * rows[:, 3])

    found = shapley(score, row, rest, REGION, 3)
    assert found.sum() == pytest.approx(float(score(row[None])[0] - score(rest[None])[0]))
    assert (found == shapley(score, row, rest, REGION, 3)).all()
