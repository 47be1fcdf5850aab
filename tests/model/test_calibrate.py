"""Probabilities: fitted on scores, checked on others."""

from __future__ import annotations

import numpy as np
import pytest

from mer.metrics.calibration import brier, expected_calibration_error
from mer.model.calibrate import UNCALIBRATED, Calibration, calibrate, cross_fitted


def _drawn(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and classes that a known calibration has drawn."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1, (n, 3))
    shares = Calibration(slope=2.0, lapse=0.1)(scores)
    return scores, np.array([rng.choice(3, p=share) for share in shares])


def test_the_calibration_that_drew_the_classes_is_found() -> None:
    found = calibrate(*_drawn())
    assert found.slope == pytest.approx(2.0, rel=0.15) and found.lapse == pytest.approx(0.1, abs=0.05)


def test_probabilities_add_up_and_keep_the_order_of_the_scores() -> None:
    scores, _ = _drawn(50)
    found = Calibration(slope=0.7, lapse=0.2)(scores)
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found.argmax(axis=1) == scores.argmax(axis=1)).all()


def test_calibration_helps_on_subjects_that_it_has_not_seen() -> None:
    scores, y = _drawn(1200)
    subject = np.repeat([f"s{k}" for k in range(12)], 100)
    crossed, plain = cross_fitted(scores, y, subject), UNCALIBRATED(scores)
    assert brier(crossed, y) < brier(plain, y)
    assert expected_calibration_error(crossed, y) < 0.05


def test_known_answers() -> None:
    sure = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert brier(sure, np.array([0, 1])) == pytest.approx(1.0)
    assert expected_calibration_error(sure, np.array([0, 1])) == pytest.approx(0.5)
    assert expected_calibration_error(sure, np.array([0, 0])) == 0
