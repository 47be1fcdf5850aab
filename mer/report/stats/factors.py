"""What a factor does, averaged over the cells that differ in nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from mer.report.stats.paired import Comparison, corrected
from mer.report.stats.resampling import TESTED, difference_intervals, intervals, score, swap_test
from mer.report.stats.sections import Cell, Factor, Section

__all__ = ["LevelMean", "between_levels", "level_means"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelMean:
    """The mean of the cells with one level.

    Attributes
    ----------
    factor : Factor
    level : str
    cells : int
        How many the mean is of.
    value : ndarray, shape (3,)
        UF1, UAR, accuracy.
    interval : ndarray, shape (3, 2)
        95 % interval over subjects.
    """

    factor: Factor
    level: str
    cells: int
    value: Float
    interval: Float


def level_means(section: Section, factor: Factor) -> list[LevelMean]:
    """Return the marginal means of a factor.

    Where a cell failed, all cells of its block are left out of the means, so that every level is averaged over the same
    other settings; where no block is whole, the means are of all cells there are.
    """
    blocks = _blocks(section, factor)
    whole = [block for block in blocks if set(block) == set(factor.levels)] or blocks
    means = []
    for level in factor.levels:
        cells = [cell for block in whole for cell in block.get(level, [])]
        if cells:
            sample = section.counts.of([row for cell in cells for row in cell.rows])
            means.append(
                LevelMean(factor=factor, level=level, cells=len(cells), value=score(sample), interval=intervals(sample))
            )
    return means


def between_levels(section: Section) -> list[Comparison]:
    """Compare all pairs of levels of all factors: one family, corrected by Holm for each score."""
    found = [_compare(section, factor, a, b) for factor in section.factors for a, b in combinations(factor.levels, 2)]
    return corrected([comparison for comparison in found if comparison is not None])


def _compare(section: Section, factor: Factor, a: str, b: str) -> Comparison | None:
    rows: tuple[list[int], list[int]] = ([], [])
    for block in _blocks(section, factor):
        for cells in product(block.get(a, []), block.get(b, [])):
            for side, more in zip(rows, section.matched(*cells), strict=True):
                side.extend(more)
    if not rows[0]:
        return None
    first, second = (section.counts.of(side) for side in rows)
    return Comparison(
        a=f"{factor.key}={a}",
        b=f"{factor.key}={b}",
        short=a,
        pairs=len(rows[0]),
        difference=score(first) - score(second),
        interval=difference_intervals(first, second),
        p=swap_test(first, second),
        holm=np.full(len(TESTED), np.nan),
        wilcoxon=float("nan"),
        mcnemar=float("nan"),
    )


def _blocks(section: Section, factor: Factor) -> list[dict[str, list[Cell]]]:
    """Return the cells by level, for every combination of the other factors.

    Settings that belong to the factor's own options (``flow.window`` to ``flow``) do not split a block: the cells that
    differ in them represent their option together.
    """
    others = [f.key for f in section.factors if f is not factor and not f.key.startswith(f"{factor.key}.")]
    blocks: dict[Sequence[str], dict[str, list[Cell]]] = {}
    for cell in section.cells:
        rest = tuple(cell.levels[key] for key in others)
        blocks.setdefault(rest, {}).setdefault(cell.levels[factor.key], []).append(cell)
    return list(blocks.values())
