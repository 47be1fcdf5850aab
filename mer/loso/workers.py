"""Folds over the cores; the result does not depend on how many."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from mer.helper import Channel, answer_with, helper, ready, warm_up
from mer.loso.fold import Job, run_fold
from mer.svm import Split, Svm
from mer.tuning import NoTuning
from mer.types import FoldResult

__all__ = ["run_folds", "warm"]

# A process of its own takes some 3 s to start, scikit-learn above all: longer than all folds of a small set.
_FEW_CLIPS = 1000
_ALONE_S = 2.0
_KIND = "folds"


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


def warm() -> None:
    """Have scikit-learn imported by a process beside ours, which then runs the folds that need no search."""
    warm_up(_KIND, _import_sklearn)


def _here(job: Job, left: list[Split], *, seconds: float) -> Iterator[FoldResult]:
    """Run folds one after the other until `seconds` are over, and take them from the list."""
    # A learner of somebody else's need not be found by the other process.
    beside = ready(_KIND) and isinstance(job.learner, Svm)
    with _beside(job) if beside else _in_this_process(job) as run:
        began = time.perf_counter()
        while left and time.perf_counter() - began < seconds:
            yield run(left.pop(0))


@contextlib.contextmanager
def _in_this_process(job: Job) -> Iterator[Callable[[Split], FoldResult]]:
    import sklearn.svm  # noqa: F401 - takes seconds, which are no fold's own
    from threadpoolctl import ThreadpoolController

    threads = ThreadpoolController()  # looks through all libraries: once, not in every fold

    def run(split: Split) -> FoldResult:
        with threads.limit(limits=1):
            return run_fold(job, split)

    yield run


@contextlib.contextmanager
def _beside(job: Job) -> Iterator[Callable[[Split], FoldResult]]:
    with helper(_KIND) as process:
        process.send(_obey, job)
        process.answer()  # its import may not be over, which is no fold's own

        def run(split: Split) -> FoldResult:
            process.send(split)
            result: FoldResult = process.answer()
            return result

        try:
            yield run
        finally:
            process.tell()


def _import_sklearn(_: Channel) -> None:
    import sklearn.pipeline
    import sklearn.preprocessing
    import sklearn.svm  # noqa: F401
    import threadpoolctl  # noqa: F401


def _obey(channel: Channel, job: Job) -> None:
    """Run folds of a job, in the other process, until an empty request."""
    with _in_this_process(job) as run:
        channel.answer(None)
        while request := channel.request():
            answer_with(channel, run, *request)


def _side_by_side(job: Job, splits: Sequence[Split], workers: int) -> Iterator[FoldResult]:
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        pool = Parallel(n_jobs=workers, return_as="generator_unordered")
        yield from pool(delayed(run_fold)(job, split) for split in splits)
