"""Stage 8c, the evaluation: one subject is left out in turn, and predicted by what the others taught."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError, LeakError
from mer.svm import Svm
from mer.tuning import Choice
from mer.types import FeatureTable, FoldResult, LosoResult

__all__ = ["Loso", "Split", "Tuning", "check_split", "fold_seed", "sorted_table"]


class Tuning(Protocol):
    """Stage 8b: settings for one outer fold from its training side."""

    def __call__(
        self, svm: Svm, X: NDArray[Any], y: NDArray[np.int64], subject: NDArray[np.str_], classes: int, seed: int
    ) -> Choice:
        """Choose."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """One outer fold.

    Attributes
    ----------
    name : str
        What is left out.
    train, test : ndarray of int
        Rows of the table.
    """

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Loso:
    """Leave one subject out.

    Attributes
    ----------
    min_clips : int
        A subject with fewer clips is named in `warnings`; official protocols hold such subjects, so nothing stops.
    draws : int
        Bootstrap draws over subjects for the intervals in metrics.json, ≥ 1.
    """

    min_clips: int
    draws: int

    def __post_init__(self) -> None:
        for name in ("min_clips", "draws"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"evaluation.{name}={value}: must be a whole number of 1 or more")

    def warnings(self, table: FeatureTable) -> list[str]:
        """Return one sentence a fact that a reader of the result should know."""
        names, clips = np.unique(table.subject, return_counts=True)
        few = [f"{name} ({n})" for name, n in zip(names, clips, strict=True) if n < self.min_clips]
        if not few:
            return []
        return [
            f"{len(few)} of {len(names)} subjects have fewer than {self.min_clips} clips (evaluation.min_clips): "
            f"{', '.join(few[:8])}{', ...' if len(few) > 8 else ''}; they stay in, with little weight in pooled scores"
        ]

    def folds(self, table: FeatureTable) -> int:
        """Return the number of outer folds."""
        return len(np.unique(table.subject))

    def splits(self, table: FeatureTable) -> list[Split]:
        """Return one fold a subject, sorted by name."""
        return [
            Split(
                name=str(name), train=np.flatnonzero(table.subject != name), test=np.flatnonzero(table.subject == name)
            )
            for name in np.unique(table.subject)
        ]

    def __call__(
        self,
        table: FeatureTable,
        svm: Svm,
        tuning: Tuning,
        *,
        seed: int,
        key: str,
        workers: int,
        progress: Callable[[FoldResult], None] | None = None,
    ) -> LosoResult:
        """Predict every clip by what was learnt without its subject.

        Parameters
        ----------
        table : FeatureTable
            The order of its rows carries no meaning.
        svm, tuning
            Stage 8a and 8b; called with the rows of the training side only.
        seed : int
            Root of every random choice.
        key : str
            Names the cell of the study: with `seed` and the fold's name it seeds the fold's search.
        workers : int
            Processes, ≥ 1; the result does not depend on it.
        progress : callable, optional
            Called in this process with each fold that is finished, in order of finishing.

        Returns
        -------
        LosoResult
            Folds sorted by name; its table is sorted by sample id.

        Raises
        ------
        DataError
            Where a class or a subject makes the protocol impossible.
        LeakError
            Where a subject would stand on both sides.
        """
        table = sorted_table(table)
        _check_table(table)
        splits = self.splits(table)
        for split in splits:
            check_split(table, split)
        jobs = [(table, split, svm, tuning, fold_seed(seed, key, split.name)) for split in splits]
        done = []
        for fold in _map(_run_fold, jobs, workers):
            done.append(fold)
            if progress is not None:
                progress(fold)
        return LosoResult(folds=tuple(sorted(done, key=lambda fold: fold.fold)), table=table)


def sorted_table(table: FeatureTable) -> FeatureTable:
    """Return the table sorted by sample id, so that the order of its rows changes nothing.

    Raises
    ------
    DataError
        Where a sample id occurs twice.
    """
    order = np.argsort(table.sample_id, kind="stable")
    ids = table.sample_id[order]
    twice = ids[1:][ids[1:] == ids[:-1]]
    if len(twice):
        raise DataError(f"clip {twice[0]} is in the table twice: each clip must be predicted once; remove one of them")
    rows = {name: getattr(table, name)[order] for name in ("X", "y", "subject", "sample_id", "dataset")}
    return FeatureTable(**rows, columns=table.columns, classes=table.classes)


def check_split(table: FeatureTable, split: Split) -> None:
    """Refuse a fold in which a subject stands on both sides, or a clip in neither or both.

    Raises
    ------
    LeakError
    """
    both = np.intersect1d(table.subject[split.train], table.subject[split.test])
    if len(both):
        raise LeakError(
            f"fold {split.name}: subject {both[0]} is on the training and on the test side, so the score would be "
            "of a known face; a subject's clips must stay together"
        )
    rows = np.concatenate([split.train, split.test])
    if len(np.unique(rows)) != len(rows):
        raise LeakError(f"fold {split.name}: a clip is used twice; the rows of both sides must differ")


def fold_seed(seed: int, key: str, fold: str) -> int:
    """Return the seed of one fold's search; depends on nothing but these three."""
    words = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") for text in (key, fold)]
    return int(np.random.SeedSequence([seed, *words]).generate_state(1)[0])


def _check_table(table: FeatureTable) -> None:
    subjects = np.unique(table.subject)
    if len(subjects) < 2:
        raise DataError(
            f"leaving one subject out needs two subjects or more, and the {len(table)} clips show "
            f"{subjects[0] if len(subjects) else 'nobody'}"
        )
    for k, name in enumerate(table.classes):
        whose = np.unique(table.subject[table.y == k])
        if len(whose) == 0:
            raise DataError(f"class {name}: no clip has it; use drop=[{name}]")
        if len(whose) == 1:
            raise DataError(
                f"class {name}: only subject {whose[0]} shows it, so it can never be learnt when that subject is left "
                f"out; use drop=[{name}]"
            )


def _run_fold(table: FeatureTable, split: Split, svm: Svm, tuning: Tuning, seed: int) -> FoldResult:
    started = time.perf_counter()
    check_split(table, split)
    X, y, subject = table.X[split.train], table.y[split.train], table.subject[split.train]
    classes = len(table.classes)
    choice = tuning(svm, X, y, subject, classes, seed)
    scores = choice.svm(X, y, classes).scores(table.X[split.test])
    return FoldResult(
        fold=split.name,
        sample_id=tuple(table.sample_id[split.test].tolist()),
        y_true=table.y[split.test],
        y_pred=np.nanargmax(scores, axis=1),
        scores=scores,
        parameters=choice.svm.parameters,
        inner_score=choice.inner_score,
        seconds=time.perf_counter() - started,
        trials=choice.trials,
    )


def _map(function: Callable[..., FoldResult], jobs: Sequence[Iterable[Any]], workers: int) -> Iterator[FoldResult]:
    """Yield results as they finish; each job runs on one thread, so that sums are rounded alike everywhere."""
    if workers == 1:
        from threadpoolctl import threadpool_limits

        for job in jobs:
            with threadpool_limits(limits=1):
                yield function(*job)
        return
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        pool = Parallel(n_jobs=min(workers, len(jobs)), return_as="generator_unordered")
        yield from pool(delayed(function)(*job) for job in jobs)
