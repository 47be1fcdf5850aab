"""Inner folds: the training subjects of an outer fold, split once more."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.svm import Split

__all__ = ["inner_folds"]


def inner_folds(y: NDArray[np.int64], subject: NDArray[np.str_], groups: int | None) -> list[Split]:
    """Split into folds that keep each subject whole and the class shares as even as can be, without chance.

    Parameters
    ----------
    y, subject : ndarray, shape (n,)
        Subjects count in the order in which the rows show them, so that their names change nothing.
    groups : int or None
        Number of folds; None leaves out one subject at a time, as does a number of at least the subjects.

    Raises
    ------
    DataError
        Where fewer than two subjects are there.
    """
    names, first, index = np.unique(subject, return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first))[index]
    if len(names) < 2:
        raise DataError(
            f"nested tuning leaves one more subject out, and only {names[0]} remains: use three subjects or more, "
            "or tuning=none"
        )
    each = groups is None or groups >= len(names)
    fold = number if each else _even_groups(y, number, groups or 0)
    return [
        Split(name=str(k), train=np.flatnonzero(fold != k), test=np.flatnonzero(fold == k))
        for k in range(fold.max() + 1)
    ]


def _even_groups(y: NDArray[np.int64], subject: NDArray[np.intp], groups: int) -> NDArray[np.intp]:
    from sklearn.model_selection import StratifiedGroupKFold

    if np.bincount(y).max() < groups:
        raise DataError(
            f"nested tuning with {groups} inner folds needs a class of as many clips: set tuning.inner_folds lower, "
            "or use tuning=none"
        )
    fold = np.empty(len(y), dtype=np.intp)
    with warnings.catch_warnings():
        # it warns of classes with fewer clips than folds: usual here, and no obstacle to pooled predictions
        warnings.simplefilter("ignore", UserWarning)
        for k, (_, test) in enumerate(StratifiedGroupKFold(n_splits=groups).split(np.zeros((len(y), 1)), y, subject)):
            fold[test] = k
    return fold
