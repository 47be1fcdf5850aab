"""A classifier behind codes that are learnt from the same training rows, anew in every outer and inner fold."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.svm.codes import FittedCodes, SparseCodes
from mer.svm.learner import Fitted, InnerFolds, Learner, Space
from mer.svm.training_set import Split, TrainingSet
from mer.types import Numbers, Parameters

__all__ = ["Coded", "FittedCoded", "InnerCoded"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Coded:
    """Codes, then a classifier; a search sees the settings of the classifier.

    Attributes
    ----------
    codes : SparseCodes
    learner
        An `Svm` or an `Estimator`.
    """

    codes: SparseCodes
    learner: Learner

    @property
    def space(self) -> Space | None:
        """The classifier's own space of settings."""
        return self.learner.space

    @property
    def parameters(self) -> Parameters:
        """The settings that distinguish classifiers, for folds.csv."""
        return self.learner.parameters

    def has_param(self, name: str) -> bool:
        """Return whether a setting of the classifier changes anything."""
        return self.learner.has_param(name)

    def with_params(self, parameters: Parameters) -> Coded:
        """Return a copy with other settings of the classifier."""
        return dataclasses.replace(self, learner=self.learner.with_params(parameters))

    def inner(self, side: TrainingSet, splits: Sequence[Split]) -> InnerCoded:
        """Return what scores settings on inner folds, see `InnerCoded`."""
        return InnerCoded(self, side, splits)

    def __call__(self, X: Numbers, y: NDArray[np.int64], classes: int, columns: Sequence[str] = ()) -> FittedCoded:
        """Learn the codes from the training rows, and fit the classifier on what they make of them."""
        codes = self.codes(X, columns)
        return FittedCoded(codes=codes, machine=self.learner(codes(X), y, classes, codes.columns))


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedCoded:
    """Codes and a classifier, fitted on the same rows."""

    codes: FittedCodes
    machine: Fitted

    def scores(self, X: Numbers) -> Float:
        """Return one score per class, shape (n, classes); NaN for a class that was not seen."""
        return self.machine.scores(self.codes(X))


class InnerCoded(InnerFolds[Coded]):
    """Predictions of all inner folds for one setting of the classifier after another.

    The dictionary of an inner fold is learnt once, from the rows that train in it and no others: no setting of the
    classifier changes it, so each prediction is that of a plain fit.

    Parameters
    ----------
    coded : Coded
    side : TrainingSet
        The training set of an outer fold.
    splits : sequence of Split
        Of its clips; every clip is in one test set.
    """

    def __init__(self, coded: Coded, side: TrainingSet, splits: Sequence[Split]) -> None:
        super().__init__(side)
        self._folds = [coded.learner.inner(_seen_by(coded.codes, side, split), [split]) for split in splits]

    def each(self, learner: Coded) -> Iterator[tuple[NDArray[np.intp], Float]]:
        """Yield the clips that a fold left out, and their decision values, shape (clips, classes)."""
        for fold in self._folds:
            yield from fold.each(learner.learner)


def _seen_by(codes: SparseCodes, side: TrainingSet, split: Split) -> TrainingSet:
    """Return the side as codes show it that were learnt on the training rows of one inner fold; the rest is NaN."""
    rows, train = side.rows, side.training(split.train)
    fitted = codes(rows[train], side.columns)
    shown = np.full((len(rows), len(fitted.columns)), np.nan)
    for some in (train, side.scored(split.test)):  # apart, so that no test row has a part even in the rounding
        shown[some] = fitted(rows[some])
    mirrored = None if side.mirrored is None else shown[len(side) :]
    return dataclasses.replace(side, X=shown[: len(side)], mirrored=mirrored, columns=fitted.columns)
