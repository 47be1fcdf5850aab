"""Stage 8b, the choice of the classifier's settings: on the training subjects of one outer fold, never beyond."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.metrics import HEADLINE, score
from mer.svm import Svm

__all__ = ["Choice", "NestedTuning", "NoTuning"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a search ended with.

    Attributes
    ----------
    svm : Svm
        With the chosen settings.
    inner_score : float
        Objective on the pooled inner predictions; NaN where nothing was searched.
    trials : tuple of mapping
        One a trial, in order: its settings and its score.
    """

    svm: Svm
    inner_score: float
    trials: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class NoTuning:
    """The settings stay as they are in the config, the same for all folds."""

    def __call__(
        self, svm: Svm, X: NDArray[Any], y: NDArray[np.int64], subject: NDArray[np.str_], classes: int, seed: int
    ) -> Choice:
        """Return `svm` itself."""
        return Choice(svm=svm, inner_score=float("nan"))


@dataclass(frozen=True, kw_only=True)
class NestedTuning:
    """One Optuna study in memory per outer fold, scored on inner folds that never split a subject.

    Attributes
    ----------
    trials : int
        Settings tried in each outer fold, ≥ 1.
    inner_folds : int
        Groups of subjects that are left out in turn, ≥ 2; fewer where there are fewer subjects.
    objective : {"uf1", "uar", "accuracy", "weighted_f1"}
        Score of the pooled inner predictions to maximise.
    space : mapping
        Setting of the classifier → ``{"low", "high", "log"}`` or ``{"choices"}``. One that the kernel does not have
        is left out.

    References
    ----------
    Akiba et al., Optuna, doi:10.1145/3292500.3330701; Varma and Simon, doi:10.1186/1471-2105-7-91 (why nested).
    """

    trials: int
    inner_folds: int
    objective: str
    space: Mapping[str, Mapping[str, Any]]

    def __post_init__(self) -> None:
        for name, least in (("trials", 1), ("inner_folds", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ConfigError(f"tuning.{name}={value}: must be a whole number of {least} or more")
        if self.objective not in HEADLINE:
            raise ConfigError(f"tuning.objective={self.objective}: must be one of {', '.join(HEADLINE)}")
        for name, span in self.space.items():
            _check_span(name, span)

    def __call__(
        self, svm: Svm, X: NDArray[Any], y: NDArray[np.int64], subject: NDArray[np.str_], classes: int, seed: int
    ) -> Choice:
        """Search on the rows of the training side.

        Parameters
        ----------
        svm : Svm
            Its settings hold where the space does not name them.
        X, y, subject : ndarray, shape (n, D), (n,), (n,)
            The training side of one outer fold, nothing else.
        classes : int
            Length of the whole class list.
        seed : int
            Of the sampler; the same seed gives the same choice.

        Raises
        ------
        ConfigError
            Where the space names a setting that does not exist.
        DataError
            Where the training side has fewer than two subjects.
        """
        import optuna

        folds = inner_folds(y, subject, self.inner_folds)

        def objective(trial: optuna.Trial) -> float:
            candidate = _suggest(trial, svm, self.space)
            predicted = np.empty_like(y)
            for train, test in folds:
                predicted[test] = predict(candidate, X[train], y[train], X[test], classes)
            return score(y, predicted, classes, self.objective)

        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
            study.optimize(objective, n_trials=self.trials)
        finally:
            optuna.logging.set_verbosity(level)
        rows = tuple({**trial.params, "inner_score": trial.value} for trial in study.trials)
        return Choice(svm=svm.having(study.best_params), inner_score=study.best_value, trials=rows)


def predict(svm: Svm, X: NDArray[Any], y: NDArray[np.int64], new: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Fit on (X, y) and return the class of each new row; the only class there is where `y` holds just one."""
    if (y == y[0]).all():
        return np.full(len(new), y[0])
    return np.asarray(np.nanargmax(svm(X, y, classes).scores(new), axis=1))


def inner_folds(
    y: NDArray[np.int64], subject: NDArray[np.str_], groups: int
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Split into folds that keep each subject whole and the class shares as even as they can be, without chance."""
    from sklearn.model_selection import StratifiedGroupKFold

    subjects = len(np.unique(subject))
    if subjects < 2:
        raise DataError(
            f"nested tuning leaves one more subject out, and only {subject[0]} remains: use three subjects or more, "
            "or tuning=none"
        )
    splitter = StratifiedGroupKFold(n_splits=min(groups, subjects))
    # the splitter compares the class counts with the number of folds and warns: small classes are usual here, and no
    # obstacle, because the inner predictions are pooled
    counts = np.bincount(y)
    if counts[counts > 0].max() < splitter.n_splits:
        raise DataError(
            f"nested tuning with {splitter.n_splits} inner folds needs a class with as many clips: "
            "set tuning.inner_folds lower, or use tuning=none"
        )
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return list(splitter.split(np.zeros((len(y), 1)), y, subject))


def _suggest(trial: Any, svm: Svm, space: Mapping[str, Mapping[str, Any]]) -> Svm:
    # the kernel first: which other settings there are depends on it
    for name in sorted(space, key=lambda name: name != "kernel"):
        if not svm.uses(name):
            continue
        span = space[name]
        if "choices" in span:
            value = trial.suggest_categorical(name, list(span["choices"]))
        else:
            value = trial.suggest_float(name, float(span["low"]), float(span["high"]), log=bool(span["log"]))
        svm = svm.having({name: value})
    return svm


def _check_span(name: str, span: Mapping[str, Any]) -> None:
    if set(span) == {"choices"} and list(span["choices"]):
        return
    if set(span) != {"low", "high", "log"}:
        raise ConfigError(f"tuning.space.{name}: give low, high and log, or a list of choices; got {dict(span)}")
    low, high = span["low"], span["high"]
    if not low < high or (span["log"] and low <= 0):
        raise ConfigError(f"tuning.space.{name}: low={low} must be below high={high}, and above 0 on a log scale")
