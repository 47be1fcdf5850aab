"""Tests between cells on the same clips, corrected over a family that the study's design fixes before any result."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mer.report.common_clips import names_clips
from mer.report.stats.resampling import TESTED, difference_intervals, score, swap_test
from mer.report.stats.sections import Cell, Section

__all__ = [
    "ALPHA",
    "MCNEMAR_REJECTS",
    "Comparison",
    "Omnibus",
    "against",
    "compare",
    "corrected",
    "holm",
    "mcnemar_caveat",
    "not_different",
    "omnibus",
]

ALPHA = 0.05
# Share of equal methods that McNemar's test over clips calls different at 5 %, by how differently, in log-odds, the
# methods suit subjects: the last column of `mer bench intervals`; a test simulates it again.
MCNEMAR_REJECTS: Mapping[float, float] = MappingProxyType({0.0: 0.020, 0.5: 0.115, 1.0: 0.255})
Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Two cells, or two levels of a factor, on the same clips.

    Attributes
    ----------
    a, b : str
        What is compared; differences are a − b.
    short : str
        A short name of `a`.
    pairs : int
        Matched pairs of runs.
    difference : ndarray, shape (3,)
        UF1, UAR, accuracy.
    interval : ndarray, shape (3, 2)
        95 % interval over subjects.
    p, holm : ndarray, shape (2,)
        Swap test of UF1 and UAR, as it is and corrected over the family.
    wilcoxon, mcnemar : float
        Over the accuracies of subjects, and over clips; NaN where they do not apply.
    """

    a: str
    b: str
    short: str
    pairs: int
    difference: Float
    interval: Float
    p: Float
    holm: Float
    wilcoxon: float
    mcnemar: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Omnibus:
    """Friedman's test over subjects, and Nemenyi's for each pair of cells.

    Attributes
    ----------
    statistic, p : float
    ranks : ndarray, shape (cells,)
        Mean over subjects; 1 is best.
    pairs : ndarray, shape (cells, cells)
        Nemenyi's p-values.
    """

    statistic: float
    p: float
    ranks: Float
    pairs: Float


def compare(section: Section, a: Cell, b: Cell) -> Comparison:
    """Compare two cells; `holm` is NaN until `against` has seen the family."""
    rows = section.matched(a, b)
    first, second = (section.counts.of(side) for side in rows)
    # McNemar's test is over clips: it needs one run per cell, and to know which clip each prediction belongs to.
    single = len(rows[0]) == 1 and all(names_clips(run) for cell in (a, b) for run in cell.runs)
    return Comparison(
        a=a.name,
        b=b.name,
        short=a.short,
        pairs=len(rows[0]),
        difference=score(first) - score(second),
        interval=difference_intervals(first, second),
        p=swap_test(first, second),
        holm=np.full(len(TESTED), np.nan),
        wilcoxon=wilcoxon(first.accuracy, second.accuracy),
        mcnemar=mcnemar(section.right[rows[0][0]], section.right[rows[1][0]]) if single else float("nan"),
    )


def against(section: Section, baseline: Cell) -> list[Comparison]:
    """Compare every other cell with the baseline: one family, corrected by Holm for each score."""
    return corrected([compare(section, cell, baseline) for cell in section.cells if cell is not baseline])


def corrected(family: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons with their p-values corrected over all of them, for each score."""
    if not family:
        return []
    adjusted = np.stack([holm([c.p[which] for c in family]) for which in range(len(TESTED))], axis=1)
    return [replace(comparison, holm=row) for comparison, row in zip(family, adjusted, strict=True)]


def holm(p: Sequence[float]) -> Float:
    """Return Holm's corrected p-values; NaN stays and does not count."""
    from statsmodels.stats.multitest import multipletests

    values = np.asarray(p, dtype=np.float64)
    known = np.isfinite(values)
    if known.any():
        values[known] = multipletests(values[known], method="holm")[1]
    return values


def not_different(section: Section, best: Cell, name: str) -> list[Cell]:
    """Return the cells that do not differ significantly from the best by the swap test, corrected over all cells."""
    others = [cell for cell in section.cells if cell is not best]
    p = []
    for cell in others:
        rows = section.matched(best, cell)
        p.append(swap_test(section.counts.of(rows[0]), section.counts.of(rows[1]), names=(name,))[0])
    return [cell for cell, value in zip(others, holm(p), strict=True) if value > ALPHA]


def wilcoxon(a: Float, b: Float) -> float:
    """Return the p-value of Wilcoxon's signed-rank test over subjects; 1 where none differs, NaN for one subject."""
    from scipy import stats

    if len(a) < 2:
        return float("nan")
    difference = np.round(a - b, 9)  # rounding differences must neither break ties nor make a difference of none
    if not difference.any():
        return 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few subjects: the report says how many there are
        return float(stats.wilcoxon(difference, zero_method="pratt").pvalue)


def mcnemar(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return the p-value of McNemar's exact test over clips, correct in one run and wrong in the other."""
    from statsmodels.stats.contingency_tables import mcnemar as exact

    table = [[int((a & b).sum()), int((a & ~b).sum())], [int((~a & b).sum()), int((~a & ~b).sum())]]
    return float(exact(table, exact=True).pvalue)


def mcnemar_caveat() -> str:
    """Return what a reader of McNemar's p-values should know."""
    (_, alike), *others = sorted(MCNEMAR_REJECTS.items())
    shares = " and ".join(f"{100 * share:.0f} % (s = {suits:g})" for suits, share in others)
    return (
        "It treats the clips of one person as independent: of two equal methods, simulated with 26 subjects, it finds "
        f"a difference at p ≤ {ALPHA} in {100 * alike:.0f} % of the studies if they suit all subjects alike, but "
        f"in {shares} if they suit subjects differently, by s in log-odds."
    )


def omnibus(section: Section) -> Omnibus | None:
    """Return Friedman's and Nemenyi's tests over subjects; None for fewer than three cells or two subjects."""
    import scikit_posthocs
    from scipy import stats

    if len(section.cells) < 3 or section.counts.subjects < 2:
        return None
    accuracy = np.stack([section.of(cell).accuracy for cell in section.cells], axis=1)
    if (accuracy == accuracy[:, :1]).all():
        return None
    friedman = stats.friedmanchisquare(*accuracy.T)
    return Omnibus(
        statistic=float(friedman.statistic),
        p=float(friedman.pvalue),
        ranks=np.asarray(stats.rankdata(-accuracy, axis=1).mean(axis=0)),
        pairs=np.asarray(scikit_posthocs.posthoc_nemenyi_friedman(accuracy)),
    )
