"""What stages 7 and 8 give: the table of features, the outcome of each fold and of the evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.types.arrays import Float32, freeze_field, require

__all__ = [
    "REGION_QUANTITIES",
    "TRIAL_AFTER",
    "TRIAL_BEFORE",
    "FeatureTable",
    "FoldResult",
    "LosoResult",
    "Parameters",
    "Predictions",
    "Setting",
]

Setting = str | float | None
Parameters = Mapping[str, Setting]  # settings of a classifier, by name


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureTable:
    """One row per clip; the order of the rows carries no meaning.

    Attributes
    ----------
    X : ndarray of float32, shape (N, D)
    y : ndarray of int64, shape (N,)
        Index into `classes`.
    subject, sample_id, dataset : ndarray of str, shape (N,)
    columns : tuple of str
        D names.
    classes : tuple of str
    """

    X: Float32
    y: NDArray[np.int64]
    subject: NDArray[np.str_]
    sample_id: NDArray[np.str_]
    dataset: NDArray[np.str_]
    columns: tuple[str, ...]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        X, y = freeze_field(self, "X", np.float32), freeze_field(self, "y", np.int64)
        rows = [
            len(X),
            len(y),
            *(len(freeze_field(self, name, np.str_)) for name in ("subject", "sample_id", "dataset")),
        ]
        require(X.ndim == 2 and len(set(rows)) == 1, f"all columns of the table must have one length, got {rows}")
        require(X.shape[1] == len(self.columns), f"{X.shape[1]} features, but {len(self.columns)} column names")
        require(bool(np.isfinite(X).all()), "features must be finite")
        require(bool(((y >= 0) & (y < len(self.classes))).all()), "labels must be indices into classes")

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldResult:
    """What one outer fold gave; written atomically, the unit of resuming.

    Attributes
    ----------
    fold : str
        Name of what was left out; the subject in LOSO.
    sample_id : tuple of str
        Clips of the test set.
    y_true, y_pred : ndarray of int64, shape (n,)
        Indices into the class list.
    scores : ndarray of float64, shape (n, classes)
        Decision values, NaN for a class that the training set does not hold.
    parameters : mapping
        Chosen hyperparameters.
    inner_score : float
        Objective on the inner folds, NaN where nothing was tuned.
    seconds : float
    trials : tuple of mapping
        One a trial of the search, in order; empty where nothing was tuned.
    """

    fold: str
    sample_id: tuple[str, ...]
    y_true: NDArray[np.int64]
    y_pred: NDArray[np.int64]
    scores: NDArray[np.float64]
    parameters: Parameters
    inner_score: float
    seconds: float
    trials: tuple[Parameters, ...] = ()

    def __post_init__(self) -> None:
        y_true, y_pred = freeze_field(self, "y_true", np.int64), freeze_field(self, "y_pred", np.int64)
        scores = freeze_field(self, "scores", np.float64)
        lengths = {len(self.sample_id), len(y_true), len(y_pred), len(scores)}
        require(len(lengths) == 1, f"fold {self.fold}: every clip of the test set needs one prediction, got {lengths}")


@dataclass(frozen=True, kw_only=True, eq=False)
class LosoResult:
    """All folds of one evaluation; every sample is predicted exactly once.

    Attributes
    ----------
    folds : tuple of FoldResult
    table : FeatureTable
        What was evaluated.
    """

    folds: tuple[FoldResult, ...]
    table: FeatureTable

    def __post_init__(self) -> None:
        predicted = sorted(i for fold in self.folds for i in fold.sample_id)
        require(predicted == sorted(self.table.sample_id.tolist()), "every sample must be predicted exactly once")


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """What ``predictions.csv`` holds.

    Attributes
    ----------
    sample_id, dataset, subject : ndarray of str, shape (n,)
    y_true, y_pred : ndarray of int64, shape (n,)
        Indices into `classes`.
    scores : ndarray of float64, shape (n, classes)
    classes : tuple of str
        K names, in the order of the score columns.
    combinations : tuple of str
        Labels of several classes or none (see `mer.types.combined`), which the indices from K on stand for; empty where
        every clip has one class.
    """

    sample_id: NDArray[np.str_]
    dataset: NDArray[np.str_]
    subject: NDArray[np.str_]
    y_true: NDArray[np.int64]
    y_pred: NDArray[np.int64]
    scores: NDArray[np.float64]
    classes: tuple[str, ...]
    combinations: tuple[str, ...] = ()


REGION_QUANTITIES = ("u", "v", "magnitude", "coherence", "strain")
"""What is measured in every region of a clip, in this order."""


TRIAL_BEFORE = ("subject", "trial")
TRIAL_AFTER = ("inner_score", "folds", "chosen")
