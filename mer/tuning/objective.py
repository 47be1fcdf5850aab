"""What a trial is worth: the score of the pooled predictions on the inner folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mer.metrics import score
from mer.svm import InnerFolds, Learner

__all__ = ["PRUNE", "Objective", "Outcome"]

PRUNE = ("none", "certain", "race")


class Outcome(NamedTuple):
    """The score of a trial, and the number of inner folds that were scored."""

    inner_score: float
    folds: int


@dataclass(kw_only=True)
class Objective:
    """Scores one setting after another, and remembers the best so far.

    Attributes
    ----------
    folds : InnerFolds
    name : str
        One of the headline scores. Each of them can only rise when a wrong prediction is put right.
    prune : {"none", "certain", "race"}
        ``certain`` leaves a trial once it would not pass the best one even with all unseen clips right: the choice is
        the same as without. ``race`` leaves it once it would not come within `margin` of the best one if it went on as
        the best one did.
    margin : float
        Of ``race``, in units of the score.
    """

    folds: InnerFolds[Learner]
    name: str
    prune: str
    margin: float
    best: float = -np.inf
    predicted: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _whole: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __call__(self, learner: Learner) -> Outcome:
        """Return the score of a trial, and how many inner folds gave it."""
        side = self.folds.side
        race = self.prune == "race" and len(self.predicted) > 0
        # what the clips that are not seen yet are taken to become
        predicted = (self.predicted if race else side.y).copy()
        least = self.best - self.margin if race else self.best
        left = len(side)
        scores = np.full((len(side), side.classes), np.nan)
        for count, (clips, values) in enumerate(self.folds.each(learner), start=1):
            scores[clips] = values
            predicted[clips] = _class_of(values)
            left -= len(clips)
            value = score(side.y, predicted, side.classes, self.name)
            if left and self.prune != "none" and value <= least:
                return Outcome(value, count)
        if value > self.best:
            self.best, self.predicted = value, predicted
        self._whole[repr(learner)] = scores
        return Outcome(value, count)

    def of_ensemble(self, learners: Sequence[Learner]) -> float:
        """Return the score of several settings together, all of which have been scored on every inner fold."""
        mean = np.mean([self._whole[repr(learner)] for learner in learners], axis=0)
        return score(self.folds.side.y, _class_of(mean), self.folds.side.classes, self.name)


def _class_of(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the class with the highest score; one that a fold has not seen has none."""
    return np.asarray(np.where(np.isnan(scores), -np.inf, scores).argmax(axis=1))
