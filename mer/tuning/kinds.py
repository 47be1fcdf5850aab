"""The three ways to come by the settings: leave them, search them in each fold, or (to show the harm) once for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mer.errors import ConfigError
from mer.metrics import HEADLINE
from mer.store.roles import watch
from mer.svm import Classifier, Ensemble, Learner, Space, Split, TrainingSet
from mer.tuning.folds import inner_folds
from mer.tuning.objective import PRUNE, Objective
from mer.tuning.space import check_space, grid
from mer.tuning.study import SAMPLERS, Budget, Trial, run_study
from mer.types import Parameters

__all__ = ["Choice", "GlobalTuning", "NestedTuning", "NoTuning"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a search ended with.

    Attributes
    ----------
    learner
        With the chosen settings.
    inner_score : float
        Objective on the pooled inner predictions of what was chosen: of the setting, or of the ensemble as a whole. NaN
        where nothing was searched.
    trials : tuple of mapping
        One per trial, in order: its settings, its score, and whether it was chosen (1 or 0).
    """

    learner: Classifier
    inner_score: float = float("nan")
    trials: tuple[Parameters, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NoTuning:
    """The settings stay as they are in the config, the same for all folds."""

    optimistic: ClassVar[bool] = False

    def __call__(self, learner: Learner, side: TrainingSet, *, seed: int, label: str) -> Choice:
        """Return `learner` itself."""
        return Choice(learner=learner)


@dataclass(frozen=True, kw_only=True)
class Search:
    """What the two searches have in common.

    Attributes
    ----------
    sampler : {"tpe", "random", "grid", "qmc", "gp"}
        ``grid`` tries all points of the space, C last, and draws nothing; the others start with the settings of svm=.
    trials : int or None
        Settings to try, ≥ 1.
    seconds : float or None
        Time to spend, > 0; the result then depends on the machine.
    patience : int or None
        Stop after so many trials in a row without a better score, ≥ 1.
    objective : {"uf1", "uar", "accuracy", "weighted_f1"}
        Score of the pooled predictions to maximise.
    space : mapping
        Setting of the classifier → ``{"low", "high", "log", "points"}`` (points: of the grid) or ``{"choices"}``. One
        that the kernel does not have is left out.
    prune : {"none", "certain", "race"}
        When to leave a trial before all inner folds are scored, see `Objective`; ``certain`` changes no grid's choice
        of one setting, ``race`` changed that of 29 % of the folds.
    margin : float
        Of ``race``: how far a trial may fall behind the best one on the folds seen, ≥ 0, in units of the score.
    members : int
        Most settings whose scores are averaged, ≥ 1; see `Ensemble`. 1 takes the best alone.
    within : float
        How far the inner score of a member may lie below the best one, in [0, 1].
    journal : str or None
        File of Optuna's journal storage, to watch the studies with optuna-dashboard; None keeps them in memory. It has
        no part in the result.

    Notes
    -----
    Settings rank by their inner scores, rounded to nine digits so that no rounding error decides; where several are
    equal, the one that was tried first comes first. On some hundred clips, the scores of good settings differ by less
    than a few clips more or less would change them: a search that takes the best alone draws lots among them, and an
    average over all that are about as good changes little when one of them joins or leaves.

    References
    ----------
    Akiba et al., Optuna, doi:10.1145/3292500.3330701.
    """

    sampler: str
    trials: int | None
    seconds: float | None
    patience: int | None
    objective: str
    space: Space
    prune: str
    margin: float
    members: int
    within: float
    journal: str | None = watch()

    def __post_init__(self) -> None:
        for name, allowed in (("sampler", SAMPLERS), ("objective", HEADLINE), ("prune", PRUNE)):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"tuning.{name}={getattr(self, name)}: must be one of {', '.join(allowed)}")
        for name in ("trials", "patience", "members"):
            _check_count(name, getattr(self, name), 1)
        if self.seconds is not None and not self.seconds > 0:
            raise ConfigError(f"tuning.seconds={self.seconds}: must be above 0, or null")
        if not 0 <= self.margin < 1:
            raise ConfigError(f"tuning.margin={self.margin}: must be a score of at least 0 and below 1")
        if isinstance(self.within, bool) or not 0 <= self.within <= 1:
            raise ConfigError(f"tuning.within={self.within}: must be a difference of scores, from 0 to 1")
        if self.sampler != "grid" and self.trials is None and self.seconds is None:
            raise ConfigError("tuning.trials=null: give trials or seconds, only a grid has an end")
        check_space(self.space)

    def search(self, learner: Learner, side: TrainingSet, splits: Sequence[Split], *, seed: int, label: str) -> Choice:
        """Return the settings with the best pooled scores over the splits; the first ones where several are equal."""
        space = self.space if learner.space is None else learner.space
        folds = learner.inner(side, splits)
        objective = Objective(folds=folds, name=self.objective, prune=self.prune, margin=self.margin)
        found = self._trials(learner, space, objective, seed=seed, label=label)
        best = self._best(found, len(splits))
        members = tuple(found[number].learner for number in best)
        chosen = members[0] if self.members == 1 else Ensemble(members=members)
        trials = tuple(
            {**t.drawn, **t.outcome._asdict(), "chosen": int(number in best)} for number, t in enumerate(found)
        )
        return Choice(learner=chosen, inner_score=objective.of_ensemble(members), trials=trials)

    def _trials(self, learner: Learner, space: Space, objective: Objective, *, seed: int, label: str) -> list[Trial]:
        if not space:
            return [Trial(learner, {}, objective(learner))]
        if self.sampler == "grid":
            points = grid(learner, space)
            self._check_grid(len(points))
            if self.prune == "none" and self.seconds is None and self.patience is None:
                objective.folds.precompute([candidate for candidate, _ in points])
        enough = 1.0 if self.members == 1 else float("inf")  # no score can be higher
        budget = Budget(trials=self.trials, seconds=self.seconds, patience=self.patience, enough=enough)
        journal = None if self.journal is None else (self.journal, label)
        return run_study(learner, space, objective, sampler=self.sampler, budget=budget, seed=seed, journal=journal)

    def _best(self, found: Sequence[Trial], folds: int) -> list[int]:
        """Return the numbers of the trials to take, the best first; no setting twice, all scored on every fold."""
        score: dict[str, tuple[float, int]] = {}
        for number, (learner, _, outcome) in enumerate(found):
            if outcome.folds == folds:
                score.setdefault(repr(learner), (round(outcome.inner_score, 9), number))
        ranked = sorted(score.values(), key=lambda pair: (-pair[0], pair[1]))
        least = round(ranked[0][0] - self.within, 9)
        return [number for value, number in ranked if value >= least][: self.members]

    def _check_grid(self, points: int) -> None:
        if self.trials is not None and self.trials < points:
            raise ConfigError(
                f"tuning.trials={self.trials}: the grid has {points} points; set tuning.trials=null, or fewer points "
                "in tuning.space"
            )


@dataclass(frozen=True, kw_only=True)
class NestedTuning(Search):
    """One search in every outer fold, scored on inner folds that never split a subject.

    Attributes
    ----------
    inner : {"groups", "loso"}
        Groups of subjects that are left out in turn, or one subject at a time.
    inner_folds : int
        Number of groups, ≥ 2; fewer where there are fewer subjects.

    References
    ----------
    Varma and Simon, doi:10.1186/1471-2105-7-91 (why the search must be nested).
    """

    inner: str
    inner_folds: int

    optimistic: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.inner not in ("groups", "loso"):
            raise ConfigError(f"tuning.inner={self.inner}: must be groups or loso")
        _check_count("inner_folds", self.inner_folds, 2)

    def __call__(self, learner: Learner, side: TrainingSet, *, seed: int, label: str) -> Choice:
        """Search in the training set of one outer fold.

        Parameters
        ----------
        learner
            Its settings hold where the space does not name them.
        side : TrainingSet
        seed : int
            Of the sampler; the same seed gives the same choice.
        label : str
            Name of the study in the journal.

        Raises
        ------
        ConfigError
            If the space names a setting that does not exist.
        DataError
            If the training set has fewer than two subjects.
        """
        groups = None if self.inner == "loso" else self.inner_folds
        return self.search(learner, side, inner_folds(side.y, side.subject, groups), seed=seed, label=label)


@dataclass(frozen=True, kw_only=True)
class GlobalTuning(Search):
    """One search over the outer folds themselves, as many papers do: the test subjects choose the settings.

    Its scores are too good by construction; it is here to show by how much, and is marked wherever it shows up.
    """

    optimistic: ClassVar[bool] = True


def _check_count(name: str, value: object, least: int) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise ConfigError(f"tuning.{name}={value}: must be a whole number of {least} or more")
