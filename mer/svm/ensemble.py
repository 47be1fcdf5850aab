"""Several settings at once: what a search found nearly as good decides together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.svm.learner import Classifier, Fitted
from mer.types import Numbers, Parameters

__all__ = ["Ensemble", "FittedEnsemble"]


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Machines with different settings, fitted on the same rows; the mean of their scores decides.

    With few subjects the best inner score is best by chance as much as by merit: the mean of some good settings
    changes less from one set of subjects to another than the single best one does.

    Attributes
    ----------
    members : tuple
        Each an `Svm` or another classifier with its settings; the best first.

    References
    ----------
    Caruana et al., Ensemble selection from libraries of models, doi:10.1145/1015330.1015432.
    """

    members: tuple[Classifier, ...]

    @property
    def parameters(self) -> Parameters:
        """The settings of the best member, and the size."""
        return {**self.members[0].parameters, "members": len(self.members)}

    def __call__(self, X: Numbers, y: NDArray[np.int64], classes: int, columns: Sequence[str] = ()) -> FittedEnsemble:
        """Fit every member on the training rows; see `Svm.__call__`."""
        return FittedEnsemble(members=tuple(member(X, y, classes, columns) for member in self.members))


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedEnsemble:
    """Fitted members."""

    members: tuple[Fitted, ...]

    def scores(self, X: Numbers) -> NDArray[np.float64]:
        """Return the mean of the members' scores, shape (n, classes); NaN for a class that was not seen."""
        return np.asarray(np.mean([member.scores(X) for member in self.members], axis=0))
