"""What chance would give: constant and random guesses, and the same predictions on shuffled truths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.metrics.measures import SCORES, measures

__all__ = ["chance_lines", "permutation"]

CHUNK = 1000  # shuffles at a time, which bounds the memory


def chance_lines(support: NDArray[np.int64], classes: Sequence[str]) -> dict[str, Any]:
    """Return the scores of always saying the largest class, and of guessing with the classes' own shares (expected)."""
    most = int(np.argmax(support))
    always = np.zeros((len(classes), len(classes)))
    always[:, most] = support
    guess = np.outer(support, support) / support.sum()
    lines = {"majority": measures(always), "stratified_random": measures(guess)}
    table: dict[str, Any] = {line: {name: float(value[name]) for name in SCORES} for line, value in lines.items()}
    table["majority"]["class"] = classes[most]
    return table


def permutation(
    y_true: NDArray[np.int64],
    y_pred: NDArray[np.int64],
    subject: NDArray[Any],
    classes: int,
    *,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Test the UF1 against predictions that know nothing of the truth.

    The truths are shuffled among the clips of each subject, so that a subject's habits and class shares stay as they
    are; `p` is the share of shuffles, the true order among them, that score as well.

    References
    ----------
    Ojala and Garriga, Permutation tests for studying classifier performance, JMLR 11:1833, 2010.
    """
    order = np.lexsort((y_pred, y_true, subject))  # the order of the rows carries no meaning
    _, number = np.unique(subject[order], return_inverse=True)
    true, pred = y_true[order], y_pred[order]
    rng = np.random.default_rng(seed)
    reached = _uf1(true[None], pred, classes)[0]
    as_good = 0
    for first in range(0, draws, CHUNK):
        keys = number + rng.random((min(CHUNK, draws - first), len(true)))
        # 1e-12: the sums of equal matrices may differ by their rounding
        as_good += int((_uf1(true[np.argsort(keys, axis=1)], pred, classes) >= reached - 1e-12).sum())
    return {
        "score": "uf1",
        "p": (as_good + 1) / (draws + 1),
        "draws": draws,
        "seed": seed,
        "method": "truths shuffled within each subject",
    }


def _uf1(true: NDArray[np.int64], pred: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    cell = (np.arange(len(true))[:, None] * classes + true) * classes + pred
    counts = np.bincount(cell.ravel(), minlength=len(true) * classes**2)
    return measures(counts.reshape(len(true), classes, classes))["uf1"]
