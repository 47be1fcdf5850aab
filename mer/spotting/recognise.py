"""Spot, then recognise: the expression of every micro-expression that was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mer.errors import DataError, counted
from mer.loso.fold import Job, Tuning
from mer.loso.guards import sorted_table
from mer.loso.workers import run_folds
from mer.metrics.measures import confusion_matrix, measures
from mer.pipeline import Pipeline, Stages
from mer.progress import progress
from mer.spotting.matching import matched
from mer.spotting.recognised import Recognised
from mer.spotting.score import SpottedVideo, counts
from mer.store.cache import Cache
from mer.store.keys import component_key
from mer.svm import Learner
from mer.svm.training_set import Split
from mer.types import Dataset, FoldResult, Interval, Manifest, Recording, Sample

__all__ = ["Recognition"]

_ANNOTATED, _FOUND = "annotated", "found"  # how the ids of clips begin, so that no two are equal


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """Recognises found micro-expressions by what is learnt from the annotated ones of the other subjects.

    Attributes
    ----------
    stages : Stages
        Stages 2 to 7 of recognition.
    learner : Learner
    tuning : Tuning
        Searches on the training subjects alone.
    seed, workers : int

    Notes
    -----
    The flow goes from the found onset to the found apex; that of the training clips from the annotated ones. A false
    alarm has no true class, so it lowers the F1 of spotting alone, as in the MEGC of 2022 and later.
    """

    stages: Stages
    learner: Learner
    tuning: Tuning
    seed: int
    workers: int

    def check(self, recordings: Sequence[Recording]) -> None:
        """Refuse, before anything is measured, videos from which no class can be learnt.

        Raises
        ------
        DataError
            If micro-expressions have no label, or fewer than two classes or subjects have any.
        """
        events = [(r, i) for r in recordings for i in r.events if i.kind == "micro"]
        bare = next((f"{r.id}, frame {i.onset}" for r, i in events if not i.label), "")
        if bare:
            raise DataError(f"{bare}: this micro-expression has no label to learn from; fill it in, or use task=spot")
        classes, subjects = {i.label for _, i in events}, {r.subject for r, _ in events}
        if len(classes) < 2 or len(subjects) < 2:
            raise DataError(
                f"the micro-expressions are of {counted(len(classes), 'class', 'classes')} and "
                f"{counted(len(subjects), 'subject')}, and recognition needs two of each; use task=spot"
            )

    def __call__(
        self, dataset: Dataset, recordings: Sequence[Recording], found: Sequence[SpottedVideo], iou: float, cache: Path
    ) -> Recognised:
        """Recognise every hit.

        Parameters
        ----------
        dataset : Dataset
            That the recordings are of.
        recordings : sequence of Recording
        found : sequence of SpottedVideo
        iou : float
            Smallest intersection over union of a hit.
        cache : Path
            Where aligned frames and flow are kept.
        """
        by_id = {recording.id: recording for recording in recordings}
        hits = [(by_id[video.video], true, hit) for video in found for true, hit in _hits(video, iou)]
        annotated = [_sample(r, i, i.label, _ANNOTATED) for r in recordings for i in r.events if i.kind == "micro"]
        samples = (*annotated, *(_sample(r, hit, true.label, _FOUND) for r, true, hit in hits))
        predicted, left_out = self._predicted(dataset, samples, cache) if hits else ({}, ())
        rows = tuple(
            (r.id, hit.onset, _apex(hit), hit.offset, true.onset, true.offset, true.label, predicted.get(key, ""))
            for r, true, hit in hits
            for key in (_id(r, hit, _FOUND),)
        )
        f1, uf1 = _scores([row[-2:] for row in rows if row[-1]])
        true = Counter(i.label for r in recordings for i in r.events if i.kind == "micro")
        spotting = counts(found, iou)["micro"].f1
        return Recognised(rows=rows, f1=f1, uf1=uf1, spotting=spotting, true=true, left_out=left_out)

    def _predicted(
        self, dataset: Dataset, samples: Sequence[Sample], cache: Path
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the class of every found clip by its id, and which clips a stage could not use."""
        classes = tuple(sorted({sample.label for sample in samples}))
        pipeline = Pipeline(dataset=dataset, stages=self.stages, cache=Cache(root=cache))
        manifest = Manifest(samples=tuple(samples), classes=classes)
        features = pipeline.features(manifest, workers=self.workers, bad_clips="exclude")
        table = sorted_table(features.table)
        tested = np.char.startswith(table.sample_id, f"{_FOUND} ")
        splits = [
            Split(
                name=str(name),
                train=np.flatnonzero(~tested & (table.subject != name)),
                test=np.flatnonzero(tested & (table.subject == name)),
            )
            for name in np.unique(table.subject[tested])
        ]
        job = Job(
            table=table,
            mirrored=None,
            average=False,
            oversample=False,
            learner=self.learner,
            tuning=self.tuning,
            seed=self.seed,
            key=str([component_key(self.learner), component_key(self.tuning)]),
            store=None,
        )
        folds: list[FoldResult] = []
        with progress("folds", len(splits)) as advance:
            for fold in run_folds(job, splits, self.workers):
                folds.append(fold)
                advance()
        pairs = ((name, k) for fold in folds for name, k in zip(fold.sample_id, fold.y_pred.tolist(), strict=True))
        left_out = tuple(f"{left.sample_id}: {left.reason}; not recognised" for left in features.excluded)
        return {name: classes[k] for name, k in pairs}, left_out


def _hits(video: SpottedVideo, iou: float) -> list[tuple[Interval, Interval]]:
    """Return the true micro-expressions that were found, each with the found interval."""
    true, found = ([i for i in some if i.kind == "micro"] for some in (video.true, video.found))
    return [(true[j], found[i]) for j, i in matched(found, true, iou).items()]


def _sample(recording: Recording, interval: Interval, label: str, origin: str) -> Sample:
    return Sample(
        id=_id(recording, interval, origin),
        dataset=recording.dataset,
        subject=recording.subject,
        label=label,
        onset=interval.onset,
        apex=max(_apex(interval), min(interval.onset + 1, interval.offset)),
        offset=interval.offset,
        fps=recording.fps,
        clip=recording.clip,
    )


def _id(recording: Recording, interval: Interval, origin: str) -> str:
    return f"{origin} {recording.id} {interval.onset}-{interval.offset}"


def _apex(interval: Interval) -> int:
    return (interval.onset + interval.offset) // 2 if interval.apex is None else interval.apex


def _scores(pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, float], float]:
    """Return F1 of each true class, and their mean."""
    if not pairs:
        return {}, float("nan")
    classes = sorted({name for pair in pairs for name in pair})
    true, predicted = ([classes.index(pair[k]) for pair in pairs] for k in (0, 1))
    found = measures(confusion_matrix(true, predicted, len(classes)))
    f1 = {name: float(value) for name, value in zip(classes, found["f1"], strict=True) if np.isfinite(value)}
    return f1, float(found["uf1"])
