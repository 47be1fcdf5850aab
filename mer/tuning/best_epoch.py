"""The epoch that suits the test subject best, as the code of some published networks takes it: to show the harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError
from mer.svm import Classifier, Learner, TrainingSet
from mer.tuning.kinds import Choice
from mer.types import Numbers

__all__ = ["BestTestEpoch", "EpochByEpoch"]


@runtime_checkable
class _HasEpochs(Protocol):
    def keeping_epochs(self) -> Classifier:
        """Return a copy that keeps what was learnt after each epoch."""


@runtime_checkable
class EpochByEpoch(Protocol):
    """A fitted classifier that has kept what it was after each epoch."""

    def each_epoch(self, X: Numbers) -> NDArray[np.float64]:
        """Return the scores after each epoch, shape (epochs, n, classes)."""


@dataclass(frozen=True, kw_only=True)
class BestTestEpoch:
    """Of every fold, the epoch after which most clips of the test subject are right; the first of several.

    Its scores are too good by construction: the test subject chooses. It is here to show by how much, and is marked
    wherever it shows up.
    """

    optimistic: ClassVar[bool] = True

    def __call__(self, learner: Learner, side: TrainingSet, *, seed: int, label: str) -> Choice:
        """Return the learner, told to keep every epoch.

        Raises
        ------
        ConfigError
            If it has no epochs.
        """
        if not isinstance(learner, _HasEpochs):
            raise ConfigError(
                f"tuning=best_test_epoch: {type(learner).__name__} has no epochs; choose a network, such as "
                "classifier=ststnet"
            )
        return Choice(learner=learner.keeping_epochs())

    def epoch(self, scores: NDArray[np.float64], y: NDArray[np.int64]) -> int:
        """Return the number of the epoch, from 0.

        Parameters
        ----------
        scores : ndarray, shape (epochs, n, classes)
        y : ndarray, shape (n,)
            The truth of the test clips.
        """
        right = (np.where(np.isnan(scores), -np.inf, scores).argmax(axis=2) == y).sum(axis=1)
        return int(right.argmax())
