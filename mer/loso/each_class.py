"""Clips that may have several classes: one evaluation per class, present or not, whose predictions are joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mer.errors import DataError
from mer.loso.evaluation import Evaluation
from mer.loso.fold import Tuning
from mer.svm import Learner
from mer.types import FeatureTable, FoldResult, LosoResult
from mer.types.combined import combined, members

__all__ = ["EachClass"]


@dataclass(frozen=True, kw_only=True)
class EachClass:
    """An evaluation of every class on its own: has a clip the class, or not.

    Each class has its own classifier in each fold, tuned and fitted on the training subjects alone.

    Attributes
    ----------
    evaluation : Evaluation
        Who is left out, and all else that an evaluation says.
    classes : sequence of str
    """

    evaluation: Evaluation
    classes: Sequence[str]

    @property
    def mirrors(self) -> bool:
        """Whether a call needs the features of the mirrored clips."""
        return self.evaluation.mirrors

    @property
    def draws(self) -> int:
        """Of the permutation test, and of a bootstrap interval."""
        return self.evaluation.draws

    @property
    def interval(self) -> str:
        """How the intervals in metrics.json are made."""
        return self.evaluation.interval

    def folds(self, table: FeatureTable) -> int:
        """Return the number of folds of all classes."""
        return len(self.classes) * self.evaluation.folds(table)

    def warnings(self, table: FeatureTable) -> list[str]:
        """Return one sentence per fact that a reader of the result should know."""
        return self.evaluation.warnings(table)

    def check(self, table: FeatureTable, *, seed: int) -> None:
        """Refuse clips that some class cannot be evaluated on.

        Raises
        ------
        DataError
        LeakError
        """
        for part in self._parts(table):
            self.evaluation.check(part, seed=seed)

    def __call__(  # noqa: PLR0913 - the contract with the pipeline, see Evaluation
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
        """Predict of every clip which classes it has, by what was learnt without its subject.

        Returns
        -------
        LosoResult
            Labels are as in `mer.types.combined`: the classes come first in the class list, then every combination that
            occurs or is predicted. Scores are one per class, above 0 rather with it; parameters and trials are named
            by the class.
        """
        results = [
            self.evaluation(
                part,
                svm,
                tuning,
                seed=seed,
                key=key,
                workers=workers,
                progress=progress,
                mirrored=mirrored,
                store=store,
            )
            for part in self._parts(table)
        ]
        return self._joined(table, results)

    def _parts(self, table: FeatureTable) -> list[FeatureTable]:
        """Return one table per class, whose two classes are without and with it."""
        dropped = sorted(set(self.classes) - set(table.classes))
        if dropped:
            left = ",".join(name for name in self.classes if name not in dropped)
            raise DataError(
                f"drop=[{dropped[0]}]: clips have several classes here, so none can be dropped; leave it out with "
                f"protocol.classes=[{left}] ~protocol.map.DATASET.{dropped[0]}"
            )
        held = members(table.classes, self.classes)[table.y].astype(np.int64)
        return [
            replace(table, y=has, classes=(f"not {name}", name)) for name, has in zip(self.classes, held.T, strict=True)
        ]

    def _joined(self, table: FeatureTable, results: Sequence[LosoResult]) -> LosoResult:
        number = {label: k for k, label in enumerate(table.classes)}
        truth = dict(zip(table.sample_id.tolist(), table.y.tolist(), strict=True))
        folds = [self._fold(each, truth, number) for each in zip(*(r.folds for r in results), strict=True)]
        tested = results[0].table
        y = np.array([truth[sample_id] for sample_id in tested.sample_id.tolist()])
        return LosoResult(folds=tuple(folds), table=replace(tested, y=y, classes=tuple(number)))

    def _fold(self, each: Sequence[FoldResult], truth: dict[str, int], number: dict[str, int]) -> FoldResult:
        """Join what one fold gave for every class; a combination that is new gets the next number."""
        first = each[0]
        has = np.stack([fold.y_pred for fold in each], axis=1) == 1
        labels = [combined(name for name, yes in zip(self.classes, row, strict=True) if yes) for row in has]
        named = list(zip(self.classes, each, strict=True))
        return FoldResult(
            fold=first.fold,
            sample_id=first.sample_id,
            y_true=np.array([truth[sample_id] for sample_id in first.sample_id]),
            y_pred=np.array([number.setdefault(label, len(number)) for label in labels]),
            scores=np.stack([fold.scores[:, 1] - fold.scores[:, 0] for fold in each], axis=1),
            parameters={f"{name}.{key}": value for name, fold in named for key, value in fold.parameters.items()},
            inner_score=float(np.mean([fold.inner_score for fold in each])),
            seconds=sum(fold.seconds for fold in each),
            trials=tuple({"class": name, **trial} for name, fold in named for trial in fold.trials),
        )
