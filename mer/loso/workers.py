"""Folds over the cores; the result does not depend on how many."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from mer.loso.fold import Job, run_fold
from mer.store.background import end_with_parent, result_of, started, submit
from mer.svm import Split, Svm
from mer.tuning import NoTuning
from mer.types import FoldResult

__all__ = ["run_folds", "warm"]

# A background process needs some 3 s to start, scikit-learn above all: longer than all folds of a small set.
_FEW_CLIPS = 1000
_ALONE_S = 2.0
_KIND = "folds"


def run_folds(job: Job, splits: Sequence[Split], workers: int) -> Iterator[FoldResult]:
    """Yield the folds as they finish.

    Each runs on one thread: threads of a matrix product round differently, and more of them than cores only wait for
    each other. Folds without a search on a small set begin one after the other, and only what is left after `_ALONE_S`
    goes to several processes.
    """
    left = list(splits)
    quick = isinstance(job.tuning, NoTuning) and len(job.table) <= _FEW_CLIPS
    if workers <= 1:
        yield from _one_by_one(job, left, seconds=float("inf"))
    elif quick:
        yield from _one_by_one(job, left, seconds=_ALONE_S)
    if left:
        yield from _side_by_side(job, left, min(workers, len(left)))


def warm() -> None:
    """Have scikit-learn imported by a background process, which then runs the folds that need no search."""
    submit(_KIND, _import_sklearn)


def _one_by_one(job: Job, left: list[Split], *, seconds: float) -> Iterator[FoldResult]:
    """Run folds one after the other until `seconds` are over, and take them from the list."""
    # The other process may not find a user's own learner.
    run = _in_background() if started(_KIND) and isinstance(job.learner, Svm) else _in_this_process()
    began = time.perf_counter()
    while left and time.perf_counter() - began < seconds:
        yield run(job, left.pop(0))


def _in_background() -> Callable[[Job, Split], FoldResult]:
    def run(job: Job, split: Split) -> FoldResult:
        return result_of(submit(_KIND, _on_one_thread, job, split), f"fold {split.name}")

    result_of(submit(_KIND, _import_sklearn), "scikit-learn")  # takes seconds, which are no fold's own
    return run


def _in_this_process() -> Callable[[Job, Split], FoldResult]:
    _threads.cache_clear()  # other libraries may have been loaded since
    _threads()  # its imports take seconds, which are no fold's own
    return _on_one_thread


def _on_one_thread(job: Job, split: Split) -> FoldResult:
    with _threads().limit(limits=1):
        return run_fold(job, split)


@cache
def _threads() -> Any:
    """Look through all libraries for thread pools: once, not in every fold."""
    _import_sklearn()
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _import_sklearn() -> None:
    import sklearn.pipeline
    import sklearn.preprocessing
    import sklearn.svm  # noqa: F401
    import threadpoolctl  # noqa: F401


def _side_by_side(job: Job, splits: Sequence[Split], workers: int) -> Iterator[FoldResult]:
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1, initializer=end_with_parent, initargs=(os.getpid(),)):
        pool = Parallel(n_jobs=workers, return_as="generator_unordered")
        yield from pool(delayed(run_fold)(job, split) for split in splits)
