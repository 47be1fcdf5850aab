"""`mer bench intervals`: how often 95 % intervals hold the true score, and how often tests of equal methods reject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.bench._made_up import numbers
from mer.metrics.intervals import LEVEL, METHODS, Intervals
from mer.metrics.measures import measures
from mer.report.stats.paired import ALPHA, mcnemar, wilcoxon
from mer.report.stats.resampling import Counts, counts, difference_intervals, swap_test

__all__ = ["run"]

Float = NDArray[np.float64]
Limits = Callable[[str, int | None], tuple[float, float]]

HELP = {"repeats": 200, "draws": 1000, "swaps": 499, "seed": 0}
BALANCED, RARE = (0.5, 0.3, 0.2), (0.6, 0.38, 0.02)
SITUATIONS = {  # subjects, shares of the classes, log-odds of a correct prediction per class
    "26 subjects": (26, BALANCED, (1.0, 0.5, 0.5)),
    "68 subjects": (68, BALANCED, (1.0, 0.5, 0.5)),
    "10 subjects": (10, BALANCED, (1.0, 0.5, 0.5)),
    "26, good classifier": (26, BALANCED, (3.0, 2.5, 2.5)),
    "26, one rare class": (26, RARE, (1.0, 0.5, 0.5)),
    "26, seven classes": (26, (0.25, 0.2, 0.15, 0.15, 0.12, 0.1, 0.03), (0.5, 0.5, 0.3, 0.3, 0.0, 0.0, 0.0)),
}
SHOWN: tuple[tuple[str, str, bool], ...] = (  # head, score, whether of the rarest class, which is the last
    ("UF1", "uf1", False),
    ("UAR", "uar", False),
    ("accuracy", "accuracy", False),
    ("F1, rarest class", "f1", True),
    ("recall, rarest class", "recall", True),
)
PEOPLE = 20_000  # subjects whose pooled scores serve as the truth
CLIPS = (2, 21)  # per subject
HARD = 0.7  # standard deviation, in log-odds, of how hard subjects are
HABIT = 6.0  # concentration of the subjects' class shares around those of all
SUITS = (0.0, 0.5, 1.0)  # how differently, in log-odds, equal methods suit subjects


def run(arguments: Sequence[str]) -> None:
    """Print two tables; `arguments` such as ``repeats=1000`` change the simulation.

    Raises
    ------
    ConfigError
        For an argument that does not exist.
    """
    asked = numbers(arguments, HELP)
    print(f"Share of {LEVEL:.0%} intervals that contain the true score (mean width), {asked}")
    print(f"Classifier fixed; {CLIPS[0]} to {CLIPS[1]} clips per subject, who differ by {HARD} in log-odds\n")
    print(f"| subjects | interval | {' | '.join(head for head, _, _ in SHOWN)} |\n|---|---|{'---|' * len(SHOWN)}")
    for name, situation in SITUATIONS.items():
        for method, row in _coverage(*situation, asked).items():
            print(f"| {name} | {method} | {' | '.join(row)} |", flush=True)
    print(
        "\nDifference of two methods, 26 subjects: share of intervals that hold it, share of tests with p <= 0.05 for"
    )
    print("equal methods; s is how differently, in log-odds, the methods suit subjects\n")
    print("| s | interval of ΔUF1 | interval of ΔUAR | swap test | Wilcoxon | McNemar |\n|---|---|---|---|---|---|")
    for suits in SUITS:
        print(f"| {suits} | {' | '.join(f'{share:.3f}' for share in _tests(suits, asked))} |", flush=True)


def _coverage(subjects: int, shares: Sequence[float], skill: Sequence[float], asked: dict[str, int]) -> dict[str, Any]:
    rng = np.random.default_rng(asked["seed"])
    truth = measures(people(rng, PEOPLE, shares, skill).sum(axis=0))
    held: dict[str, list[list[float]]] = {}
    for _ in range(asked["repeats"]):
        tables = people(rng, subjects, shares, skill)
        while not tables.sum(axis=(0, 2)).all():
            tables = people(rng, subjects, shares, skill)
        for method, limits in _methods(tables, rng, asked["draws"]).items():
            for head, name, rarest in SHOWN:
                low, high = limits(name, -1 if rarest else None)
                true = truth[name][-1] if rarest else truth[name]
                held.setdefault(method, []).append([head, low <= true <= high, high - low])  # type: ignore[list-item]
    shown = {}
    for method, found in held.items():
        means = [np.mean([row[1:] for row in found if row[0] == head], axis=0) for head, _, _ in SHOWN]
        shown[method] = [f"{share:.3f} ({width:.2f})" for share, width in means]
    return shown


def _methods(tables: NDArray[np.int64], rng: np.random.Generator, draws: int) -> dict[str, Limits]:
    """Return the methods of mer, and two of the literature that they were chosen from."""
    seed = int(rng.integers(2**31))
    found: dict[str, Limits] = {}
    for method in METHODS:
        of = Intervals(tables, draws=draws, seed=seed, method=method).of
        found[method] = lambda name, item, of=of: (of(name, item)["low"], of(name, item)["high"])  # type: ignore[misc]
    others = {
        "Bayesian bootstrap": _bayesian(tables, rng, draws),
        "per-class bootstrap": _per_class(tables, rng, draws),
    }
    for method, matrices in others.items():
        drawn = measures(matrices)
        found[method] = lambda name, item, drawn=drawn: _ends(drawn[name], item)  # type: ignore[misc]
    return found | {"studentised bootstrap": _studentised(tables, rng, draws)}


def _ends(drawn: Float, item: int | None) -> tuple[float, float]:
    low, high = np.quantile(drawn if item is None else drawn[:, item], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _bayesian(tables: NDArray[np.int64], rng: np.random.Generator, draws: int) -> Float:
    """Draw weights from a Dirichlet distribution: every subject, and so every class, is in every draw."""
    weights = rng.dirichlet(np.ones(len(tables)), draws)
    return np.einsum("bs,sjk->bjk", weights, tables)


def _per_class(tables: NDArray[np.int64], rng: np.random.Generator, draws: int) -> Float:
    """Draw, for each class, only from the subjects who show it."""
    rows = []
    for k in range(tables.shape[1]):
        showing = tables[tables[:, k].sum(axis=1) > 0, k]
        rows.append(rng.multinomial(len(showing), np.full(len(showing), 1 / len(showing)), draws) @ showing)
    return np.stack(rows, axis=1).astype(np.float64)


def _studentised(tables: NDArray[np.int64], rng: np.random.Generator, draws: int) -> Limits:
    """Return the bootstrap-t on log-odds, with the standard error of each draw from the influence of the subjects."""
    n = len(tables)
    times = rng.multinomial(n, np.full(n, 1 / n), draws).astype(np.float64)
    whole, drawn = measures(tables.sum(axis=0)), measures(np.einsum("bs,sjk->bjk", times, tables))
    errors, error = _errors(tables, times), _errors(tables, np.ones((1, n)))

    def limits(name: str, item: int | None) -> tuple[float, float]:
        value, one, se, se0 = (
            found[name] if item is None else found[name][..., item] for found in (whole, drawn, errors, error)
        )
        with np.errstate(all="ignore"):
            t = (_odds(one) - _odds(value)) * one * (1 - one) / se
            reach = (
                np.quantile(t[np.isfinite(t)], [(1 + LEVEL) / 2, (1 - LEVEL) / 2]) if np.isfinite(t).any() else [0, 0]
            )
            ends = 1 / (1 + np.exp(-(_odds(value) - np.asarray(reach) * se0[0] / (value * (1 - value)))))
        return (float(ends[0]), float(ends[1])) if np.isfinite(ends).all() else (float(value), float(value))

    return limits


def _odds(share: Float) -> Float:
    return np.asarray(np.log(share / (1 - share)))


def _errors(tables: NDArray[np.int64], times: Float) -> dict[str, Float]:
    step = 1e-4
    pooled = np.einsum("bs,sjk->bjk", times, tables)
    whole = measures(pooled)
    variance = {name: np.zeros_like(values) for name, values in whole.items()}
    for subject, table in enumerate(tables):
        nearby = measures(pooled - step * np.minimum(times[:, subject], 1)[:, None, None] * table)
        for name in variance:
            weight = times[:, subject].reshape(-1, *[1] * (whole[name].ndim - 1))
            variance[name] += weight * ((whole[name] - nearby[name]) / step) ** 2
    return {name: np.sqrt(values) for name, values in variance.items()}


def people(rng: np.random.Generator, n: int, shares: Sequence[float], skill: Sequence[float]) -> NDArray[np.int64]:
    """Return the confusion matrices of n subjects who differ in clips, habits and difficulty, shape (n, K, K)."""
    share, k = np.asarray(shares), len(shares)
    clips = rng.integers(CLIPS[0], CLIPS[1] + 1, n)
    habit = np.maximum(rng.gamma(share * HABIT, size=(n, k)), 1e-300)
    shown = rng.multinomial(clips, habit / habit.sum(axis=1, keepdims=True))
    right = 1 / (1 + np.exp(-(np.asarray(skill) + rng.normal(0, HARD, n)[:, None])))
    wrong = np.tile(share + 0.1, (k, 1))
    np.fill_diagonal(wrong, 0)
    chance = (1 - right)[..., None] * (wrong / wrong.sum(axis=1, keepdims=True))
    chance[:, range(k), range(k)] = right
    return rng.multinomial(shown, chance)


def _tests(suits: float, asked: dict[str, int]) -> Float:
    rng = np.random.default_rng(asked["seed"] + 1)
    rows = []
    for repeat in range(asked["repeats"]):
        a, b, right = pair(rng, suits)
        difference = difference_intervals(a, b)
        held = [float(low <= 0 <= high) for low, high in difference[:2]]
        p = [
            swap_test(a, b, names=("uf1",), swaps=asked["swaps"], seed=repeat)[0],
            wilcoxon(a.accuracy, b.accuracy),
            mcnemar(*right),
        ]
        rows.append([*held, *(value <= ALPHA for value in p)])
    return np.mean(np.asarray(rows, dtype=np.float64), axis=0)


def pair(rng: np.random.Generator, suits: float) -> tuple[Counts, Counts, list[NDArray[np.bool_]]]:
    """Return two methods that are equally good on the same clips, and which clips each gets right."""
    sizes = rng.integers(CLIPS[0], CLIPS[1] + 1, 26)
    subject = np.repeat(np.arange(26), sizes)
    truth = rng.permutation(np.concatenate([np.arange(3), rng.integers(0, 3, len(subject) - 3)]))
    hard = rng.normal(0, 1, 26)
    predicted = []
    for _ in range(2):
        odds = 0.5 + (hard + suits * rng.normal(size=26))[subject]
        right = rng.random(len(subject)) < 1 / (1 + np.exp(-odds))
        predicted.append(np.where(right, truth, (truth + rng.integers(1, 3, len(subject))) % 3))
    both = counts(truth, predicted, subject, 3)
    return both.of([0]), both.of([1]), [given == truth for given in predicted]
