"""What a trial is worth: the score of the pooled predictions on the inner folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.metrics import score
from mer.svm import InnerFolds

__all__ = ["PRUNE", "Objective"]

PRUNE = ("none", "certain", "race")


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

    folds: InnerFolds
    name: str
    prune: str
    margin: float
    best: float = -np.inf
    predicted: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __call__(self, learner: Any) -> dict[str, Any]:
        """Return the row of a trial: ``inner_score``, and ``folds``, the inner folds that were scored."""
        side = self.folds.side
        race = self.prune == "race" and len(self.predicted) > 0
        # what the clips that are not seen yet are taken to become
        predicted = (self.predicted if race else side.y).copy()
        least = self.best - self.margin if race else self.best
        left = len(side)
        for count, (clips, values) in enumerate(self.folds.each(learner), start=1):
            # a class that a fold has not seen has no score
            predicted[clips] = np.where(np.isnan(values), -np.inf, values).argmax(axis=1)
            left -= len(clips)
            value = score(side.y, predicted, side.classes, self.name)
            if left and self.prune != "none" and value <= least:
                return {"inner_score": value, "folds": count}
        if value > self.best:
            self.best, self.predicted = value, predicted
        return {"inner_score": value, "folds": count}
