"""The space of settings: what each may be, how a trial draws it, and all points of a grid."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError
from mer.svm import InnerFolds, Split, TrainingSet

__all__ = ["Learner", "Space", "check_space", "grid", "start", "suggest"]

Space = Mapping[str, Mapping[str, Any]]


class Learner(Protocol):
    """Stage 8a: an SVM, or another classifier in its place."""

    @property
    def space(self) -> Space | None:
        """Its own space of settings, None where tuning= gives it."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The settings that tell one from another."""

    def has_param(self, name: str) -> bool:
        """Tell whether a setting changes anything."""

    def with_params(self, parameters: Mapping[str, Any]) -> Any:
        """Return a copy with other settings."""

    def inner(self, side: TrainingSet, splits: Sequence[Split]) -> InnerFolds:
        """Return what scores settings on inner folds."""

    def __call__(self, X: NDArray[Any], y: NDArray[np.int64], classes: int, columns: Sequence[str] = ()) -> Any:
        """Fit; the result has ``scores(X)``."""


def check_space(space: Space) -> None:
    """Refuse a span that cannot be searched.

    Raises
    ------
    ConfigError
    """
    for name, span in space.items():
        if set(span) == {"choices"} and list(span["choices"]):
            continue
        if set(span) != {"low", "high", "log", "points"}:
            raise ConfigError(
                f"tuning.space.{name}: give low, high, log and points, or a list of choices; got {dict(span)}"
            )
        low, high, points = span["low"], span["high"], span["points"]
        if not low < high or (span["log"] and low <= 0):
            raise ConfigError(f"tuning.space.{name}: low={low} must be below high={high}, and above 0 on a log scale")
        if isinstance(points, bool) or not isinstance(points, int) or points < 2:
            raise ConfigError(f"tuning.space.{name}: points={points} must be a whole number of 2 or more")


def suggest(trial: Any, learner: Learner, space: Space) -> tuple[Any, dict[str, Any]]:
    """Draw the settings that the learner has; return it with them, and what was drawn."""
    chosen: dict[str, Any] = {}
    for name in _ordered(space):
        if not learner.has_param(name):
            continue
        span = space[name]
        if "choices" in span:
            chosen[name] = trial.suggest_categorical(name, list(span["choices"]))
        elif _whole(span):
            chosen[name] = trial.suggest_int(name, span["low"], span["high"], log=bool(span["log"]))
        else:
            chosen[name] = trial.suggest_float(name, float(span["low"]), float(span["high"]), log=bool(span["log"]))
        learner = learner.with_params({name: chosen[name]})
    return learner, chosen


def start(learner: Learner, space: Space) -> dict[str, Any] | None:
    """Return the learner's own settings as the first point of a search, None where they lie outside of the space."""
    own = learner.parameters
    point = {name: own[name] for name in _ordered(space) if learner.has_param(name) and name in own}
    inside = [
        value in span["choices"] if "choices" in span else span["low"] <= value <= span["high"]
        for value, span in ((value, space[name]) for name, value in point.items())
    ]
    return point if point and all(inside) else None


def grid(learner: Learner, space: Space) -> list[tuple[Any, dict[str, Any]]]:
    """Return all points once, C last so that what does not depend on it is computed once.

    A setting that the learner does not have (the width of a linear kernel) multiplies nothing.
    """
    names = sorted(_ordered(space), key=lambda name: name == "C")
    points: dict[str, tuple[Any, dict[str, Any]]] = {}
    for values in itertools.product(*(_values(space[name]) for name in names)):
        machine, chosen = learner, {}
        for name in _ordered(space):
            if machine.has_param(name):
                chosen[name] = values[names.index(name)]
                machine = machine.with_params({name: chosen[name]})
        points.setdefault(repr(sorted(chosen.items())), (machine, chosen))
    return list(points.values())


def _ordered(space: Space) -> list[str]:
    # the kernel first: which other settings there are depends on it
    return sorted(space, key=lambda name: name != "kernel")


def _values(span: Mapping[str, Any]) -> list[Any]:
    if "choices" in span:
        return list(span["choices"])
    between = np.geomspace if span["log"] else np.linspace
    values = between(span["low"], span["high"], span["points"])
    return sorted({round(v) for v in values.tolist()}) if _whole(span) else values.tolist()


def _whole(span: Mapping[str, Any]) -> bool:
    return isinstance(span["low"], int) and isinstance(span["high"], int)
