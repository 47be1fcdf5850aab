"""Scores of confusion matrices, one or many at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["HEADLINE", "SCORES", "confusion_matrix", "measures", "score"]

Float = NDArray[np.float64]

HEADLINE = ("uf1", "uar", "accuracy", "weighted_f1")
SCORES = (*HEADLINE, "mcc")


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


def measures(confusion: NDArray[Any]) -> dict[str, Float]:
    """Return all scores of one or many confusion matrices.

    Parameters
    ----------
    confusion : ndarray, shape (..., K, K)
        Rows are the truth. A class without support in a matrix does not enter the means of that matrix: only
        resampled or partial sets have such classes, `summarise` refuses them in the whole set.

    Returns
    -------
    dict of ndarray
        ``uf1``, ``uar``, ``accuracy``, ``weighted_f1`` and ``mcc`` of shape (...); ``f1`` and ``recall`` of shape
        (..., K), NaN for a class without support.

    References
    ----------
    See et al., MEGC 2019, doi:10.1109/FG.2019.8756611 (UF1, UAR); Gorodkin, doi:10.1016/j.compbiolchem.2004.09.006
    (Matthews' coefficient of several classes; 0 where all truths or all predictions are of one class).
    """
    counts = np.asarray(confusion, dtype=np.float64)
    hit = np.diagonal(counts, axis1=-2, axis2=-1)
    support, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    present = support > 0
    # 2TP + FP + FN = support + predicted, which is never 0 for a class with support
    f1 = np.divide(2 * hit, support + predicted, out=np.zeros_like(hit), where=present)
    recall = np.divide(hit, support, out=np.zeros_like(hit), where=present)
    total, held = support.sum(axis=-1), present.sum(axis=-1)
    return {
        "uf1": f1.sum(axis=-1) / held,
        "uar": recall.sum(axis=-1) / held,
        "accuracy": hit.sum(axis=-1) / total,
        "weighted_f1": (f1 * support).sum(axis=-1) / total,
        "mcc": _matthews(hit.sum(axis=-1), support, predicted, total),
        "f1": np.where(present, f1, np.nan),
        "recall": np.where(present, recall, np.nan),
    }


def score(y_true: ArrayLike, y_pred: ArrayLike, classes: int, objective: str) -> float:
    """Return one of the scores of pooled predictions, over the classes that occur in `y_true`."""
    return float(measures(confusion_matrix(y_true, y_pred, classes))[objective])


def _matthews(hits: Float, support: Float, predicted: Float, total: Float) -> Float:
    common = (support * predicted).sum(axis=-1)
    spread = (total**2 - (support**2).sum(axis=-1)) * (total**2 - (predicted**2).sum(axis=-1))
    return np.divide(hits * total - common, np.sqrt(spread), out=np.zeros_like(hits), where=spread > 0)
