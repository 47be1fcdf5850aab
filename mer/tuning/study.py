"""One Optuna study: tries settings until the budget is spent or nothing better is found."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mer.errors import ConfigError
from mer.svm import Learner, Space
from mer.tuning.objective import Objective, Outcome
from mer.tuning.space import grid, start, suggest
from mer.types import Parameters, Setting
from mer.validation import user_path

if TYPE_CHECKING:
    import optuna

__all__ = ["SAMPLERS", "Budget", "Trial", "run_study"]

SAMPLERS = ("tpe", "random", "grid", "qmc", "gp")


class Trial(NamedTuple):
    """A learner that was tried, what of it was drawn, and what came out."""

    learner: Learner
    drawn: Parameters
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Budget:
    """When to stop.

    Attributes
    ----------
    trials : int or None
    seconds : float or None
        Checked between trials.
    patience : int or None
        Trials in a row without a better score.
    enough : float
        Score that ends the search; inf where it takes more than one good setting.
    """

    trials: int | None
    seconds: float | None
    patience: int | None
    enough: float

    def left(self, values: list[float], started: float) -> bool:
        """Return whether another trial may be made after those with these scores; the first always may."""
        if not values:
            return True
        since_best = len(values) - 1 - values.index(max(values))
        return not (
            max(values) >= self.enough
            or (self.trials is not None and len(values) >= self.trials)
            or (self.seconds is not None and time.perf_counter() - started >= self.seconds)
            or (self.patience is not None and since_best >= self.patience)
        )


def run_study(
    learner: Learner,
    space: Space,
    objective: Objective,
    *,
    sampler: str,
    budget: Budget,
    seed: int,
    journal: tuple[str, str] | None,
) -> list[Trial]:
    """Search with Optuna; return all trials, in order.

    Parameters
    ----------
    learner, space, objective
        What is varied, within what, and how it is scored.
    sampler : {"tpe", "random", "qmc", "gp", "grid"}
        ``grid`` gives the study all points of the grid, one after the other: nothing is drawn. The others begin with
        the learner's own settings.
    budget : Budget
    seed : int
    journal : (path, name) or None
        Journal file and study name for those who watch with optuna-dashboard; in memory otherwise.
    """
    points = _given(learner, space, sampler)
    with _quiet():
        study = _study(sampler, seed, journal)
        found: list[Trial] = []
        seen: dict[str, Outcome] = {}
        started = time.perf_counter()
        while budget.left([tried.outcome.inner_score for tried in found], started):
            if len(found) < len(points):
                study.enqueue_trial(points[len(found)])
            elif sampler == "grid":
                break
            trial = study.ask()
            candidate, chosen = suggest(trial, learner, space)
            key = repr(sorted(chosen.items()))
            if key not in seen:
                seen[key] = objective(candidate)
            study.tell(trial, seen[key].inner_score)
            found.append(Trial(candidate, chosen, seen[key]))
        return found


def _given(learner: Learner, space: Space, sampler: str) -> list[dict[str, Setting]]:
    """Return the points that are tried before a sampler chooses."""
    if sampler == "grid":
        return [chosen for _, chosen in grid(learner, space)]
    own = start(learner, space)
    return [] if own is None else [own]


@contextmanager
def _quiet() -> Iterator[None]:
    import optuna  # half a second that a run without a search does not pay

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)


def _study(sampler: str, seed: int, journal: tuple[str, str] | None) -> optuna.Study:
    import optuna

    made = {
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
        "random": lambda: optuna.samplers.RandomSampler(seed=seed),
        "qmc": lambda: optuna.samplers.QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False),
        "gp": lambda: optuna.samplers.GPSampler(seed=seed, deterministic_objective=True),
        "grid": lambda: optuna.samplers.RandomSampler(seed=seed),  # never used: the grid gives every value
    }[sampler]()
    if journal is None:
        return optuna.create_study(direction="maximize", sampler=made)
    path, name = journal
    storage = _journal(path)
    if name in [summary.study_name for summary in optuna.get_all_study_summaries(storage)]:
        optuna.delete_study(study_name=name, storage=storage)
    return optuna.create_study(direction="maximize", sampler=made, storage=storage, study_name=name)


def _journal(path: str) -> optuna.storages.JournalStorage:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    file = user_path("tuning.journal", path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return optuna.storages.JournalStorage(JournalFileBackend(str(file)))
    except OSError as error:
        raise ConfigError(
            f"tuning.journal={path}: the file cannot be written ({error.strerror}); name one in a folder of your own, "
            "or set tuning.journal=null"
        ) from error
