"""The classifier of the paper: features → decision scores, as a scikit-learn pipeline.

scikit-learn takes seconds to import: that waits until something is fitted, which a run from the cache never does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.svm.fitted import FittedSvm
from mer.svm.inner import InnerSvm
from mer.svm.kernels import HISTOGRAM_KERNELS, KERNELS, WIDE_KERNELS
from mer.svm.prepare import Settings, prepare
from mer.svm.training_set import Split, TrainingSet
from mer.svm.weights import CLASS_WEIGHTS, class_factors
from mer.types import Numbers, Parameters

__all__ = ["Svm"]

Float = NDArray[np.float64]
ALLOWED = {
    "kernel": KERNELS,
    "class_weight": tuple(CLASS_WEIGHTS),
    "scaling": ("standard", "within", "none"),
    "blocks": ("none", "region"),
    "keep_by": ("column", "region"),
}
LIMITS = {
    "C": np.inf,
    "gamma": np.inf,
    "tolerance": np.inf,
    "power": 1,
    "merge": 1,
    "keep": 1,
    "shrinkage": 1,
}  # all above 0


@dataclass(frozen=True, kw_only=True)
class Svm(Settings):
    """Support vector machine with one-against-one decisions; everything that it learns comes from the rows it is given.

    Attributes
    ----------
    kernel : {"linear", "rbf", "chi2", "intersection", "hellinger"}
        The last three compare histograms: features must not be negative, and `scaling` does not apply.
    C : float
        Cost of a violated margin, > 0.
    gamma : float
        Width of the kernels rbf and chi2 relative to the data's scale, > 0. rbf: the exponent's factor is
        gamma / (D · Var), D the number of features and Var the variance of all scaled training values; chi2: gamma /
        the mean distance of the training clips.
    class_weight : {"none", "sqrt", "balanced"}
        Factor on C of each class: 1, the root of N / (classes · clips of the class), or that ratio itself.
    scaling : {"standard", "within", "none"}
        ``standard`` brings each feature to mean 0 and variance 1 of the training rows; ``within`` then whitens them by
        the covariance within the classes and brings the rows to a mean squared length of 1, see `within_classes`.
    shrinkage : float
        Of ``within``: how far the covariance is drawn towards the same variance in all directions, in (0, 1].
    power : float
        Each feature x becomes sign(x) · |x|^power before the following, in (0, 1]; 0.5 tames the peaks of histograms.
    merge : float
        Neighbouring bins of a region whose correlation over the training rows is this or more become one, before
        anything else, see `merged`; in (0, 1], 1 merges nothing.
    blocks : {"none", "region"}
        ``region``: one kernel per region, each with a width of its own, and their mean.
    keep : float
        Share of the features (or regions) with the largest F value on the training rows, in (0, 1].
    keep_by : {"column", "region"}
        What `keep` counts.
    tolerance : float
        Where the optimiser stops, > 0.
    iterations : int
        Steps of each one-against-one problem after which it stops at the latest, ≥ 1.

    References
    ----------
    Chang and Lin, LIBSVM, doi:10.1145/1961189.1961199; kernels: see `mer.svm.kernels.base`.
    """

    def __post_init__(self) -> None:
        for name, allowed in ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"svm.{name}={getattr(self, name)}: must be one of {', '.join(allowed)}")
        for name, most in LIMITS.items():
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 < value <= most or value == np.inf:
                above = "above 0" if most == np.inf else "above 0 and up to 1"
                raise ConfigError(f"svm.{name}={value}: must be a number {above}")
        if isinstance(self.iterations, bool) or not isinstance(self.iterations, int) or self.iterations < 1:
            raise ConfigError(f"svm.iterations={self.iterations}: must be a whole number of 1 or more")

    space: ClassVar[None] = None  # the settings to search are named by tuning=

    def has_param(self, name: str) -> bool:
        """Return whether the setting `name` changes anything, so that it is worth searching.

        Raises
        ------
        ConfigError
            For a name that is no setting, saying which there are.
        """
        known = [field.name for field in dataclasses.fields(self)]
        if name not in known:
            raise ConfigError(f"tuning.space.{name}: the svm has no such setting; it has {', '.join(sorted(known))}")
        if name == "gamma":
            return self.kernel in WIDE_KERNELS
        if name == "shrinkage":
            return self.scaling == "within" and self.kernel not in HISTOGRAM_KERNELS
        return name != "scaling" or self.kernel not in HISTOGRAM_KERNELS

    def with_params(self, parameters: Parameters) -> Svm:
        """Return a copy with other settings."""
        return dataclasses.replace(self, **parameters)  # type: ignore[arg-type]  # checked when made

    @property
    def parameters(self) -> Parameters:
        """The settings that distinguish machines, for folds.csv."""
        names = ("kernel", "C", "gamma", "class_weight", "merge", "power", "keep", "shrinkage")
        return {name: getattr(self, name) for name in names if self.has_param(name)}

    def inner(self, side: TrainingSet, splits: Sequence[Split]) -> InnerSvm:
        """Return what scores many settings on the same inner folds, fast, see `InnerSvm`."""
        return InnerSvm(side, splits)

    def __call__(self, X: Numbers, y: NDArray[np.int64], classes: int, columns: Sequence[str] = ()) -> FittedSvm:
        """Fit on the training rows.

        Parameters
        ----------
        X : ndarray, shape (n, D)
        y : ndarray of int64, shape (n,)
            Indices in [0, classes).
        classes : int
            Length of the whole class list, which may hold classes that `y` does not.
        columns : sequence of str
            D names; needed where regions matter.

        Raises
        ------
        DataError
            If all rows are of one class, or the kernel cannot take the features.
        """
        from sklearn.pipeline import Pipeline
        from sklearn.svm import SVC

        if len(np.unique(y)) < 2:
            raise DataError(
                f"an SVM needs clips of two classes or more to learn from, and the {len(y)} training clips are of one"
            )
        front, rows, kernel, own = prepare(self, np.asarray(X, dtype=np.float64), y, columns)
        # SVC's own kernel takes twice the time of the whole fit, row by row; ours is one matrix product, or known here
        machine = SVC(
            kernel=(lambda *_: kernel.finish(own)) if own else kernel,
            C=self.C,
            class_weight=dict(zip(np.unique(y).tolist(), class_factors(self.class_weight, y), strict=True)),
            tol=self.tolerance,
            max_iter=self.iterations,
            decision_function_shape="ovr",
            break_ties=True,
        )
        machine.fit(rows, y).set_params(kernel=kernel)
        return FittedSvm(pipeline=Pipeline([*front.steps, ("svm", machine)]), classes=classes)
