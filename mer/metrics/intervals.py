"""Intervals over subjects: the clips of a person are not independent, so the subject is the unit that was sampled.

Share of 95 % intervals that contain the true score of a fixed classifier, by `mer bench intervals` (200 simulated
studies each, standard error 0.015; a rare class is shown by 3 of 26 subjects). What another training set would change
is not in them: the whole of a leave-one-subject-out evaluation varies more.

====================  ==========  =====  =====  ========  ==========  ==============
study                 method      UF1    UAR    accuracy  F1, rarest  recall, rarest
====================  ==========  =====  =====  ========  ==========  ==============
26 subjects           t           0.955  0.965  0.955     0.960       0.950
26 subjects           percentile  0.935  0.945  0.935     0.930       0.925
26 subjects           bca         0.935  0.945  0.935     0.935       0.935
10 subjects           t           0.940  0.950  0.935     0.960       0.975
10 subjects           percentile  0.880  0.910  0.885     0.900       0.905
10 subjects           bca         0.885  0.910  0.890     0.890       0.925
26, one rare class    t           0.970  1.000  0.985     0.970       1.000
26, one rare class    percentile  0.910  0.715  0.950     0.895       0.880
26, one rare class    bca         0.905  0.725  0.950     0.925       0.890
====================  ==========  =====  =====  ========  ==========  ==============

References
----------
Efron, Nonparametric estimates of standard error, doi:10.1093/biomet/68.3.589 (infinitesimal jackknife); Zou and Donner,
Construction of confidence limits about effect measures, doi:10.1002/sim.3095 (limits of a mean from those of its
terms); Clopper and Pearson, doi:10.1093/biomet/26.4.404; Efron, Better bootstrap confidence intervals,
doi:10.1080/01621459.1987.10478410 (BCa).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mer.metrics.measures import measures
from mer.types import IntervalMethod, Numbers, Scored

__all__ = [
    "LEVEL",
    "METHODS",
    "Intervals",
    "by_subject",
    "dice_limits",
    "influence",
    "nameless",
    "resample",
    "t_intervals",
    "t_limits",
]

Float = NDArray[np.float64]
Limits = tuple[Float, Float]
Scores = Callable[[Float], Mapping[str, Float]]  # weights of the subjects, shape (B, S) → scores, (B,) or (B, K)

LEVEL = 0.95
METHODS = {  # how evaluation.interval names them → in words
    "t": "t interval over subjects",
    "percentile": "percentile bootstrap over subjects",
    "bca": "BCa bootstrap over subjects",
}
_TAILS = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
_STEP = 1e-4  # of a subject's weight
_STILL = 1e-9  # standard error below which no subject moves a score
_FEW = 5  # subjects that show a class, below which bootstrap intervals are too narrow
_MEANS = {"uf1": "f1", "uar": "recall"}  # score → the scores of the classes that it is the mean of


def by_subject(y_true: ArrayLike, y_pred: ArrayLike, subject: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return one confusion matrix per subject, shape (subjects, classes, classes), subjects sorted by name."""
    names, index = np.unique(subject, return_inverse=True)
    cell = (index * classes + np.asarray(y_true)) * classes + np.asarray(y_pred)
    return np.bincount(cell, minlength=len(names) * classes**2).reshape(len(names), classes, classes)


def nameless(y_true: ArrayLike, y_pred: ArrayLike, subject: ArrayLike, classes: int) -> NDArray[np.intp]:
    """Return a number for each clip's subject, given by what was predicted of it: a name must not steer a draw."""
    tables = by_subject(y_true, y_pred, subject, classes)
    order = np.lexsort(tables.reshape(len(tables), -1).T)
    number = np.argsort(order)
    return np.asarray(number[np.unique(subject, return_inverse=True)[1]])


class Intervals:
    """All scores of the whole set, with their intervals.

    Parameters
    ----------
    per_subject : ndarray, shape (subjects, K, K)
    draws, seed : int
        Of the bootstraps; ``t`` draws nothing.
    method : {"t", "percentile", "bca"}
        See `t_intervals` and `resample`; ``bca`` corrects percentiles for bias and skewness.
    members : ndarray of bool, shape (K, C), optional
        See `mer.metrics.measures`.
    """

    def __init__(
        self,
        per_subject: NDArray[np.int64],
        *,
        draws: int,
        seed: int,
        method: str,
        members: NDArray[np.bool_] | None = None,
    ) -> None:
        tables = per_subject.astype(np.float64)
        subjects, k = tables.shape[:2]

        def scores(weights: Float) -> Mapping[str, Float]:
            return measures((weights @ tables.reshape(subjects, -1)).reshape(-1, k, k), members)

        support, predicted = (tables.sum(axis=axis) @ (np.eye(k) if members is None else members) for axis in (2, 1))
        shown, involved = support > 0, support + predicted > 0
        self.value = measures(tables.sum(axis=0), members)
        self._shown_by, self._method = shown.sum(axis=0), method
        self._limits = t_intervals(scores, subjects, {"f1": involved.sum(axis=0), "recall": self._shown_by})
        if method != "t":
            drawn, pull = measures(resample(tables, draws, seed), members), influence(scores, subjects)
            for name, value in self.value.items():
                low, high = _bca(drawn[name], value, pull[name]) if method == "bca" else _percentile(drawn[name])
                still = np.ptp(drawn[name], axis=0) == 0  # 0 of n or n of n: the exact limits stay
                exact = self._limits[name]
                self._limits[name] = np.where(still, exact[0], low), np.where(still, exact[1], high)
        self._entry: IntervalMethod = {"level": LEVEL, "method": METHODS[method]}
        self._entry |= {} if method == "t" else {"draws": draws, "seed": seed}

    def of(self, name: str, item: int | None = None) -> Scored:
        """Return ``{"value", "low", "high"}`` of a score; `item` is the class for ``f1`` and ``recall``."""
        found = (self.value[name], *self._limits[name])
        value, low, high = (float(part if item is None else part[item]) for part in found)
        return {"value": value, "low": low, "high": high}

    def entry(self, classes: Sequence[str]) -> IntervalMethod:
        """Return how the intervals were made, for metrics.json; `classes` are the names."""
        few = [str(name) for name, n in zip(classes, self._shown_by, strict=True) if n < _FEW]
        if not few or self._method == "t":
            return self._entry
        caution = (
            f"fewer than {_FEW} subjects show {', '.join(few)}: bootstrap intervals of these classes, UF1 "
            "and UAR are too narrow; use evaluation.interval=t"
        )
        return self._entry | {"caution": caution}


def t_intervals(scores: Scores, subjects: int, counted: Mapping[str, Numbers]) -> dict[str, Limits]:
    """Return the limits of all scores by Student's t over the subjects' influence.

    Parameters
    ----------
    scores : callable
        Weights of the subjects, shape (B, S) → scores as `measures` names them, shape (B,) or (B, K).
    subjects : int
    counted : mapping of str to ndarray
        For ``f1`` and ``recall``: how many subjects contribute to each class, shape (K,).

    Notes
    -----
    Limits are on the scale of log-odds, with one degree of freedom less than the number of subjects. If no subject
    changes a score (0 of n, n of n, one subject), the exact limits of a proportion of the subjects are used. UF1 and
    UAR are means over classes; their limits follow from those of the classes, so that a class of two clips keeps its
    uncertainty.
    """
    value = {name: found[0] for name, found in scores(np.ones((1, subjects))).items()}
    pull = influence(scores, subjects)
    limits = {}
    for name in value:
        n = np.asarray(counted.get(name, subjects))
        share = (1 + value[name]) / 2 if name == "mcc" else value[name]
        low, high = _log_odds(share, pull[name] / (2 if name == "mcc" else 1), n, dice=name == "f1")
        limits[name] = (2 * low - 1, 2 * high - 1) if name == "mcc" else (low, high)
    return limits | {mean: _mean(value[of], limits[of], pull[of]) for mean, of in _MEANS.items()}


def influence(scores: Scores, subjects: int) -> dict[str, Float]:
    """Return the derivative of every score by each subject's weight, shape (S,) or (S, K); it keeps every class."""
    whole, nearby = scores(np.ones((1, subjects))), scores(1 - _STEP * np.eye(subjects))
    return {name: (whole[name] - nearby[name]) / _STEP for name in whole}


def t_limits(value: Float, pull: Float) -> Limits:
    """Return the limits of differences between scores, in [-1, 1]; `pull` is their influence, shape (S, ...)."""
    from scipy.special import stdtrit

    n = len(pull)
    reach = stdtrit(n - 1, _TAILS[1]) * np.sqrt((pull**2).sum(axis=0) * n / (n - 1))
    return np.clip(value - reach, -1, 1), np.clip(value + reach, -1, 1)


def dice_limits(value: Float, pull: Float, subjects: Numbers) -> Limits:
    """Return the limits of an F1 score, 2 · hits / (2 · hits + misses + false alarms), as `t_intervals` makes them.

    Parameters
    ----------
    value : ndarray, shape (...)
    pull : ndarray, shape (subjects, ...)
        Its influence: the derivative by each subject's weight.
    subjects : ndarray of int, shape (...)
        How many subjects contribute.
    """
    return _log_odds(value, pull, subjects, dice=True)


def _log_odds(share: Float, pull: Float, subjects: Numbers, *, dice: bool) -> Limits:
    from scipy.special import expit, logit, stdtrit

    error = np.sqrt((pull**2).sum(axis=0) * subjects / np.maximum(subjects - 1, 1))
    known = (error > _STILL) & (share > 0) & (share < 1)
    inner = np.where(known, share, 0.5)
    reach = stdtrit(np.maximum(subjects - 1, 1), _TAILS[1]) * error / (inner * (1 - inner))
    # F1 is no proportion, but hits / (hits + misses + false alarms) is one, and gives it
    exact = _exact(share / (2 - share) if dice else share, subjects)
    low, high = (2 * end / (1 + end) if dice else end for end in exact)
    return np.where(known, expit(logit(inner) - reach), low), np.where(known, expit(logit(inner) + reach), high)


def _exact(share: Float, subjects: Numbers) -> Limits:
    """Return Clopper and Pearson's limits for a share of the subjects."""
    from scipy.special import betaincinv

    hits, misses = share * subjects, (1 - share) * subjects
    low = betaincinv(np.maximum(hits, 1e-300), misses + 1, _TAILS[0])
    high = betaincinv(hits + 1, np.maximum(misses, 1e-300), _TAILS[1])
    return np.where(hits > 0, low, 0.0), np.where(misses > 0, high, 1.0)


def _mean(value: Float, limits: Limits, pull: Float) -> Limits:
    """Return the limits of the mean of K scores from their own limits and the correlation of their influence."""
    size = np.linalg.norm(pull, axis=0)
    unit = pull / np.where(size > _STILL, size, np.inf)
    together = unit.T @ unit
    np.fill_diagonal(together, 1.0)
    low, high = (np.sqrt(max(away @ together @ away, 0.0)) / len(value) for away in np.abs(limits - value))
    return np.maximum(value.mean() - low, 0.0), np.minimum(value.mean() + high, 1.0)


def resample(per_subject: Float, draws: int, seed: int) -> Float:
    """Return the confusion matrices of bootstrap samples of subjects, shape (draws, K, K).

    Our own: SciPy's bootstrap draws no subjects with all their clips through confusion matrices, and keeps no class. A
    sample that lacks a class gets that class's clips of the whole set.
    """
    n, k = len(per_subject), per_subject.shape[-1]
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    drawn = (times @ per_subject.reshape(n, k * k)).reshape(draws, k, k)
    return np.where(drawn.sum(axis=2, keepdims=True) > 0, drawn, per_subject.sum(axis=0))


def _percentile(drawn: Float) -> Limits:
    low, high = np.quantile(drawn, _TAILS, axis=0)
    return low, high


def _bca(drawn: Float, value: Float, pull: Float) -> Limits:
    from scipy.special import ndtr, ndtri

    spread = (pull**2).sum(axis=0) ** 1.5
    skew = np.divide((pull**3).sum(axis=0), 6 * spread, out=np.zeros_like(spread), where=spread > 0)
    below = ((drawn < value).mean(axis=0) + (drawn <= value).mean(axis=0)) / 2
    bias = ndtri(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn)))
    shares = [np.ravel(ndtr(bias + (bias + z) / (1 - skew * (bias + z)))) for z in ndtri(_TAILS)]
    columns = drawn.reshape(len(drawn), -1)
    low, high = (np.array([np.quantile(columns[:, i], q) for i, q in enumerate(share)]) for share in shares)
    return low.reshape(value.shape), high.reshape(value.shape)
