"""Stage 8a, the classifier of the paper: features → decision scores, as a stock scikit-learn pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from mer.errors import ConfigError, DataError

__all__ = ["FittedSvm", "Svm"]

Float = NDArray[np.float64]
ALLOWED = {
    "kernel": ("linear", "rbf"),
    "class_weight": ("none", "balanced"),
    "scaling": ("standard", "none"),
}


@dataclass(frozen=True, kw_only=True)
class Svm:
    """Support vector machine with one-against-one decisions; everything that it learns comes from the rows it is given.

    Attributes
    ----------
    kernel : {"linear", "rbf"}
    C : float
        Cost of a violated margin, > 0.
    gamma : float
        Width of the RBF kernel relative to the data's scale, > 0: the exponent's factor is gamma / (D · Var), D the
        number of features and Var the variance of all scaled training values. Unused by kernels without a width.
    class_weight : {"none", "balanced"}
        ``balanced`` multiplies C by N / (classes · clips of the class).
    scaling : {"standard", "none"}
        ``standard`` brings each feature to mean 0 and variance 1 of the training rows.
    tolerance : float
        Where the optimiser stops, > 0.

    References
    ----------
    Chang and Lin, LIBSVM, doi:10.1145/1961189.1961199.
    """

    kernel: str
    C: float
    gamma: float
    class_weight: str
    scaling: str
    tolerance: float

    def __post_init__(self) -> None:
        for name, allowed in ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"svm.{name}={getattr(self, name)}: must be one of {', '.join(allowed)}")
        for name in ("C", "gamma", "tolerance"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
                raise ConfigError(f"svm.{name}={value}: must be a number above 0")

    def uses(self, name: str) -> bool:
        """Tell whether the setting `name` changes anything, so that it is worth searching.

        Raises
        ------
        ConfigError
            For a name that is no setting, saying which there are.
        """
        known = [field.name for field in dataclasses.fields(self)]
        if name not in known:
            raise ConfigError(f"tuning.space.{name}: the svm has no such setting; it has {', '.join(known)}")
        return name != "gamma" or self.kernel == "rbf"

    def having(self, parameters: Mapping[str, Any]) -> Svm:
        """Return a copy with other settings."""
        return dataclasses.replace(self, **parameters)

    @property
    def parameters(self) -> dict[str, Any]:
        """The settings that tell one fitted machine from another, for folds.csv."""
        return {name: getattr(self, name) for name in ("C", "gamma", "class_weight") if self.uses(name)}

    def __call__(self, X: NDArray[Any], y: NDArray[np.int64], classes: int) -> FittedSvm:
        """Fit on the training rows.

        Parameters
        ----------
        X : ndarray, shape (n, D)
        y : ndarray of int64, shape (n,)
            Indices in [0, classes).
        classes : int
            Length of the whole class list, which may hold classes that `y` does not.

        Raises
        ------
        DataError
            Where all rows are of one class.
        """
        if len(np.unique(y)) < 2:
            raise DataError(
                f"an SVM needs clips of two classes or more to learn from, and the {len(y)} training clips are of one"
            )
        scaler = StandardScaler() if self.scaling == "standard" else FunctionTransformer()
        values = np.asarray(X, dtype=np.float64)
        scaled = scaler.fit_transform(values)
        machine = SVC(
            kernel=self.kernel,
            C=self.C,
            gamma=relative_gamma(self.gamma, scaled),
            class_weight=None if self.class_weight == "none" else self.class_weight,
            tol=self.tolerance,
            decision_function_shape="ovr",
            break_ties=True,
        )
        pipeline = Pipeline([("scale", scaler), ("svm", machine.fit(scaled, y))])
        return FittedSvm(pipeline=pipeline, classes=classes)


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedSvm:
    """A fitted machine that knows the whole class list.

    Attributes
    ----------
    pipeline : Pipeline
        Stock scikit-learn steps; predicts class indices.
    classes : int
    """

    pipeline: Pipeline
    classes: int

    def scores(self, X: NDArray[Any]) -> Float:
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


def relative_gamma(gamma: float, scaled: Float) -> float:
    """Return the RBF factor for a width relative to the data: gamma / (D · Var), or gamma where nothing varies."""
    variance = float(scaled.var())
    return gamma / (scaled.shape[1] * variance) if variance > 0 else gamma
