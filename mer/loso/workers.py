"""Folds over the cores; the result does not depend on how many."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from mer.loso.fold import Job, run_fold
from mer.svm import Split
from mer.tuning import NoTuning
from mer.types import FoldResult

__all__ = ["run_folds"]

# A process of its own takes some 3 s to start, scikit-learn above all: longer than all folds of a small set.
_FEW_CLIPS = 1000
_ALONE_S = 2.0


def run_folds(job: Job, splits: Sequence[Split], workers: int) -> Iterator[FoldResult]:
    """Yield the folds as they finish.

    Each runs on one thread: threads of a matrix product round differently, and more of them than cores only wait for
    each other. Folds without a search on a small set begin in this process, and only what is left after `_ALONE_S` goes
    to others.
    """
    left = list(splits)
    quick = isinstance(job.tuning, NoTuning) and len(job.table) <= _FEW_CLIPS
    if workers <= 1:
        yield from _here(job, left, seconds=float("inf"))
    elif quick:
        yield from _here(job, left, seconds=_ALONE_S)
    if left:
        yield from _side_by_side(job, left, min(workers, len(left)))


def _here(job: Job, left: list[Split], *, seconds: float) -> Iterator[FoldResult]:
    """Run folds in this process until `seconds` are over, and take them from the list."""
    import sklearn.svm  # noqa: F401 - takes seconds, which are no fold's own
    from threadpoolctl import ThreadpoolController

    threads = ThreadpoolController()  # looks through all libraries: once, not in every fold
    began = time.perf_counter()
    while left and time.perf_counter() - began < seconds:
        with threads.limit(limits=1):
            fold = run_fold(job, left.pop(0))
        yield fold


def _side_by_side(job: Job, splits: Sequence[Split], workers: int) -> Iterator[FoldResult]:
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        pool = Parallel(n_jobs=workers, return_as="generator_unordered")
        yield from pool(delayed(run_fold)(job, split) for split in splits)
