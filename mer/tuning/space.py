"""The space of settings: what each may be, how a trial draws it, and all points of a grid."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from mer.errors import ConfigError
from mer.svm import Learner, Space, Span
from mer.types import Parameters, Setting

if TYPE_CHECKING:
    from optuna import Trial

__all__ = ["check_space", "grid", "start", "suggest"]


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


def suggest(trial: Trial, learner: Learner, space: Space) -> tuple[Learner, Parameters]:
    """Draw the settings that the learner has; return it with them, and what was drawn."""
    chosen: dict[str, Setting] = {}
    for name in _ordered(space):
        if not learner.has_param(name):
            continue
        span = space[name]
        if "choices" in span:
            chosen[name] = trial.suggest_categorical(name, list(span["choices"]))
        elif _whole(span):
            chosen[name] = trial.suggest_int(name, int(span["low"]), int(span["high"]), log=bool(span["log"]))
        else:
            chosen[name] = trial.suggest_float(name, float(span["low"]), float(span["high"]), log=bool(span["log"]))
        learner = learner.with_params({name: chosen[name]})
    return learner, chosen


def start(learner: Learner, space: Space) -> dict[str, Setting] | None:
    """Return the learner's own settings as the first point of a search, None where they lie outside of the space."""
    own = learner.parameters
    point = {name: own[name] for name in _ordered(space) if learner.has_param(name) and name in own}
    inside = [
        value in span["choices"]
        if "choices" in span
        else isinstance(value, int | float) and span["low"] <= value <= span["high"]
        for value, span in ((value, space[name]) for name, value in point.items())
    ]
    return point if point and all(inside) else None


def grid(learner: Learner, space: Space) -> list[tuple[Learner, dict[str, Setting]]]:
    """Return all points once, C last so that what does not depend on it is computed once.

    A setting that the learner does not have (the width of a linear kernel) multiplies nothing.
    """
    names = sorted(_ordered(space), key=lambda name: name == "C")
    points: dict[str, tuple[Learner, dict[str, Setting]]] = {}
    for values in itertools.product(*(_values(space[name]) for name in names)):
        machine, chosen = learner, dict[str, Setting]()
        for name in _ordered(space):
            if machine.has_param(name):
                chosen[name] = values[names.index(name)]
                machine = machine.with_params({name: chosen[name]})
        points.setdefault(repr(sorted(chosen.items())), (machine, chosen))
    return list(points.values())


def _ordered(space: Space) -> list[str]:
    # the kernel first: which other settings there are depends on it
    return sorted(space, key=lambda name: name != "kernel")


def _values(span: Span) -> list[Setting]:
    if "choices" in span:
        return list(span["choices"])
    between = np.geomspace if span["log"] else np.linspace
    values = between(span["low"], span["high"], span["points"])
    return sorted({round(v) for v in values.tolist()}) if _whole(span) else values.tolist()


def _whole(span: Span) -> bool:
    return isinstance(span["low"], int) and isinstance(span["high"], int)
