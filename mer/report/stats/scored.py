"""The scores of all cells of a section, with the best and those that are not significantly different from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.report.stats.paired import not_different
from mer.report.stats.resampling import SCORES, TESTED, intervals, score
from mer.report.stats.sections import Cell, Section

__all__ = ["Scored", "scored"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Scores of n cells.

    Attributes
    ----------
    section : Section
    value : ndarray, shape (n, 3)
        UF1, UAR, accuracy; means over the seeds.
    interval : ndarray, shape (n, 3, 2)
        Of a cell with one seed as the run itself wrote them, else of the mean over the seeds; NaN for one subject.
    leading : tuple of int
        The best cell by UF1, and by UAR, among those that are not optimistic.
    tied : tuple of frozenset of int
        The cells not significantly different from it, for UF1 and for UAR.
    """

    section: Section
    value: Float
    interval: Float
    leading: tuple[int, ...]
    tied: tuple[frozenset[int], ...]

    @property
    def best(self) -> int:
        """The best cell by UF1."""
        return self.leading[0]


def scored(section: Section) -> Scored:
    """Score the cells of a section and mark the best."""
    value = np.stack([score(section.of(cell)) for cell in section.cells])
    honest = [k for k, cell in enumerate(section.cells) if not cell.optimistic] or list(range(len(value)))
    leading, tied = [], []
    for which, name in enumerate(TESTED):
        best = max(honest, key=lambda k: value[k, which])
        same = not_different(section, section.cells[best], name)
        leading.append(best)
        tied.append(frozenset(k for k, cell in enumerate(section.cells) if cell in same))
    return Scored(
        section=section,
        value=value,
        interval=np.stack([_interval(section, cell) for cell in section.cells]),
        leading=tuple(leading),
        tied=tuple(tied),
    )


def _interval(section: Section, cell: Cell) -> Float:
    if section.counts.subjects < 2:
        return np.full((len(SCORES), 2), np.nan)
    if len(cell.runs) > 1:
        return intervals(section.of(cell))
    summary = cell.runs[0].summary
    return np.array([[summary[name]["low"], summary[name]["high"]] for name in SCORES], dtype=np.float64)
