"""Tests and intervals that treat the subject, not the clip, as what was drawn at random.

Clips of one person are not independent. The primary test therefore swaps the two methods' predictions of whole
subjects: if the methods are equal, who predicted a subject's clips is arbitrary. Resampling itself is SciPy's.

Measured on 200 simulated studies each (26 subjects of 2 to 21 clips and differing difficulty, three classes; a factor
worth 0.6 in log-odds, an idle factor of three levels; 1,999 swaps; s is how differently, in log-odds, methods suit
subjects), share of p <= 0.05:

==========================  =======  =======  =======
what                        s = 0    s = 0.5  s = 1
==========================  =======  =======  =======
idle factor, uncorrected    0.038    0.037    0.037
idle factor, Holm, any      0.015    0.035    0.020
true effect, uncorrected    1.000    0.960    0.770
true effect, Holm           0.990    0.905    0.525
equal cells, swap test      0.045    0.045    0.025
equal cells, Wilcoxon       0.045    0.045    0.028
equal cells, McNemar        0.033    0.100    0.217
==========================  =======  =======  =======

References
----------
Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 2005, doi:10.1007/b138696 (paired exchange);
Efron and Tibshirani, An Introduction to the Bootstrap, 1993, doi:10.1201/9780429246593 (percentile interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "DRAWS",
    "LEVEL",
    "SCORES",
    "SWAPS",
    "TESTED",
    "Counts",
    "counts",
    "difference_intervals",
    "intervals",
    "score",
    "swap_test",
]

Float = NDArray[np.float64]

SCORES = ("uf1", "uar", "accuracy")
TESTED = SCORES[:2]
SWAPS = 9_999  # with the observed one, p cannot be smaller than 1/10,000; all swaps are taken where there are fewer
DRAWS = 9_999
LEVEL = 0.95
_SEED = 0
_BATCH = 2_000_000  # numbers held at once


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """What UF1 and UAR need of R runs on the same clips, a subject at a time.

    Attributes
    ----------
    hit, predicted : ndarray of float64, shape (R, S, K)
        Right predictions, and all predictions, of each class.
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
        """Share of right clips of each subject, mean over the runs, shape (S,)."""
        return np.asarray(self.hit.sum(axis=2).mean(axis=0) / self.support.sum(axis=1))

    def of(self, runs: Sequence[int]) -> Counts:
        """Return the counts of some of the runs."""
        chosen = list(runs)
        return Counts(hit=self.hit[chosen], predicted=self.predicted[chosen], support=self.support)


def counts(y_true: ArrayLike, predictions: Sequence[ArrayLike], subject: ArrayLike, classes: int) -> Counts:
    """Count the predictions of several runs.

    Parameters
    ----------
    y_true : array_like of int, shape (N,)
    predictions : sequence of R array_like of int, shape (N,)
    subject : array_like of str, shape (N,)
    classes : int
    """
    truth, names = np.asarray(y_true), np.unique(np.asarray(subject), return_inverse=True)
    of_subject, n = names[1], len(names[0])

    def table(label: NDArray[Any], weight: NDArray[Any] | None = None) -> Float:
        flat = np.bincount(of_subject * classes + label, weights=weight, minlength=n * classes)
        return flat.reshape(n, classes).astype(np.float64)

    given = [np.asarray(p) for p in predictions]
    return Counts(
        hit=np.stack([table(truth, p == truth) for p in given]),
        predicted=np.stack([table(p) for p in given]),
        support=table(truth),
    )


def _uf1(support: Float, predicted: Float, hit: Float) -> Float:
    f1 = 2 * hit / np.where(support > 0, support + predicted, 1)
    return np.asarray((f1 * (support > 0)).sum(axis=-1) / (support > 0).sum(axis=-1))


def _uar(support: Float, _predicted: Float, hit: Float) -> Float:
    return np.asarray((hit / np.where(support > 0, support, 1)).sum(axis=-1) / (support > 0).sum(axis=-1))


def _accuracy(support: Float, _predicted: Float, hit: Float) -> Float:
    return np.asarray(hit.sum(axis=-1) / support.sum(axis=-1))


_OF_COUNTS = {"uf1": _uf1, "uar": _uar, "accuracy": _accuracy}


def pooled(support: Float, predicted: Float, hit: Float) -> Float:
    """Return the scores, shape (..., 3), of counts (..., K), as `mer.metrics.measures` defines them."""
    each = [_OF_COUNTS[name](support, predicted, hit) for name in SCORES]
    return np.stack(np.broadcast_arrays(*each), axis=-1)


def score(sample: Counts) -> Float:
    """Return the scores, shape (3,), means over the runs."""
    each = pooled(sample.support.sum(axis=0), sample.predicted.sum(axis=1), sample.hit.sum(axis=1))
    return np.asarray(each.mean(axis=0))


def swap_test(a: Counts, b: Counts, *, names: Sequence[str] = TESTED, swaps: int = SWAPS, seed: int = _SEED) -> Float:
    """Return two-sided p-values, one a score of `names`, for `a` and `b` being equal.

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
        return np.asarray(_OF_COUNTS[name](support, split[..., 1, :], split[..., 0, :]).mean(axis=-1))

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


def intervals(sample: Counts, *, draws: int = DRAWS, seed: int = _SEED) -> Float:
    """Return the bootstrap intervals over subjects of the mean scores, shape (3, 2): low and high of each."""
    return _bootstrap(sample, lambda times: _resampled(sample, times), draws, seed)


def difference_intervals(a: Counts, b: Counts, *, draws: int = DRAWS, seed: int = _SEED) -> Float:
    """Return the bootstrap intervals of the scores of `a` less those of `b`, shape (3, 2), on the same draws."""
    return _bootstrap(a, lambda times: _resampled(a, times) - _resampled(b, times), draws, seed)


def _bootstrap(sample: Counts, statistic: Any, draws: int, seed: int) -> Float:
    from scipy.stats import bootstrap

    n = sample.subjects
    if n < 2:
        return np.full((len(SCORES), 2), np.nan)

    def of_draw(drawn: NDArray[Any], axis: int) -> Float:
        index = np.atleast_2d(np.asarray(drawn, dtype=np.int64))
        flat = (index + n * np.arange(len(index))[:, None]).ravel()
        times = np.bincount(flat, minlength=n * len(index)).reshape(len(index), n).astype(np.float64)
        value = np.moveaxis(statistic(times), -1, 0)
        return value if np.ndim(drawn) > 1 else value[..., 0]

    found = bootstrap(
        (np.arange(n),),
        of_draw,
        n_resamples=draws,
        batch=max(1, _BATCH // (sample.hit.shape[0] * sample.hit.shape[2])),
        vectorized=True,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return np.stack([found.confidence_interval.low, found.confidence_interval.high], axis=-1)


def _resampled(sample: Counts, times: Float) -> Float:
    """Return the scores, shape (B, 3), where subject s counts times[b, s] times; a class not drawn does not enter."""
    support = times @ sample.support
    hit, predicted = (np.einsum("bs,rsk->brk", times, part, optimize=True) for part in (sample.hit, sample.predicted))
    return np.asarray(pooled(support[:, None], predicted, hit).mean(axis=1))
