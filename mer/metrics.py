"""Scores of pooled predictions, with intervals over subjects; computed from ``predictions.csv`` alone.

Every score rests on confusion matrices that are summed over the folds: the mean of the folds' own scores is another
number, and is not computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mer.errors import DataError
from mer.predictions import read_predictions

__all__ = ["HEADLINE", "confusion_matrix", "from_predictions", "measures", "score", "summarise"]

Float = NDArray[np.float64]

HEADLINE = ("uf1", "uar", "accuracy", "weighted_f1")
LEVEL = 0.95


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
        ``uf1``, ``uar``, ``accuracy``, ``weighted_f1`` of shape (...); ``f1`` and ``recall`` of shape (..., K), NaN for
        a class without support.

    References
    ----------
    See et al., MEGC 2019, doi:10.1109/FG.2019.8756611 (UF1, UAR).
    """
    counts = np.asarray(confusion, dtype=np.float64)
    hit = np.diagonal(counts, axis1=-2, axis2=-1)
    support, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    present = support > 0
    # 2TP + FP + FN = support + predicted, which is never 0 for a class with support
    f1 = np.divide(2 * hit, support + predicted, out=np.full_like(hit, np.nan), where=present)
    recall = np.divide(hit, support, out=np.full_like(hit, np.nan), where=present)
    total, held = support.sum(axis=-1), present.sum(axis=-1)
    return {
        "uf1": np.nansum(f1, axis=-1) / held,
        "uar": np.nansum(recall, axis=-1) / held,
        "accuracy": hit.sum(axis=-1) / total,
        "weighted_f1": np.nansum(f1 * support, axis=-1) / total,
        "f1": f1,
        "recall": recall,
    }


def score(y_true: ArrayLike, y_pred: ArrayLike, classes: int, objective: str) -> float:
    """Return one of the headline scores of pooled predictions, over the classes that occur in `y_true`."""
    return float(measures(confusion_matrix(y_true, y_pred, classes))[objective])


def summarise(
    y_true: ArrayLike, y_pred: ArrayLike, subject: ArrayLike, classes: Sequence[str], *, draws: int, seed: int
) -> dict[str, Any]:
    """Return the content of ``metrics.json``.

    Parameters
    ----------
    y_true, y_pred : array_like of int, shape (n,)
        Indices into `classes`.
    subject : array_like of str, shape (n,)
        Whom each clip shows; the bootstrap draws subjects with all their clips, because clips of one person are not
        independent.
    classes : sequence of str
        The fixed class list; each must occur.
    draws : int
        Bootstrap draws, at least 1.
    seed : int

    Returns
    -------
    dict
        Plain numbers, lists and strings. A score is ``{"value", "low", "high"}`` with a percentile interval of 95 %.

    Raises
    ------
    DataError
        Where there is no clip at all, or none of a class.
    """
    per_subject = _by_subject(np.asarray(y_true), np.asarray(y_pred), np.asarray(subject), len(classes))
    pooled = per_subject.sum(axis=0)
    _require_support(pooled, classes)
    value, drawn = measures(pooled), measures(_resample(per_subject, draws, seed))
    support = pooled.sum(axis=1)
    per_class = {
        name: {kind: _with_interval(value[kind][k], drawn[kind][:, k]) for kind in ("f1", "recall")}
        | {"support": int(support[k])}
        for k, name in enumerate(classes)
    }
    return {
        **{name: _with_interval(value[name], drawn[name]) for name in HEADLINE},
        "per_class": per_class,
        "classes": list(classes),
        "confusion": pooled.tolist(),
        "n": int(pooled.sum()),
        "subjects": len(per_subject),
        **_chance_lines(support, classes),
        "interval": {"level": LEVEL, "method": "percentile bootstrap over subjects", "draws": draws, "seed": seed},
    }


def from_predictions(path: str | Path, *, draws: int = 10_000, seed: int = 0) -> dict[str, Any]:
    """Return the content of ``metrics.json``, from ``predictions.csv`` and nothing else.

    Raises
    ------
    DataError
        Where the file is missing, torn, or holds a class that has no score column.
    """
    table = read_predictions(Path(path))
    return summarise(table.y_true, table.y_pred, table.subject, table.classes, draws=draws, seed=seed)


def _by_subject(y_true: Any, y_pred: Any, subject: Any, classes: int) -> NDArray[np.int64]:
    if not len(y_true):
        raise DataError("there is no prediction to score: the data set holds no clip after the exclusions")
    names, index = np.unique(subject, return_inverse=True)
    cell = (index * classes + y_true) * classes + y_pred
    return np.bincount(cell, minlength=len(names) * classes**2).reshape(len(names), classes, classes)


def _require_support(pooled: NDArray[np.int64], classes: Sequence[str]) -> None:
    missing = [name for name, n in zip(classes, pooled.sum(axis=1), strict=True) if n == 0]
    if missing:
        raise DataError(
            f"class {', '.join(missing)} has no clip, so its F1 is undefined: leave it out of the class list, for "
            f"example with drop=[{','.join(missing)}]"
        )


def _resample(per_subject: NDArray[np.int64], draws: int, seed: int) -> Float:
    n, k = len(per_subject), per_subject.shape[-1]
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    return (times.astype(np.float64) @ per_subject.reshape(n, k * k).astype(np.float64)).reshape(draws, k, k)


def _with_interval(value: Any, drawn: Float) -> dict[str, float]:
    held = drawn[np.isfinite(drawn)]
    low, high = np.percentile(held, [50 * (1 - LEVEL), 50 * (1 + LEVEL)]) if len(held) else (np.nan, np.nan)
    return {"value": float(value), "low": float(low), "high": float(high)}


def _chance_lines(support: NDArray[np.int64], classes: Sequence[str]) -> dict[str, Any]:
    """Scores of always saying the largest class, and of guessing with the classes' own frequencies (expected)."""
    most = int(np.argmax(support))
    always = np.zeros((len(classes), len(classes)))
    always[:, most] = support
    guess = np.outer(support, support) / support.sum()
    lines = {"majority": measures(always), "stratified_random": measures(guess)}
    table: dict[str, Any] = {line: {name: float(value[name]) for name in HEADLINE} for line, value in lines.items()}
    table["majority"]["class"] = classes[most]
    return table
