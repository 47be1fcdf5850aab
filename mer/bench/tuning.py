"""`mer bench tuning`: the nested search against scikit-learn's GridSearchCV, on the same folds and one core."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from mer.bench._made_up import GAMMA, C, comparison_svm, made_up_table, numbers, search_settings
from mer.config.composition import component
from mer.loso import Loso, Split
from mer.loso.fold import Job, run_fold, training_side
from mer.metrics import score
from mer.svm import Svm, TrainingSet
from mer.tuning import NestedTuning, inner_folds
from mer.types import FeatureTable

__all__ = ["run"]

GROUPS = 5
DISTANCE = 0.15  # an inner UF1 near 0.6, as on real micro-expressions
# The folds of one data set share nearly all of their clips: more data sets say more than more folds.
HELP = {"clips": 300, "features": 288, "subjects": 30, "classes": 7, "seeds": 8, "folds": 4, "trials": 24}
WARM_UP = {"clips": 60, "features": 4, "subjects": 6, "classes": 3, "folds": 1}
PLAIN, GRID, ENSEMBLE = "GridSearchCV", "mer, same grid", "mer, same grid, ensemble"


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """One outer fold by all searches, one after the other.

    Attributes
    ----------
    rows : ndarray, shape (searches, 3)
        CPU seconds, wall seconds and best inner UF1 of each.
    scores, clips : tuple of (int, int)
        Inner scores, and clips of the test set, that came out as those of GridSearchCV; and how many there are.
    """

    rows: NDArray[np.float64]
    scores: tuple[int, int]
    clips: tuple[int, int]


def run(arguments: Sequence[str]) -> None:
    """Print the tables; `arguments` such as ``seeds=1 folds=30 trials=28`` change the problem.

    Raises
    ------
    ConfigError
        For an argument that does not exist.
    """
    asked = numbers(arguments, HELP)
    searches = _searches(asked["trials"])
    found: list[list[_Turn]] = []
    with threadpool_limits(limits=1):
        list(_turns(WARM_UP, searches, seed=0))  # importing the libraries is not timed
        _head(asked, searches)
        for seed in range(asked["seeds"]):
            found.append(list(_turns(asked, searches, seed=seed)))
            inner = np.mean([turn.rows[1:, 2] for turn in found[-1]], axis=0)
            print(f"| {seed} | {' | '.join(f'{value:.4f}' for value in inner)} |", flush=True)
    _summarise([PLAIN, *searches], np.array([[turn.rows for turn in turns] for turns in found]))
    _compare([turn for turns in found for turn in turns])


def _head(asked: Mapping[str, int], searches: Mapping[str, NestedTuning]) -> None:
    print(f"{', '.join(f'{name}={number}' for name, number in asked.items())}: made-up data sets from seed 0 on,")
    print(f"the first folds of LOSO on each, {GROUPS} inner groups, 100 RBF configurations; one process, one thread,")
    print("the searches take turns fold by fold; ensemble: the default's choice of members.\n")
    print(f"| best inner UF1 on data set | {' | '.join(searches)} |\n|---|{'---|' * len(searches)}")


def _searches(trials: int) -> dict[str, NestedTuning]:
    grid = search_settings("grid", None)
    default = component("tuning", "nested")
    several = {name: getattr(default, name) for name in ("prune", "members", "within")}
    settings = {GRID: grid}
    settings |= {f"mer, {name}, {trials} trials": search_settings(name, trials) for name in ("tpe", "qmc")}
    settings[ENSEMBLE] = {**grid, **several}
    return {name: NestedTuning(**each, inner="groups", inner_folds=GROUPS) for name, each in settings.items()}


def _turns(asked: Mapping[str, int], searches: Mapping[str, NestedTuning], *, seed: int) -> Iterator[_Turn]:
    size = (asked["clips"], asked["features"], asked["subjects"], asked["classes"])
    table = made_up_table(*size, DISTANCE, seed, habits=DISTANCE / 2)
    jobs = [_job(table, tuning) for tuning in searches.values()]
    loso = Loso(min_clips=1, mirror="none", balance="none", draws=1, interval="percentile")
    for split in loso.splits(table, 0)[: asked["folds"]]:
        yield _turn(table, split, jobs)


def _job(table: FeatureTable, tuning: Any) -> Job:
    return Job(
        table=table,
        mirrored=None,
        average=False,
        oversample=False,
        learner=comparison_svm(),
        tuning=tuning,
        seed=0,
        key="bench",
        store=None,
    )


def _turn(table: FeatureTable, split: Split, jobs: Sequence[Job]) -> _Turn:
    """Search one outer fold in every way, then check each configuration of GridSearchCV, which is not timed."""
    side = training_side(jobs[0], split.train)
    inner = inner_folds(side.y, side.subject, GROUPS)
    plain, *spent = _timed(partial(_grid_search, side, inner))
    scores, best = _inner_scores(plain, side, inner)
    rows = [[*spent, best]]
    for job in jobs:
        fold, *spent = _timed(partial(run_fold, job, split))
        rows.append([*spent, fold.inner_score])
    machine = _machine(plain.best_params_, side)(side.rows, side.y, side.classes)
    new = table.X[split.test]
    alike = machine.scores(new).argmax(axis=1) == plain.predict(new.astype(np.float64))
    return _Turn(rows=np.array(rows), scores=scores, clips=(int(alike.sum()), len(alike)))


def _grid_search(side: TrainingSet, inner: Sequence[Split]) -> GridSearchCV:
    pipeline = Pipeline([("scale", StandardScaler()), ("svm", SVC(kernel="rbf", break_ties=True))])
    points = {"svm__C": _points(C), "svm__gamma": _points(GAMMA) / side.X.shape[1]}
    scorer = make_scorer(score, classes=side.classes, objective="uf1")
    search = GridSearchCV(pipeline, points, scoring=scorer, cv=[(fold.train, fold.test) for fold in inner])
    return search.fit(side.rows, side.y)


def _points(span: dict[str, Any]) -> Any:
    return np.geomspace(span["low"], span["high"], span["points"])


def _machine(point: Mapping[str, float], side: TrainingSet) -> Svm:
    return comparison_svm(C=float(point["svm__C"]), gamma=float(point["svm__gamma"] * side.X.shape[1]))


def _inner_scores(plain: GridSearchCV, side: TrainingSet, inner: Sequence[Split]) -> tuple[tuple[int, int], float]:
    """Score every configuration in every inner fold; return how many are equal, and the best pooled score of all."""
    folds = comparison_svm().inner(side, inner)
    pooled, same = [], []
    for number, point in enumerate(plain.cv_results_["params"]):
        predicted = folds.scores(_machine(point, side)).argmax(axis=1)
        pooled.append(score(side.y, predicted, side.classes, "uf1"))
        for k, fold in enumerate(inner):
            ours = score(side.y[fold.test], predicted[fold.test], side.classes, "uf1")
            same.append(ours == plain.cv_results_[f"split{k}_test_score"][number])
    return (sum(same), len(same)), max(pooled)


def _summarise(names: Sequence[str], rows: NDArray[np.float64]) -> None:
    """Print one line per search from `rows`, shape (data sets, folds, searches, 3)."""
    cpu, wall, inner = np.moveaxis(rows, -1, 0)
    over = (inner - inner[:, :, [names.index(GRID)]]).mean(axis=1)
    print(f"\n{cpu.shape[0] * cpu.shape[1]} outer folds; ± standard error over the data sets\n")
    print("| search | CPU s | times as fast | wall s | times as fast | best inner UF1 | minus the grid's |")
    print("|---|---|---|---|---|---|---|")
    for number, name in enumerate(names):
        ratios = [
            f"{each[..., number].sum():.2f} | {each[..., 0].sum() / each[..., number].sum():.1f}"
            for each in (cpu, wall)
        ]
        print(f"| {name} | {' | '.join(ratios)} | {inner[..., number].mean():.4f} | {_mean(over[:, number])} |")


def _mean(values: NDArray[np.float64]) -> str:
    mean = f"{values.mean():+.4f}"
    return mean if len(values) == 1 else f"{mean} ± {values.std(ddof=1) / np.sqrt(len(values)):.4f}"


def _compare(turns: Sequence[_Turn]) -> None:
    scores, clips = (np.sum([getattr(turn, name) for turn in turns], axis=0) for name in ("scores", "clips"))
    print(
        f"\nInner scores equal to the last bit: {scores[0]} of {scores[1]}; "
        f"test clips predicted alike: {clips[0]} of {clips[1]}."
    )


def _timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return the result, the CPU seconds of all threads (no search here starts a process) and the wall seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, time.process_time() - cpu, time.perf_counter() - wall
