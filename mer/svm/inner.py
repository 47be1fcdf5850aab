"""Many settings on the same inner folds: what does not depend on a setting is computed once and kept.

The time of a plain search goes into what all its fits share. Here a fold's rows are scaled once, their distances are
computed once for all widths and costs, a kernel once for all costs, and a machine once for all costs above the one at
which it has become a hard margin. Nothing is approximated: each prediction is that of the plain pipeline.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mer.svm.kernels import Kernel
from mer.svm.learner import InnerFolds
from mer.svm.libsvm import Solution, one_against_rest, solve
from mer.svm.prepare import Recipe, Settings, prepare
from mer.svm.training_set import Split, TrainingSet
from mer.svm.weights import class_factors

__all__ = ["InnerSvm"]

Float = NDArray[np.float64]
RECIPE = [field.name for field in dataclasses.fields(Recipe)]
_Bases = tuple[Kernel, list[Float], list[Float]]
_Matrices = TypeVar("_Matrices")
KEPT_BASES = 4  # recipes whose distances a fold remembers; a search rarely goes back further


class InnerSvm(InnerFolds[Settings]):
    """Predictions of all inner folds for one setting after another.

    Parameters
    ----------
    side : TrainingSet
        The training set of an outer fold.
    splits : sequence of Split
        Of its clips; every clip is in one test set.
    """

    def __init__(self, side: TrainingSet, splits: Sequence[Split]) -> None:
        super().__init__(side)
        self._rows, self._splits = side.rows, splits
        self._folds: dict[int, _Fold] = {}
        self._known: dict[tuple[int, Settings], Float] = {}

    def precompute(self, learners: Sequence[Settings]) -> None:
        """Score settings fold by fold: the matrices of one fold are in memory at a time, not those of all."""
        for number, split in enumerate(self._splits):
            fold = _Fold(self.side, self._rows, split)
            self._known |= {(number, learner): fold.scores(learner) for learner in learners}

    def each(self, learner: Settings) -> Iterator[tuple[NDArray[np.intp], Float]]:
        """Yield the clips that a fold left out, and their decision values, shape (clips, classes)."""
        for number, split in enumerate(self._splits):
            scores = self._known.get((number, learner))
            yield split.test, self.side.merged(self._fold(number).scores(learner) if scores is None else scores)

    def _fold(self, number: int) -> _Fold:
        if number not in self._folds:
            self._folds[number] = _Fold(self.side, self._rows, self._splits[number])
        return self._folds[number]


class _Fold:
    def __init__(self, side: TrainingSet, rows: Float, split: Split) -> None:
        train = side.training(split.train)
        self._train, self._new = rows[train], rows[side.scored(split.test)]
        self._seen, self._y = np.unique(side.labels(train), return_inverse=True)
        self._columns, self._classes = side.columns, side.classes
        self._last: dict[tuple[Recipe, str, float, int], tuple[float, Solution]] = {}
        self._hard: dict[tuple[Recipe, str, float, int], tuple[float, Solution]] = {}
        size = len(self._train)
        self._memory = np.empty((size, size)), np.empty((len(self._new), size))  # of the kernels, one setting at a time
        # Not lru_cache of methods: that makes a circle, and the matrices would stay until the collector runs.
        self._bases: dict[Recipe, _Bases] = {}
        self._kernels: dict[Recipe, tuple[Float, Float]] = {}

    def scores(self, svm: Settings) -> Float:
        recipe = Recipe(**{name: getattr(svm, name) for name in RECIPE})
        full = np.full((len(self._new), self._classes), np.nan)
        if len(self._seen) == 1:
            full[:, self._seen] = 0
            return full
        own, new = _kept(self._kernels, recipe, self._compute_kernels, 1)
        decisions = self._solution(svm, recipe, own).decisions(new)
        full[:, self._seen] = one_against_rest(decisions, len(self._seen))
        return full

    def _compute_bases(self, recipe: Recipe) -> _Bases:
        front, rows, kernel, own = prepare(recipe, self._train, self._y, self._columns)
        new = np.asarray(front.transform(self._new))
        return kernel, own or kernel.bases(rows), kernel.bases(new, rows)

    def _compute_kernels(self, recipe: Recipe) -> tuple[Float, Float]:
        unit_width = dataclasses.replace(recipe, gamma=1.0)
        kernel, own, new = _kept(self._bases, unit_width, self._compute_bases, KEPT_BASES)
        width = recipe.gamma if kernel.kind in ("rbf", "chi2") else 1.0
        wide = dataclasses.replace(kernel, factors=tuple(width * factor for factor in kernel.factors))
        return wide.finish(own, self._memory[0]), wide.finish(new, self._memory[1])

    def _solution(self, svm: Settings, recipe: Recipe, kernel: Float) -> Solution:
        """Fit, or return what two smaller costs already agreed upon.

        Where two costs lead the solver to the same bits, no multiplier was ever stopped by the smaller of them: every
        larger cost takes the same steps.
        """
        key = (recipe, svm.class_weight, svm.tolerance, svm.iterations)
        hard = self._hard.get(key)
        if hard and hard[0] <= svm.C:
            return hard[1]
        weight = class_factors(svm.class_weight, self._y)
        found = solve(kernel, self._y, weight, C=svm.C, tolerance=svm.tolerance, iterations=svm.iterations)
        before = self._last.get(key)
        if before and before[0] != svm.C and found.same_as(before[1]):
            self._hard[key] = (min(svm.C, before[0]), found)
        self._last[key] = (svm.C, found)
        return found


def _kept(
    known: dict[Recipe, _Matrices], recipe: Recipe, compute: Callable[[Recipe], _Matrices], most: int
) -> _Matrices:
    """Return what a recipe gives, computed where it is not among the `most` that were used last."""
    found = known.pop(recipe, None)
    if found is None:
        while len(known) >= most:
            del known[next(iter(known))]
        found = compute(recipe)
    known[recipe] = found
    return found
