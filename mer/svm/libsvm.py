"""LIBSVM on ready kernels: the same solver as scikit-learn's SVC, without what surrounds it.

SVC spends as long on checking its input as the solver on a problem of a few hundred clips. The low-level call is not
part of scikit-learn's public interface: where it is missing, or does not give what SVC gives, SVC itself is called.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Solution", "one_against_rest", "solve"]

Float = NDArray[np.float64]
Fitted = tuple[NDArray[np.integer], Float, Float]  # support vectors, their coefficients, offset of each pair


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """One-against-one machines of k classes, as one matrix product.

    Attributes
    ----------
    weights : ndarray, shape (n, pairs)
        Of the training rows.
    offset : ndarray, shape (pairs,)
    """

    weights: Float
    offset: Float

    def decisions(self, kernel: Float) -> Float:
        """Return the values of all pairs (i, j), positive for i, from the kernel (m, n) with the training rows."""
        return kernel @ self.weights + self.offset

    def same_as(self, other: Solution) -> bool:
        """Return whether both are equal to the last bit."""
        return np.array_equal(self.weights, other.weights) and np.array_equal(self.offset, other.offset)


def solve(
    kernel: Float, y: NDArray[np.int64], weight: Float, *, C: float, tolerance: float, iterations: int
) -> Solution:
    """Fit.

    Parameters
    ----------
    kernel : ndarray, shape (n, n)
    y : ndarray of int64, shape (n,)
        Classes 0 … k−1, each present.
    weight : ndarray, shape (k,)
        Factor on C of each class.
    C, tolerance : float
    iterations : int
        Most steps of a pair.
    """
    fit = _low_level if _low_level_works() else _public
    support, coefficients, offset = fit(kernel, y, weight, C, tolerance, iterations)
    classes = len(weight)
    weights = np.zeros((len(y), classes * (classes - 1) // 2))
    # a support vector of class c holds its coefficients against the other classes in their order
    weights[support[:, None], _pairs_of_class(classes)[y[support]]] = coefficients.T
    return Solution(weights=weights, offset=offset)


def _low_level(
    kernel: Float, y: NDArray[np.int64], weight: Float, C: float, tolerance: float, iterations: int
) -> Fitted:
    from sklearn.svm import _libsvm  # type: ignore[attr-defined]

    _libsvm.set_verbosity_wrap(0)
    support, _, _, coefficients, offset, *_ = _libsvm.fit(
        np.ascontiguousarray(kernel),
        y.astype(np.float64),
        kernel="precomputed",
        C=C,
        tol=tolerance,
        max_iter=iterations,
        class_weight=weight,
        cache_size=200,
    )
    return support, np.asarray(coefficients), np.asarray(offset)


def _public(kernel: Float, y: NDArray[np.int64], weight: Float, C: float, tolerance: float, iterations: int) -> Fitted:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import SVC

    machine = SVC(
        kernel="precomputed", C=C, tol=tolerance, max_iter=iterations, class_weight=dict(enumerate(weight.tolist()))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(kernel, y)
    sign = -1 if len(weight) == 2 else 1  # of two classes, SVC makes the second the positive one
    return machine.support_, sign * machine.dual_coef_, sign * machine.intercept_


@lru_cache(maxsize=1)
def _low_level_works() -> bool:
    """Return whether the low-level call exists, takes our arguments and gives what SVC gives, on two tiny problems."""
    at = np.array([0.0, 1.0, 3.0, 4.5, 7.0, 7.5])
    kernel = np.exp(-((at[:, None] - at) ** 2))
    for y in (np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 0, 1, 1])):
        problem = (kernel, y, np.linspace(1, 2, y.max() + 1), 10.0, 1e-6, 1000)
        try:
            found = _low_level(*problem)
        except (ImportError, AttributeError, TypeError, ValueError):
            return False
        if not all(np.array_equal(one, other) for one, other in zip(found, _public(*problem), strict=True)):
            return False
    return True


def one_against_rest(decisions: Float, classes: int) -> Float:
    """Return one score per class, as SVC's ``decision_function_shape="ovr"`` does.

    Parameters
    ----------
    decisions : ndarray, shape (m, pairs)

    Returns
    -------
    ndarray, shape (m, classes)
        Votes plus the sum of the confidences squeezed into (−1/3, 1/3); ±the distance for two classes.
    """
    if classes == 2:
        return np.concatenate([decisions, -decisions], axis=1)
    won, lost = _sides_of_pair(classes)
    positive = (decisions >= 0).astype(np.float64)
    confidence = decisions @ (won - lost)
    return positive @ won + (1 - positive) @ lost + confidence / (3 * (np.abs(confidence) + 1))


@lru_cache(maxsize=32)
def _pairs_of_class(classes: int) -> NDArray[np.intp]:
    number = np.zeros((classes, classes), dtype=np.intp)
    first, second = np.triu_indices(classes, k=1)
    number[first, second] = number[second, first] = np.arange(len(first))
    return number[~np.eye(classes, dtype=bool)].reshape(classes, classes - 1)


@lru_cache(maxsize=32)
def _sides_of_pair(classes: int) -> tuple[Float, Float]:
    first, second = np.triu_indices(classes, k=1)
    won, lost = np.zeros((2, len(first), classes))
    won[np.arange(len(first)), first] = 1
    lost[np.arange(len(first)), second] = 1
    return won, lost
