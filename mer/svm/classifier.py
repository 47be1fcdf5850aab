"""Any scikit-learn classifier in the place of the SVM, for comparison lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.svm.learner import Classifier, InnerFolds, Space
from mer.svm.training_set import Split, TrainingSet
from mer.types import Numbers, Parameters

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

__all__ = ["Estimator", "FittedEstimator", "InnerRefits"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """A scikit-learn classifier behind a scaler, both fitted on the training rows alone.

    Attributes
    ----------
    estimator : BaseEstimator
        Named in the YAML by ``_target_``; needs ``decision_function`` or ``predict_proba``.
    scaling : {"standard", "none"}
    space : mapping
        Setting of the estimator → span, as in ``conf/tuning/nested.yaml``; takes the place of ``tuning.space``.
    settings : mapping
        Settings of the estimator that a search has chosen.
    """

    estimator: BaseEstimator
    scaling: str
    space: Space
    settings: Parameters = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        from sklearn.base import is_classifier

        if not is_classifier(self.estimator):
            raise ConfigError(
                f"svm.estimator={type(self.estimator).__name__}: must be a scikit-learn classifier, named by _target_"
            )
        if self.scaling not in ("standard", "none"):
            raise ConfigError(f"svm.scaling={self.scaling}: must be standard or none")
        for name in self.space:
            self.has_param(name)

    def has_param(self, name: str) -> bool:
        """Return True for a setting of the estimator.

        Raises
        ------
        ConfigError
            For a name that is no setting, saying which there are.
        """
        known = self.estimator.get_params()
        if name not in known:
            raise ConfigError(
                f"svm.space.{name}: {type(self.estimator).__name__} has no such setting; it has {', '.join(known)}"
            )
        return True

    def with_params(self, parameters: Parameters) -> Estimator:
        """Return a copy with other settings of the estimator."""
        return dataclasses.replace(self, settings={**self.settings, **parameters})

    @property
    def parameters(self) -> Parameters:
        """What a search may choose, for folds.csv."""
        return {name: self.settings.get(name, self.estimator.get_params()[name]) for name in self.space}

    def inner(self, side: TrainingSet, splits: Sequence[Split]) -> InnerRefits:
        """Return what scores settings on inner folds."""
        return InnerRefits(side, splits)

    def __call__(self, X: Numbers, y: NDArray[np.int64], classes: int, columns: Sequence[str] = ()) -> FittedEstimator:
        """Fit on the training rows; see `Svm.__call__`."""
        from sklearn.base import clone
        from sklearn.pipeline import Pipeline
        from sklearn.preprocessing import StandardScaler

        if len(np.unique(y)) < 2:
            raise DataError(
                f"a classifier needs clips of two classes or more, and the {len(y)} training clips are of one"
            )
        machine = clone(self.estimator).set_params(**self.settings)
        scaler = [("scale", StandardScaler())] if self.scaling == "standard" else []
        pipeline = Pipeline([*scaler, ("classifier", machine)])
        return FittedEstimator(pipeline=pipeline.fit(np.asarray(X, dtype=np.float64), y), classes=classes)


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedEstimator:
    """A fitted classifier with the whole class list."""

    pipeline: Pipeline
    classes: int

    def scores(self, X: Numbers) -> Float:
        """Return one score per class, shape (n, classes); NaN for a class that was not seen."""
        rows = np.asarray(X, dtype=np.float64)
        if hasattr(self.pipeline, "decision_function"):
            values = self.pipeline.decision_function(rows)
        else:
            values = self.pipeline.predict_proba(rows)
        full = np.full((len(values), self.classes), np.nan)
        full[:, self.pipeline.classes_] = np.stack([-values, values], axis=1) if values.ndim == 1 else values
        return full


class InnerRefits(InnerFolds[Classifier]):
    """Predictions of all inner folds for one setting after another, each by plain fits; see `InnerSvm`."""

    def __init__(self, side: TrainingSet, splits: Sequence[Split]) -> None:
        super().__init__(side)
        self._rows, self._splits = side.rows, splits

    def each(self, learner: Classifier) -> Iterator[tuple[NDArray[np.intp], Float]]:
        """Yield the clips that a fold left out, and their decision values, shape (clips, classes)."""
        side = self.side
        for split in self._splits:
            train = side.training(split.train)
            labels = side.labels(train)
            if (labels == labels[0]).all():
                only = np.full((len(split.test), side.classes), np.nan)
                only[:, labels[0]] = 0
                yield split.test, only
                continue
            fitted = learner(self._rows[train], labels, side.classes, side.columns)
            yield split.test, side.merged(fitted.scores(self._rows[side.scored(split.test)]))
