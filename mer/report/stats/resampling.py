"""Tests and intervals that treat the subject, not the clip, as what was sampled.

Clips of one person are not independent. The primary test therefore swaps the two methods' predictions of whole
subjects: if the methods are equal, who predicted a subject's clips is arbitrary.

References
----------
Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 2005, doi:10.1007/b138696 (paired exchange).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mer.metrics import by_subject, influence, of_counts, t_intervals, t_limits

__all__ = ["SCORES", "SWAPS", "TESTED", "Counts", "counts", "difference_intervals", "intervals", "score", "swap_test"]

Float = NDArray[np.float64]

SCORES: tuple[Literal["uf1", "uar", "accuracy"], ...] = ("uf1", "uar", "accuracy")
TESTED = SCORES[:2]
SWAPS = 9_999  # with the observed one, p cannot be smaller than 1/10,000; all swaps are taken where there are fewer
_SEED = 0
_BATCH = 2_000_000  # numbers held at once


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """What the scores need of R runs on the same clips, subject by subject.

    Attributes
    ----------
    hit, predicted : ndarray of float64, shape (R, S, K)
        Correct predictions, and all predictions, of each class.
    support : ndarray of float64, shape (S, K)
        Clips of each class.
    """

    hit: Float
    predicted: Float
    support: Float

    @property
    def subjects(self) -> int:
        """Number of subjects."""
        return len(self.support)

    @property
    def accuracy(self) -> Float:
        """Share of correct clips of each subject, mean over the runs, shape (S,)."""
        return np.asarray(self.hit.sum(axis=2).mean(axis=0) / self.support.sum(axis=1))

    def of(self, runs: Sequence[int]) -> Counts:
        """Return the counts of some of the runs."""
        chosen = list(runs)
        return Counts(hit=self.hit[chosen], predicted=self.predicted[chosen], support=self.support)

    def scores(self, weights: Float) -> dict[str, Float]:
        """Return `SCORES`, ``f1`` and ``recall``, means over the runs, where subject s counts weights[b, s] times."""
        hit, predicted = (np.einsum("bs,rsk->brk", weights, part, optimize=True) for part in (self.hit, self.predicted))
        support = np.broadcast_to((weights @ self.support)[:, None], hit.shape)
        found = of_counts(hit, support, predicted, (*SCORES, "f1", "recall"))
        return {name: values.mean(axis=1) for name, values in found.items()}


def counts(y_true: ArrayLike, predictions: Sequence[ArrayLike], subject: ArrayLike, classes: int) -> Counts:
    """Count the predictions of several runs.

    Parameters
    ----------
    y_true : array_like of int, shape (N,)
    predictions : sequence of R array_like of int, shape (N,)
    subject : array_like of str, shape (N,)
    classes : int
    """
    tables = np.stack([by_subject(y_true, given, subject, classes) for given in predictions]).astype(np.float64)
    return Counts(
        hit=np.diagonal(tables, axis1=2, axis2=3), predicted=tables.sum(axis=2), support=tables[0].sum(axis=2)
    )


def score(sample: Counts) -> Float:
    """Return `SCORES`, shape (3,), means over the runs."""
    found = sample.scores(np.ones((1, sample.subjects)))
    return np.array([found[name][0] for name in SCORES])


def swap_test(a: Counts, b: Counts, *, names: Sequence[str] = TESTED, swaps: int = SWAPS, seed: int = _SEED) -> Float:
    """Return two-sided p-values, one per score of `names`, for `a` and `b` being equal.

    Parameters
    ----------
    a, b : Counts
        Of the same clips; run i of `a` is matched with run i of `b`, and all runs of a subject are swapped together.
    names : sequence of str
        Of `TESTED`.
    swaps : int
        All 2^S are taken where they are not more.
    seed : int

    Returns
    -------
    ndarray
        NaN with a single subject: swapping it shows nothing.
    """
    from scipy.stats import permutation_test

    if a.subjects < 2:
        return np.full(len(names), np.nan)
    runs, classes = len(a.hit), a.hit.shape[2]
    both = [np.concatenate([s.hit, s.predicted], axis=2).transpose(1, 0, 2).reshape(a.subjects, -1) for s in (a, b)]
    moved, total = both[1] - both[0], both[0].sum(axis=0) + both[1].sum(axis=0)
    support = a.support.sum(axis=0)

    def side(sums: Float, name: str) -> Float:
        split = sums.reshape(*sums.shape[:-1], runs, 2, classes)
        found = of_counts(split[..., 0, :], np.broadcast_to(support, split[..., 0, :].shape), split[..., 1, :], (name,))
        return np.asarray(found[name].mean(axis=-1))

    def p_value(name: str) -> float:
        def difference(swapped: Float, _rest: Float, axis: int) -> Float:
            first = both[0].sum(axis=0) + swapped @ moved
            return side(first, name) - side(total - first, name)

        found = permutation_test(
            (np.zeros(a.subjects), np.ones(a.subjects)),
            difference,
            permutation_type="samples",
            n_resamples=swaps,
            batch=max(1, _BATCH // moved.shape[1]),
            vectorized=True,
            rng=np.random.default_rng(seed),
        )
        return float(found.pvalue)

    return np.array([p_value(name) for name in names])


def intervals(sample: Counts) -> Float:
    """Return the 95 % intervals over subjects of the mean scores, shape (3, 2): low and high of each."""
    if sample.subjects < 2:
        return np.full((len(SCORES), 2), np.nan)
    involved = sample.support + sample.predicted.sum(axis=0) > 0
    counted = {"f1": involved.sum(axis=0), "recall": (sample.support > 0).sum(axis=0)}
    limits = t_intervals(sample.scores, sample.subjects, counted)
    return np.array([limits[name] for name in SCORES])


def difference_intervals(a: Counts, b: Counts) -> Float:
    """Return the 95 % intervals of the scores of `a` minus those of `b`, shape (3, 2)."""
    if a.subjects < 2:
        return np.full((len(SCORES), 2), np.nan)

    def differences(weights: Float) -> Mapping[str, Float]:
        first, second = a.scores(weights), b.scores(weights)
        return {name: first[name] - second[name] for name in SCORES}

    whole, pull = differences(np.ones((1, a.subjects))), influence(differences, a.subjects)
    return np.array([t_limits(whole[name][0], pull[name]) for name in SCORES])
