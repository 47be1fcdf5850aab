"""Whether scores are probabilities, and how good those are: Brier score and expected calibration error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mer.types import Calibration

__all__ = ["brier", "calibration", "expected_calibration_error"]

BINS = 10  # of equal width, as usual
_ROUNDING = 1e-6  # a row of probabilities sums to 1 within this


def calibration(y_true: NDArray[np.int64], scores: NDArray[np.float64]) -> Calibration | None:
    """Return how well the predicted probabilities fit; None where the scores are no probabilities.

    Parameters
    ----------
    y_true : ndarray of int, shape (n,)
    scores : ndarray of float, shape (n, classes)
        One row per clip; NaN for a class that was not in the training set counts as 0.

    Returns
    -------
    dict or None
        ``brier``: mean squared distance between a row and the truth, 0 (perfect) to 2; ``ece``: mean distance, over 10
        bins of the highest probability weighted by their clips, between that probability and the share of correct
        clips, 0 to 1.

    References
    ----------
    Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 1950,
    doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2. Naeini, Cooper and Hauskrecht, Obtaining well calibrated
    probabilities using Bayesian binning, AAAI 2015.
    """
    rows = np.nan_to_num(scores)
    votes = np.isin(rows, (0, 1)).all()  # also sum to 1, but say nothing about how sure they are
    if not len(rows) or votes or (rows < 0).any() or not np.allclose(rows.sum(axis=1), 1, atol=_ROUNDING):
        return None
    return {"brier": brier(rows, y_true), "ece": expected_calibration_error(rows, y_true), "bins": BINS}


def brier(probabilities: NDArray[np.float64], y_true: NDArray[np.int64]) -> float:
    """Return the mean squared distance of rows of probabilities (n, classes) from the truth (n,), 0 to 2."""
    truth = np.eye(probabilities.shape[1])[y_true]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def expected_calibration_error(probabilities: NDArray[np.float64], y_true: NDArray[np.int64]) -> float:
    """Return the mean distance between the highest probability and the share of correct clips, over bins, 0 to 1."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y_true
    place = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(place, weights=sure - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(probabilities))
