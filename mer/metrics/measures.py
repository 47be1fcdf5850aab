"""Scores of confusion matrices, one or many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mer.types import Numbers, Score

__all__ = ["HEADLINE", "NAMES", "SCORES", "confusion_matrix", "measures", "of_counts", "score"]

Float = NDArray[np.float64]

HEADLINE: tuple[Score, ...] = ("uf1", "uar", "accuracy", "weighted_f1")
SCORES: tuple[Score, ...] = (*HEADLINE, "mcc")
NAMES: tuple[str, ...] = (*SCORES, "f1", "recall")  # the last two have a value for each class
_OF_CLASSES = (
    "uf1",
    "uar",
    "weighted_f1",
    "f1",
    "recall",
)  # the others are of labels where these are of several classes


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Count what was taken for what.

    Parameters
    ----------
    y_true, y_pred : array_like of int, shape (n,)
        Class indices in [0, classes).
    classes : int

    Returns
    -------
    ndarray of int64, shape (classes, classes)
        Rows are the truth, columns the prediction.
    """
    cell = np.asarray(y_true, dtype=np.int64) * classes + np.asarray(y_pred, dtype=np.int64)
    return np.bincount(cell, minlength=classes * classes).reshape(classes, classes)


def measures(confusion: Numbers, members: NDArray[np.bool_] | None = None) -> dict[str, Float]:
    """Return all scores of one or many confusion matrices.

    Parameters
    ----------
    confusion : ndarray, shape (..., K, K)
        Rows are the truth. A class without support in a matrix does not enter the means of that matrix: only
        partial sets have such classes, `summarise` refuses them in the whole set.
    members : ndarray of bool, shape (K, C), optional
        Where clips may have several of C classes: which of them each of the K labels stands for, see
        `mer.types.combined`. A class is then scored by who has it and who has not; ``accuracy`` and ``mcc`` remain
        those of the labels, so that a clip is right if its classes are exactly the predicted ones.

    Returns
    -------
    dict of ndarray
        ``uf1``, ``uar``, ``accuracy``, ``weighted_f1`` and ``mcc`` of shape (...); ``f1`` and ``recall`` of shape
        (..., K) or (..., C), NaN for a class without support.

    References
    ----------
    See et al., MEGC 2019, doi:10.1109/FG.2019.8756611 (UF1, UAR); Gorodkin, doi:10.1016/j.compbiolchem.2004.09.006
    (Matthews' coefficient of several classes; 0 where all truths or all predictions are of one class).
    """
    counts = np.asarray(confusion, dtype=np.float64)
    labels = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1), counts.sum(axis=-2)
    if members is None:
        return of_counts(*labels)
    held = members.astype(np.float64)
    hit = np.einsum("...ij,ic,jc->...c", counts, held, held)
    of_classes = of_counts(hit, labels[1] @ held, labels[2] @ held, _OF_CLASSES)
    return of_classes | of_counts(*labels, ("accuracy", "mcc"))


def of_counts(hit: Float, support: Float, predicted: Float, names: Sequence[str] = NAMES) -> dict[str, Float]:
    """Return the scores `names`, as `measures` does, from the counts of each class.

    Parameters
    ----------
    hit, support, predicted : ndarray, shape (..., K)
        Correct predictions, clips, and predictions of each class.
    names : sequence of str
        Of `NAMES`.
    """
    return {name: _FORMULAS[name](hit, support, predicted) for name in names}


def score(y_true: ArrayLike, y_pred: ArrayLike, classes: int, objective: str) -> float:
    """Return one of the scores of pooled predictions, over the classes that occur in `y_true`."""
    return float(measures(confusion_matrix(y_true, y_pred, classes))[objective])


def _f1(hit: Float, support: Float, predicted: Float) -> Float:
    # 2TP + FP + FN = support + predicted, which is never 0 for a class with support
    return np.divide(2 * hit, support + predicted, out=np.full(hit.shape, np.nan), where=support > 0)


def _recall(hit: Float, support: Float, _predicted: Float) -> Float:
    return np.divide(hit, support, out=np.full(hit.shape, np.nan), where=support > 0)


def _mean(of_class: Float) -> Float:
    present = np.isfinite(of_class)
    return np.where(present, of_class, 0).sum(axis=-1) / present.sum(axis=-1)


def _weighted_f1(hit: Float, support: Float, predicted: Float) -> Float:
    f1 = np.nan_to_num(_f1(hit, support, predicted))
    return (f1 * support).sum(axis=-1) / support.sum(axis=-1)


def _matthews(hit: Float, support: Float, predicted: Float) -> Float:
    hits, total = hit.sum(axis=-1), support.sum(axis=-1)
    common = (support * predicted).sum(axis=-1)
    spread = (total**2 - (support**2).sum(axis=-1)) * (total**2 - (predicted**2).sum(axis=-1))
    return np.divide(hits * total - common, np.sqrt(spread), out=np.zeros_like(hits), where=spread > 0)


_FORMULAS: dict[str, Callable[[Float, Float, Float], Float]] = {
    "uf1": lambda hit, support, predicted: _mean(_f1(hit, support, predicted)),
    "uar": lambda hit, support, predicted: _mean(_recall(hit, support, predicted)),
    "accuracy": lambda hit, support, _: hit.sum(axis=-1) / support.sum(axis=-1),
    "weighted_f1": _weighted_f1,
    "mcc": _matthews,
    "f1": _f1,
    "recall": _recall,
}
