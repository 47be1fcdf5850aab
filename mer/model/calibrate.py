"""Scores of a classifier → probabilities, fitted on scores of clips that the classifier had not learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "brier", "calibrate", "cross_fitted", "expected_calibration_error"]

Float = NDArray[np.float64]
_BINS = 10
_RIDGE = 0.02  # per clip, on the biases: keeps those of rare classes near 0


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Platt's scaling for several classes: the softmax of slope · score + a bias per class.

    Attributes
    ----------
    slope : float
        Above 0, so that the order of the classes changes by the biases alone.
    bias : tuple of float
        One per class.

    References
    ----------
    Guo et al., On calibration of modern neural networks, 2017, arXiv:1706.04599; Platt, 1999.
    """

    slope: float
    bias: tuple[float, ...]

    def __call__(self, scores: Float) -> Float:
        """Return probabilities (n, classes) of scores (n, classes); 0 where a score is NaN."""
        values = np.where(np.isfinite(scores), self.slope * scores + np.array(self.bias), -np.inf)
        values = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(values / values.sum(axis=1, keepdims=True))


def calibrate(scores: Float, y: NDArray[np.int64]) -> Calibration:
    """Fit on out-of-fold scores (n, classes) and true classes (n,) by maximum likelihood with a ridge on the biases."""
    from scipy.optimize import minimize

    def loss(parameters: Float) -> float:
        found = Calibration(slope=float(np.exp(parameters[0])), bias=tuple(parameters[1:]))(scores)
        likelihood = found[np.arange(len(y)), y]
        return float(-np.log(np.maximum(likelihood, 1e-12)).mean() + _RIDGE * np.square(parameters[1:]).sum())

    limits = [(-4, 5), *[(-6, 6)] * scores.shape[1]]
    best = minimize(loss, np.zeros(1 + scores.shape[1]), method="L-BFGS-B", bounds=limits)
    return Calibration(slope=float(np.exp(best.x[0])), bias=tuple(float(value) for value in best.x[1:]))


def cross_fitted(scores: Float, y: NDArray[np.int64], subject: NDArray[np.str_]) -> Float:
    """Return the probabilities of every clip by a calibration that was fitted without its subject."""
    found = np.empty_like(scores)
    for name in np.unique(subject):
        own = subject == name
        found[own] = calibrate(scores[~own], y[~own])(scores[own])
    return found


def brier(probabilities: Float, y: NDArray[np.int64]) -> float:
    """Return the mean squared distance of the probabilities from the truth, in [0, 2]; Brier, 1950."""
    truth = np.eye(probabilities.shape[1])[y]
    return float(np.square(probabilities - truth).sum(axis=1).mean())


def expected_calibration_error(probabilities: Float, y: NDArray[np.int64]) -> float:
    """Return the mean distance between the confidence and the accuracy of clips of like confidence, in [0, 1].

    Clips are put into ten bins of equal width by the probability of the likeliest class; Naeini et al., 2015.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    index = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = (abs(confidence[index == k].sum() - right[index == k].sum()) for k in np.unique(index))
    return float(sum(gaps) / len(y))
