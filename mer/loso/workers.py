"""Folds over the cores; the result does not depend on how many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mer.loso.fold import Job, run_fold
from mer.svm import Split
from mer.types import FoldResult

__all__ = ["run_folds"]


def run_folds(job: Job, splits: Sequence[Split], workers: int) -> Iterator[FoldResult]:
    """Yield the folds as they finish.

    Each runs on one thread: threads of a matrix product round differently, and more of them than cores only wait for
    each other.
    """
    workers = min(workers, len(splits))
    if workers <= 1:
        from threadpoolctl import threadpool_limits

        for split in splits:
            with threadpool_limits(limits=1):
                fold = run_fold(job, split)
            yield fold
        return
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        pool = Parallel(n_jobs=workers, return_as="generator_unordered")
        yield from pool(delayed(run_fold)(job, split) for split in splits)
