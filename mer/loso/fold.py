"""One outer fold, from the training set to the predictions of the test set."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mer.loso.guards import check_split
from mer.loso.order import content_rank, subject_signatures
from mer.loso.store import FoldStore
from mer.svm import Learner, Split, TrainingSet
from mer.tuning import BestTestEpoch, Choice, EpochByEpoch
from mer.types import FeatureTable, FoldResult, Numbers

__all__ = ["Job", "Tuning", "fold_seed", "run_fold", "training_side"]


class Tuning(Protocol):
    """Stage 8b: settings for one outer fold from its training set."""

    @property
    def optimistic(self) -> bool:
        """Whether the test set has a say in the settings."""

    def __call__(self, learner: Learner, side: TrainingSet, *, seed: int, label: str) -> Choice:
        """Choose."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """Everything that the folds of an evaluation share.

    Attributes
    ----------
    table : FeatureTable
        Sorted.
    mirrored : FeatureTable or None
        The mirrored clips, aligned with it.
    average : bool
        Score a clip together with its mirror image.
    oversample : bool
        Train clips of rarer classes more than once.
    learner, tuning
        Stage 8a and 8b.
    seed, key
        See `fold_seed`.
    store : FoldStore or None
        Where finished folds are kept.
    """

    table: FeatureTable
    mirrored: FeatureTable | None
    average: bool
    oversample: bool
    learner: Learner
    tuning: Tuning
    seed: int
    key: str
    store: FoldStore | None

    @cached_property
    def rank(self) -> NDArray[np.intp]:
        """Place of every row in the order that contents alone decide; names and ids have no part in it."""
        return content_rank(self.table, self.mirrored)


def fold_seed(seed: int, key: str, fold: str) -> int:
    """Return the seed of one fold's search; depends on nothing but these three.

    Parameters
    ----------
    seed : int
        Root of every random choice.
    key : str
        Settings of stage 8.
    fold : str
        The signatures of the subjects that it learns from. Names have no part in it, so that the same clips under
        another data set's names are tuned alike; nor has the test set, whose labels must change nothing in the fold;
        nor has any feature, so that another processor tunes alike. Folds that leave out subjects with the same label
        counts have the same seed.
    """
    words = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") for text in (key, fold)]
    return int(np.random.SeedSequence([seed, *words]).generate_state(1)[0])


def training_side(job: Job, rows: NDArray[np.intp]) -> TrainingSet:
    """Return these rows of the table, in order of `Job.rank`: all that the search and the fit of a fold are given."""
    table, rows = job.table, np.asarray(rows)[np.argsort(job.rank[rows])]
    return TrainingSet(
        X=table.X[rows],
        y=table.y[rows],
        subject=table.subject[rows],
        columns=table.columns,
        classes=len(table.classes),
        mirrored=None if job.mirrored is None else job.mirrored.X[rows],
        average=job.average,
        oversample=job.seed if job.oversample else None,
    )


def run_fold(job: Job, split: Split) -> FoldResult:
    """Choose the settings, fit on the whole training set, predict the test set, and keep the result."""
    started = time.perf_counter()
    check_split(job.table, split)
    side = training_side(job, split.train)
    signatures = sorted(subject_signatures(side.y, side.subject).values())
    seed = fold_seed(job.seed, job.key, str(signatures))
    choice = job.tuning(job.learner, side, seed=seed, label=f"{job.key}/{split.name}")
    clips = side.training(np.arange(len(side)))
    fitted = choice.learner(side.rows[clips], side.labels(clips), side.classes, side.columns)
    order = np.argsort(job.rank[split.test])  # a matrix product rounds a row by its place, too
    test = split.test[order]
    parameters = choice.learner.parameters
    if isinstance(job.tuning, BestTestEpoch) and isinstance(fitted, EpochByEpoch):
        each = _averaged(job, test, fitted.each_epoch)
        epoch = job.tuning.epoch(each, job.table.y[test])
        values, parameters = each[epoch], {**parameters, "epochs": epoch + 1}
    else:
        values = _averaged(job, test, fitted.scores)
    scores = values[np.argsort(order)]
    result = FoldResult(
        fold=split.name,
        sample_id=tuple(job.table.sample_id[split.test].tolist()),
        y_true=job.table.y[split.test],
        y_pred=np.nanargmax(scores, axis=1),
        scores=scores,
        parameters=parameters,
        inner_score=choice.inner_score,
        seconds=time.perf_counter() - started,
        trials=choice.trials,
    )
    if job.store is not None:
        job.store.save(result)
    return result


def _averaged(job: Job, rows: NDArray[np.intp], score: Callable[[Numbers], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the scores of clips, averaged with those of their mirror images where the evaluation says so."""
    values = score(job.table.X[rows])
    if job.average and job.mirrored is not None:
        values = (values + score(job.mirrored.X[rows])) / 2
    return values
