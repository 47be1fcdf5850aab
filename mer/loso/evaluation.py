"""What all evaluations have in common: who is left out differs, the rest does not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from mer.errors import ConfigError, DataError
from mer.loso.fold import Job, Tuning, fold_seed, training_side
from mer.loso.guards import (
    check_classes,
    check_duplicate_recordings,
    check_mirrored,
    check_split,
    rows_of,
    sorted_table,
)
from mer.loso.near_copies import check_near_copies
from mer.loso.order import in_order
from mer.loso.store import FoldStore, fingerprint
from mer.loso.workers import run_folds
from mer.metrics import INTERVALS
from mer.svm import Learner, Split, TrainingSet
from mer.tuning import Choice, GlobalTuning
from mer.types import FeatureTable, FoldResult, LosoResult

__all__ = ["Evaluation"]

CHOICES = {
    "mirror": ("none", "train", "both"),
    "balance": ("none", "oversample"),
    "interval": tuple(INTERVALS),
}


@dataclass(frozen=True, kw_only=True)
class Evaluation(ABC):
    """Train on some subjects, predict others, over and over until all are predicted.

    Attributes
    ----------
    min_clips : int
        A subject with fewer clips is named in `warnings`; official protocols hold such subjects, so nothing stops.
    mirror : {"none", "train", "both"}
        Use of the mirrored clips, see `mer.geometry.mirror`: not at all; to train beside their originals; and to score
        each clip together with its mirror image, too.
    balance : {"none", "oversample"}
        Against classes of unequal size: nothing, or clips of the rarer classes train more than once until all classes
        have as many; drawn by the seed from the training set of each inner and outer fold. The class weights of svm=
        are another way, without chance.
    draws : int
        Of the permutation test, and of a bootstrap interval, ≥ 1.
    interval : {"t", "percentile", "bca"}
        How the intervals in metrics.json are made: Student's t over subjects, or a bootstrap over subjects.
    """

    min_clips: int
    mirror: str
    balance: str
    draws: int
    interval: str

    unit: ClassVar[str]  # what a fold leaves out, in words

    def __post_init__(self) -> None:
        for name in ("min_clips", "draws"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"evaluation.{name}={value}: must be a whole number of 1 or more")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"evaluation.{name}={getattr(self, name)}: must be one of {', '.join(allowed)}")

    @abstractmethod
    def splits(self, table: FeatureTable, seed: int) -> list[Split]:
        """Return the folds, sorted by name; `table` is sorted by sample id."""

    @property
    def mirrors(self) -> bool:
        """Whether a call needs the features of the mirrored clips."""
        return self.mirror != "none"

    def folds(self, table: FeatureTable) -> int:
        """Return the number of folds."""
        return len(self.splits(sorted_table(table), 0))

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

    def check(self, table: FeatureTable, *, seed: int) -> None:
        """Refuse clips that this evaluation cannot be run on; needs no feature, so it can come before all work.

        Raises
        ------
        DataError
            If a class or a subject makes the protocol impossible.
        LeakError
            If a subject would be in both sets.
        """
        table = sorted_table(table)
        splits = self.splits(table, seed)
        for split in splits:
            check_split(table, split)
        check_classes(table, splits, self.unit)

    def __call__(  # noqa: PLR0913 - the contract with the pipeline
        self,
        table: FeatureTable,
        svm: Learner,
        tuning: Tuning,
        *,
        seed: int,
        key: str,
        workers: int,
        progress: Callable[[FoldResult], None] | None = None,
        mirrored: FeatureTable | None = None,
        store: str | Path | None = None,
    ) -> LosoResult:
        """Predict every clip by what was learnt without its subject.

        Parameters
        ----------
        table : FeatureTable
            The order of its rows carries no meaning.
        svm, tuning
            Stage 8a and 8b; given the rows of the training set only.
        seed : int
            Root of every random choice.
        key : str
            Settings of stage 8: with `seed` and the label counts of its training subjects it seeds each fold's search.
        workers : int
            Processes, ≥ 1; the result does not depend on it.
        progress : callable, optional
            Called in this process with each fold that is finished, in order of finishing.
        mirrored : FeatureTable, optional
            Features of the mirrored clips, same ids and columns; needed where `mirrors`.
        store : path, optional
            Folder for finished folds; those that lie there already are not computed again.

        Returns
        -------
        LosoResult
            Folds sorted by name; its table, sorted by sample id, holds the clips that were predicted.

        Raises
        ------
        DataError
            If a class or a subject makes the protocol impossible.
        LeakError
            If a subject or a recording would be in both sets.
        """
        self.check(table, seed=seed)
        table = sorted_table(table)
        images = self._images(table, mirrored)
        check_duplicate_recordings(table, images)
        check_near_copies(table, images)
        splits = self.splits(table, seed)
        job = self._job(table, svm, tuning, seed, key, images, store)
        done = []
        for fold in self._folds(job, splits, workers):
            done.append(fold)
            if progress is not None:
                progress(fold)
        tested = np.sort(np.concatenate([split.test for split in splits]))
        return LosoResult(folds=tuple(sorted(done, key=lambda fold: fold.fold)), table=rows_of(table, tested))

    def _images(self, table: FeatureTable, mirrored: FeatureTable | None) -> FeatureTable | None:
        """Return the mirrored rows in the order of the table, None where the evaluation does not use them."""
        if not self.mirrors:
            return None
        if mirrored is None:
            raise DataError(
                f"evaluation.mirror={self.mirror} needs the features of the mirrored clips; none were given"
            )
        return check_mirrored(table, mirrored)

    def _job(
        self,
        table: FeatureTable,
        learner: Learner,
        tuning: Tuning,
        seed: int,
        key: str,
        images: FeatureTable | None,
        folder: str | Path | None,
    ) -> Job:
        store = None
        if folder is not None:
            image_sums = None if images is None else fingerprint(images)
            store = FoldStore(
                folder=Path(folder), fingerprint=fingerprint(table, image_sums, self, learner, tuning, seed, key)
            )
        return Job(
            table=table,
            mirrored=images,
            average=self.mirror == "both",
            oversample=self.balance == "oversample",
            learner=learner,
            tuning=tuning,
            seed=seed,
            key=key,
            store=store,
        )

    def _folds(self, job: Job, splits: list[Split], workers: int) -> Iterator[FoldResult]:
        finished = [fold for split in splits if job.store and (fold := job.store.load(split.name)) is not None]
        yield from finished
        names = {fold.fold for fold in finished}
        left = [split for split in splits if split.name not in names]
        if not left:
            return
        if isinstance(job.tuning, GlobalTuning):
            job = replace(job, tuning=_once_for_all(job, job.tuning, splits))
        yield from run_folds(job, left, workers)


@dataclass(frozen=True, kw_only=True)
class _Fixed:
    """The outcome of a search over all folds, handed to each of them."""

    choice: Choice
    optimistic: ClassVar[bool] = True

    def __call__(self, learner: Learner, side: TrainingSet, *, seed: int, label: str) -> Choice:
        return self.choice


def _once_for_all(job: Job, tuning: GlobalTuning, splits: list[Split]) -> _Fixed:
    tested = np.sort(np.concatenate([split.test for split in splits]))
    if len(tested) < len(job.table):
        raise ConfigError("tuning=global searches over folds that test every clip, which a hold-out does not")
    side = training_side(job, np.arange(len(job.table)))
    seed = fold_seed(job.seed, job.key, "global")
    splits = in_order(splits, job.rank)
    return _Fixed(choice=tuning.search(job.learner, side, splits, seed=seed, label=f"{job.key}/global"))
