"""Scores of a classifier → probabilities, fitted on scores of clips that the classifier had not learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNCALIBRATED", "Calibration", "calibrate", "cross_fitted"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Temperature scaling with lapses: a softmax of the scores, mixed with a guess among all classes.

    The score of an SVM is bounded, so that a temperature alone gives clips that are surely right and those that are
    nearly so much the same probability; the lapses take what no score can foresee. The likeliest class is that of the
    highest score.

    Attributes
    ----------
    slope : float
        Factor of the scores, above 0; 1 / temperature.
    lapse : float
        Share of guesses, in [0, 1).

    References
    ----------
    Guo et al., On calibration of modern neural networks, 2017, arXiv:1706.04599. The lapse rate is that of psychometric
    functions: Wichmann and Hill, 2001, doi:10.3758/BF03194544.
    """

    slope: float
    lapse: float

    def __call__(self, scores: Float) -> Float:
        """Return probabilities (n, classes) of scores (n, classes)."""
        values = np.exp(self.slope * (scores - scores.max(axis=1, keepdims=True)))
        shares = values / values.sum(axis=1, keepdims=True)
        return np.asarray((1 - self.lapse) * shares + self.lapse / scores.shape[1])


UNCALIBRATED = Calibration(slope=1.0, lapse=0.0)


def calibrate(scores: Float, y: NDArray[np.int64]) -> Calibration:
    """Fit on out-of-fold scores (n, classes) and true classes (n,) by maximum likelihood."""
    from scipy.optimize import minimize

    def made(parameters: Float) -> Calibration:
        return Calibration(slope=float(np.exp(parameters[0])), lapse=float(parameters[1]))

    def loss(parameters: Float) -> float:
        return float(-np.log(np.maximum(made(parameters)(scores)[np.arange(len(y)), y], 1e-12)).mean())

    return made(minimize(loss, np.array([0.0, 0.05]), method="L-BFGS-B", bounds=[(-4, 3), (0.001, 0.9)]).x)


def cross_fitted(scores: Float, y: NDArray[np.int64], subject: NDArray[np.str_]) -> Float:
    """Return the probabilities of every clip by a calibration that was fitted without its subject."""
    found = np.empty_like(scores)
    for name in np.unique(subject):
        own = subject == name
        found[own] = calibrate(scores[~own], y[~own])(scores[own])
    return found
