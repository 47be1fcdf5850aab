"""`mer bench tuning`: the nested search against scikit-learn's GridSearchCV, on the same folds and cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mer.bench._made_up import GAMMA, C, comparison_svm, made_up_table, numbers, search_settings
from mer.loso import Loso, Split
from mer.loso.fold import Job, training_side
from mer.loso.workers import run_folds
from mer.metrics import score
from mer.tuning import NestedTuning, inner_folds
from mer.types import FeatureTable, FoldResult

__all__ = ["run"]

GROUPS = 5
DISTANCE = 0.15  # an inner UF1 near 0.6, as on real micro-expressions
HELP = {"clips": 300, "features": 288, "subjects": 30, "classes": 7, "folds": 6, "trials": 24, "workers": 2, "seed": 0}


def run(arguments: Sequence[str]) -> None:
    """Print the table; `arguments` such as ``folds=30 workers=2 trials=24`` change the problem.

    Raises
    ------
    ConfigError
        For an argument that does not exist.
    """
    asked = numbers(arguments, HELP)
    size = (asked["clips"], asked["features"], asked["subjects"], asked["classes"])
    table = made_up_table(*size, DISTANCE, asked["seed"], habits=DISTANCE / 2)
    splits = _loso().splits(table, 0)[: asked["folds"]]
    workers = asked["workers"]
    _grid_search(table, splits[0], workers)  # starting the processes and importing the libraries is not timed
    plain, plain_seconds = _timed(lambda: [_grid_search(table, split, workers) for split in splits])
    _ours(table, splits, workers, "tpe", 1)
    fast, fast_seconds = _timed(lambda: _ours(table, splits, workers, "grid", None))
    budgets = {}
    for sampler in ("tpe", "qmc"):
        search = partial(_ours, table, splits, workers, sampler, asked["trials"])
        budgets[sampler] = _timed(search)
    print(f"{len(splits)} outer folds of {asked}, {GROUPS} inner groups, 100 RBF configurations\n")
    print("| search | seconds | times as fast | mean best inner UF1 |\n|---|---|---|---|")
    rows = [("GridSearchCV", plain_seconds, fast), ("mer, same grid", fast_seconds, fast)]
    rows += [(f"mer, {name}, {asked['trials']} trials", seconds, folds) for name, (folds, seconds) in budgets.items()]
    for name, seconds, folds in rows:
        inner = np.mean([fold.inner_score for fold in folds])
        print(f"| {name} | {seconds:.2f} | {plain_seconds / seconds:.1f} | {inner:.4f} |")
    _compare(table, splits, plain)


def _loso() -> Loso:
    return Loso(min_clips=1, mirror="none", balance="none", draws=1, interval="percentile")


def _ours(
    table: FeatureTable, splits: Sequence[Split], workers: int, sampler: str, trials: int | None
) -> list[FoldResult]:
    tuning = NestedTuning(**search_settings(sampler, trials), inner="groups", inner_folds=GROUPS)
    return sorted(run_folds(_job(table, tuning), splits, workers), key=lambda fold: fold.fold)


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


def _grid_search(table: FeatureTable, split: Split, workers: int) -> GridSearchCV:
    side = training_side(_job(table, None), split.train)
    pipeline = Pipeline([("scale", StandardScaler()), ("svm", SVC(kernel="rbf", break_ties=True))])
    points = {"svm__C": _points(C), "svm__gamma": _points(GAMMA) / table.X.shape[1]}
    inner = [(fold.train, fold.test) for fold in inner_folds(side.y, side.subject, GROUPS)]
    scorer = make_scorer(score, classes=side.classes, objective="uf1")
    search = GridSearchCV(pipeline, points, scoring=scorer, cv=inner, n_jobs=workers)
    return search.fit(side.rows, side.y)


def _points(span: dict[str, Any]) -> Any:
    return np.geomspace(span["low"], span["high"], span["points"])


def _compare(table: FeatureTable, splits: Sequence[Split], plain: Sequence[GridSearchCV]) -> None:
    """Score every configuration in every inner fold both ways, and predict the test side with the best one."""
    same = scores = alike = clips = 0
    for split, search in zip(splits, plain, strict=True):
        side = training_side(_job(table, None), split.train)
        inner = inner_folds(side.y, side.subject, GROUPS)
        folds = comparison_svm().inner(side, inner)
        for number, point in enumerate(search.cv_results_["params"]):
            gamma = point["svm__gamma"] * table.X.shape[1]
            predicted = folds.scores(comparison_svm(C=float(point["svm__C"]), gamma=float(gamma))).argmax(axis=1)
            for k, fold in enumerate(inner):
                ours = score(side.y[fold.test], predicted[fold.test], side.classes, "uf1")
                same += ours == search.cv_results_[f"split{k}_test_score"][number]
                scores += 1
        best = search.best_params_
        machine = comparison_svm(C=float(best["svm__C"]), gamma=float(best["svm__gamma"] * table.X.shape[1]))
        ours = machine(side.rows, side.y, side.classes).scores(table.X[split.test]).argmax(axis=1)
        alike += int((ours == search.predict(table.X[split.test].astype(np.float64))).sum())
        clips += len(split.test)
    print(f"\nInner scores equal to the last bit: {same} of {scores}; test clips predicted alike: {alike} of {clips}.")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started
