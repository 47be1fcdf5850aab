"""What stage 8a is: a classifier of that shape can take the place of the SVM."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, Protocol, Self, TypedDict, TypeVar

import numpy as np
from numpy.typing import NDArray

from mer.svm.training_set import Rows, Split, TrainingSet
from mer.types import Numbers, Parameters, Setting

__all__ = ["Classifier", "Fitted", "InnerFolds", "Learner", "Space", "Span"]

_Varied = TypeVar("_Varied", contravariant=True)


class Span(TypedDict, total=False):
    """What a setting may be: a list of choices, or `points` numbers from `low` to `high`."""

    choices: Sequence[Setting]
    low: float
    high: float
    log: bool
    points: int


Space = Mapping[str, Span]


class Fitted(Protocol):
    """A classifier that has been fitted."""

    def scores(self, X: Numbers) -> NDArray[np.float64]:
        """Return one score per class, shape (n, classes); NaN for a class that was not seen."""


class Classifier(Protocol):
    """What a fold fits: one setting, or several together."""

    @property
    def parameters(self) -> Parameters:
        """The settings that distinguish learners."""

    def __call__(self, X: Numbers, y: NDArray[np.int64], classes: int, columns: Sequence[str] = ()) -> Fitted:
        """Fit on the training rows; see `Svm.__call__`."""


class Learner(Classifier, Protocol):
    """An SVM, or another classifier in its place, whose settings can be searched."""

    @property
    def space(self) -> Space | None:
        """Its own space of settings, None where tuning= gives it."""

    def has_param(self, name: str) -> bool:
        """Return whether a setting changes anything."""

    def with_params(self, parameters: Parameters) -> Self:
        """Return a copy with other settings."""

    def inner(self, side: TrainingSet, splits: Sequence[Split]) -> InnerFolds[Self]:
        """Return what scores settings on inner folds."""


class InnerFolds(ABC, Generic[_Varied]):
    """The inner folds of one training set, ready to score one setting after another.

    Parameters
    ----------
    side : TrainingSet
    """

    def __init__(self, side: TrainingSet) -> None:
        self.side = side

    @abstractmethod
    def each(self, learner: _Varied) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Yield the clips that a fold left out, and their decision values, shape (clips, classes)."""

    def precompute(self, learners: Sequence[_Varied]) -> None:
        """Do for settings that will all be scored what is cheaper together; changes no score."""

    def scores(self, learner: _Varied) -> NDArray[np.float64]:
        """Return the decision values of every clip by the machine of its fold, shape (n, classes)."""
        full = np.full((len(self.side), self.side.classes), np.nan)
        for clips, values in self.each(learner):
            full[clips] = values
        return full
