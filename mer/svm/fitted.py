"""A machine that has been fitted: feature rows → one score per class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mer.types import Numbers

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["FittedSvm"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedSvm:
    """A fitted machine with the whole class list.

    Attributes
    ----------
    pipeline : Pipeline
        scikit-learn steps; predicts class indices.
    classes : int
    """

    pipeline: Pipeline
    classes: int

    def scores(self, X: Numbers) -> Float:
        """Return decision values, shape (n, classes), the higher the likelier; NaN for a class that was not seen.

        Notes
        -----
        Votes of the one-against-one machines plus their confidences squeezed into (−1/3, 1/3), so that the largest
        score is the class with most votes, ties broken by confidence; ±the distance where only two classes were seen.
        """
        values = self.pipeline.decision_function(np.asarray(X, dtype=np.float64))
        full = np.full((len(values), self.classes), np.nan)
        full[:, self.pipeline.classes_] = np.stack([-values, values], axis=1) if values.ndim == 1 else values
        return full
