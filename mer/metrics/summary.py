"""The content of ``metrics.json``: the scores of the pooled predictions with their intervals, and what chance gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mer.errors import ConfigError, DataError
from mer.metrics.calibration import calibration
from mer.metrics.chance import label_permutation, majority, stratified_random
from mer.metrics.intervals import METHODS, Intervals, by_subject, nameless
from mer.metrics.measures import SCORES, measures
from mer.types import ClassScores, Metrics, Predictions, WorstSubject
from mer.types.combined import members

__all__ = ["from_predictions", "summarise"]


def summarise(  # noqa: PLR0913 - one column of predictions.csv each
    y_true: ArrayLike,
    y_pred: ArrayLike,
    subject: ArrayLike,
    classes: Sequence[str],
    *,
    draws: int,
    seed: int,
    dataset: ArrayLike | None = None,
    method: str = "t",
    probabilities: ArrayLike | None = None,
    combinations: Sequence[str] = (),
) -> Metrics:
    """Return the content of ``metrics.json``.

    Parameters
    ----------
    y_true, y_pred : array_like of int, shape (n,)
        Indices into `classes`.
    subject : array_like of str, shape (n,)
        Whom each clip shows.
    classes : sequence of str
        The fixed class list; each must occur.
    draws : int
        Of the permutation test and of a bootstrap, at least 1.
    seed : int
    dataset : array_like of str, shape (n,), optional
        Gives the scores of each data set, too: pooled over its clips, over the classes that it holds.
    method : {"t", "percentile", "bca"}
        Of the intervals, see `mer.metrics.intervals`.
    probabilities : array_like of float, shape (n, classes), optional
        The scores of the classes; where they are probabilities, the result has their ``calibration``.
    combinations : sequence of str, optional
        Labels of several classes or none that follow `classes`. UF1, UAR and weighted F1 are then over the classes,
        each present or not; accuracy and the confusion matrix are over the labels, listed under ``labels``.

    Returns
    -------
    dict
        Plain numbers, lists and strings. A score is ``{"value", "low", "high"}`` with an interval of 95 %. Scores are
        of the pooled predictions; ``mean_over_subjects`` alone averages each subject's own.

    Raises
    ------
    DataError
        If there is no clip at all, or none of a class.
    ConfigError
        For an unknown method.
    """
    if method not in METHODS:
        raise ConfigError(f"evaluation.interval={method}: must be one of {', '.join(METHODS)}")
    true, pred, who = (np.asarray(column) for column in (y_true, y_pred, subject))
    if not len(true):
        raise DataError("there is no prediction to score: the data set holds no clip after the exclusions")
    worst = _worst_subject(true == pred, who)
    labels = (*classes, *combinations)
    held = members(labels, classes) if combinations else None
    who = nameless(true, pred, who, len(labels))
    per_subject = by_subject(true, pred, who, len(labels))
    pooled = per_subject.sum(axis=0)
    clips = pooled.sum(axis=1)
    support = clips if held is None else clips @ held
    _require_support(support, classes)
    found = Intervals(per_subject, draws=draws, seed=seed, method=method, members=held)
    per_class: dict[str, ClassScores] = {
        name: {"f1": found.of("f1", k), "recall": found.of("recall", k), "support": int(support[k])}
        for k, name in enumerate(classes)
    }
    fit = None if probabilities is None else calibration(true, np.asarray(probabilities, dtype=np.float64))
    summary: Metrics = {
        "uf1": found.of("uf1"),
        "uar": found.of("uar"),
        "accuracy": found.of("accuracy"),
        "weighted_f1": found.of("weighted_f1"),
        "mcc": found.of("mcc"),
        "per_class": per_class,
        "per_dataset": {} if dataset is None else _per_group(true, pred, np.asarray(dataset), len(labels), held),
        "classes": list(classes),
        "confusion": pooled.tolist(),
        "n": int(pooled.sum()),
        "subjects": len(per_subject),
        "mean_over_subjects": {name: float(measures(per_subject, held)[name].mean()) for name in SCORES},
        "majority": majority(clips, labels, held),
        "stratified_random": stratified_random(clips, held),
        "label_permutation": label_permutation(true, pred, who, len(labels), draws=draws, seed=seed, members=held),
        "interval": found.entry(classes),
        "worst_subject": worst,
    }
    if combinations:
        summary = {**summary, "labels": list(labels)}
    return summary if fit is None else {**summary, "calibration": fit}


def _worst_subject(right: NDArray[np.bool_], who: NDArray[np.str_]) -> WorstSubject:
    """Return the subject with the lowest accuracy; of several, the one with most clips, then the first by name."""
    names, number, clips = np.unique(who, return_inverse=True, return_counts=True)
    accuracy = np.bincount(number, weights=right) / clips
    worst = min(range(len(names)), key=lambda k: (accuracy[k], -clips[k], names[k]))
    return {"subject": str(names[worst]), "accuracy": float(accuracy[worst]), "clips": int(clips[worst])}


def from_predictions(table: Predictions, *, draws: int = 10_000, seed: int = 0, method: str = "t") -> Metrics:
    """Return the content of ``metrics.json`` from that of ``predictions.csv`` and nothing else; see `summarise`."""
    return summarise(
        table.y_true,
        table.y_pred,
        table.subject,
        table.classes,
        draws=draws,
        seed=seed,
        dataset=table.dataset,
        method=method,
        probabilities=None if table.combinations else table.scores,
        combinations=table.combinations,
    )


def _require_support(support: NDArray[np.int64], classes: Sequence[str]) -> None:
    missing = [name for name, n in zip(classes, support, strict=True) if n == 0]
    if missing:
        raise DataError(
            f"class {', '.join(missing)} has no clip, so its F1 is undefined: leave it out of the class list, for "
            f"example with drop=[{','.join(missing)}]"
        )


def _per_group(
    true: ArrayLike, pred: ArrayLike, group: ArrayLike, classes: int, held: NDArray[np.bool_] | None
) -> dict[str, dict[str, float | int]]:
    tables = by_subject(true, pred, group, classes)
    values = measures(tables, held)
    return {
        str(name): {score: float(values[score][k]) for score in SCORES} | {"n": int(tables[k].sum())}
        for k, name in enumerate(np.unique(group))
    }
