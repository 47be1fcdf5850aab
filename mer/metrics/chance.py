"""What chance would give: constant and random guesses, and the same predictions under permuted labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mer.metrics.measures import measures
from mer.types import Chance, Majority

__all__ = ["label_permutation", "majority", "stratified_random"]

Members = NDArray[np.bool_] | None

METHOD = "labels permuted within each subject, predictions fixed, nothing trained again"
CHUNK = 1000  # permutations at a time, which bounds the memory
ROUNDING = 1e-12  # sums of equal matrices may differ by so much
_SCORES = ("uf1", "uar", "accuracy", "weighted_f1")
_LEVEL = 0.05  # of the test: with fewer than 1 / _LEVEL different orders, no p-value is this small


def majority(support: NDArray[np.int64], classes: Sequence[str], members: Members = None) -> Majority:
    """Return the scores of predicting the class with most clips; `members` as for `measures`."""
    most = int(np.argmax(support))
    always = np.zeros((len(classes), len(classes)))
    always[:, most] = support
    return {**_chance(always, members), "class": classes[most]}


def stratified_random(support: NDArray[np.int64], members: Members = None) -> Chance:
    """Return the scores of guessing with the classes' own shares (expected)."""
    return _chance(np.outer(support, support) / support.sum(), members)


def _chance(confusion: NDArray[np.float64], members: Members) -> Chance:
    value = measures(confusion, members)
    return {
        "uf1": float(value["uf1"]),
        "uar": float(value["uar"]),
        "accuracy": float(value["accuracy"]),
        "weighted_f1": float(value["weighted_f1"]),
        "mcc": float(value["mcc"]),
    }


def label_permutation(
    y_true: NDArray[np.int64],
    y_pred: NDArray[np.int64],
    subject: NDArray[np.str_] | NDArray[np.intp],
    classes: int,
    *,
    draws: int,
    seed: int,
    members: Members = None,
) -> dict[str, object]:
    """Compare the UF1 with that of the same predictions under permuted labels.

    The labels are permuted among the clips of each subject, so that a subject's habits and class shares stay as they
    are; `p` is the share of permutations, the true order among them, that score as well. It is None, with a `reason`,
    where no permutation could have shown anything. `chance` has the mean of each score over the permutations: what
    predictions with these habits reach without seeing the clip.

    Notes
    -----
    Nothing is trained again, unlike in the tests of Ojala and Garriga: the predictions are taken as given, so the test
    does not account for what the folds of a leave-one-subject-out evaluation share. With subjects who move alike it
    rejected 12 % of simulated useless classifiers at a level of 5 %; read it as a description of these predictions.

    References
    ----------
    Ojala and Garriga, Permutation tests for studying classifier performance, JMLR 11:1833, 2010.
    """
    order = np.lexsort((y_pred, y_true, subject))  # the order of the rows carries no meaning
    _, number = np.unique(subject[order], return_inverse=True)
    true, pred = y_true[order], y_pred[order]
    entry: dict[str, object] = {"score": "uf1", "draws": draws, "seed": seed, "method": METHOD}
    if _orders(number, true, classes) < math.log(1 / _LEVEL):
        return entry | {"p": None, "reason": "the subjects' clips have too few different labels to permute"}
    rng = np.random.default_rng(seed)
    reached = _scores(true[None], pred, classes, members)["uf1"][0]
    scores = []
    for first in range(0, draws, CHUNK):
        keys = number + rng.random((min(CHUNK, draws - first), len(true)))
        scores.append(_scores(true[np.argsort(keys, axis=1)], pred, classes, members))
    drawn = np.concatenate([chunk["uf1"] for chunk in scores])
    entry["chance"] = {name: float(np.concatenate([chunk[name] for chunk in scores]).mean()) for name in _SCORES}
    if np.ptp([reached, *drawn]) < ROUNDING:
        return entry | {"p": None, "reason": "every permutation gives the same score"}
    return entry | {"p": (int((drawn >= reached - ROUNDING).sum()) + 1) / (draws + 1)}


def _orders(subject: NDArray[np.intp], true: NDArray[np.int64], classes: int) -> float:
    """Return the logarithm of the number of different orders of the labels within the subjects."""
    shown = np.bincount(subject * classes + true, minlength=(subject.max() + 1) * classes)
    return sum(math.lgamma(n + 1) for n in np.bincount(subject)) - sum(math.lgamma(n + 1) for n in shown)


def _scores(
    true: NDArray[np.int64], pred: NDArray[np.int64], classes: int, members: Members
) -> dict[str, NDArray[np.float64]]:
    cell = (np.arange(len(true))[:, None] * classes + true) * classes + pred
    counts = np.bincount(cell.ravel(), minlength=len(true) * classes**2)
    return measures(counts.reshape(len(true), classes, classes), members)
