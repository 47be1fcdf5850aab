"""The tables of the report of a spotting study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mer.errors import counted
from mer.report.render.document import Column, Item, Row, Table, word
from mer.report.stats.paired import holm
from mer.report.tables.items import digits_for, number, p_value, scored_item, signed
from mer.spotting.cells import Cell, Part
from mer.spotting.score import TOGETHER, Difference, counts_by_subject, f1_difference, summary
from mer.types import KINDS

__all__ = [
    "Scored",
    "baseline_table",
    "effects_table",
    "flat_rows",
    "main_table",
    "scored",
    "short_table",
]

_KINDS = (*KINDS, TOGETHER)
_STRS = (
    "STRS: F1 of spotting micro-expressions times UF1 of recognising the hits; runs of task=spot have none. It comes "
    "from one set of predictions per run and has no interval."
)
_Counts = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A part with the counts and the scores of its cells, and the decimals of scores that were asked for (or None)."""

    part: Part
    digits: int | None
    counts: tuple[_Counts, ...]
    scores: tuple[Mapping[str, Mapping[str, object]], ...]

    @property
    def ranking(self) -> list[int]:
        """The cells by F1 together, best first."""
        f1 = [self.f1(k, TOGETHER)[0] for k in range(len(self.scores))]
        return sorted(range(len(f1)), key=lambda k: -f1[k] if math.isfinite(f1[k]) else 0.0)

    def f1(self, k: int, kind: str) -> tuple[float, float, float]:
        """Return F1 of a cell with its interval."""
        found = self.scores[k][kind]["f1"]
        assert isinstance(found, dict)
        return found["value"], found["low"], found["high"]


def scored(part: Part, digits: int | None) -> Scored:
    """Count and score the cells of a part."""
    return Scored(
        part=part,
        digits=digits,
        counts=tuple(counts_by_subject(cell.videos, cell.iou) for cell in part.cells),
        scores=tuple(summary(cell.videos, cell.iou) for cell in part.cells),
    )


def short_table(at: int, one: Scored, best: int, baseline: int) -> Table:
    """Return the table In short."""
    part, cell = one.part, one.part.cells[0]
    subjects, true = {video.subject for video in cell.videos}, one.counts[0][TOGETHER][:, 0].sum()
    digits = digits_for([one.f1(best, TOGETHER)[1:]], one.digits)
    videos, people = counted(len(cell.videos), "video"), counted(len(subjects), "subject")
    size = f"{videos} of {people}, {counted(int(true), 'interval')}"
    rows = [
        ("data", word(f"{cell.dataset}: {size}")),
        ("cells", word(len(part.cells))),
        ("best cell", word(part.name(part.cells[best]))),
        ("F1 together, best cell", scored_item(one.f1(best, TOGETHER)[0], one.f1(best, TOGETHER)[1:], digits)),
        ("baseline", word(part.name(part.cells[baseline]))),
    ]
    return Table(
        key=f"{at}-short",
        caption="In short.",
        columns=(Column(head="", numeric=False), Column(head="", numeric=False)),
        rows=tuple(Row(name=name, items=(word(name), item)) for name, item in rows),
    )


def main_table(at: int, one: Scored, best: int) -> Table:
    """Return F1 of every cell, best first."""
    part, places = one.part, range(len(one.part.cells))
    digits = {kind: digits_for([one.f1(k, kind)[1:] for k in places], one.digits) for kind in _KINDS}
    rows = []
    for k in one.ranking:
        cell = part.cells[k]
        marks = {kind: "best" if k == best and kind == TOGETHER else "" for kind in _KINDS}
        f1 = [scored_item(one.f1(k, kind)[0], one.f1(k, kind)[1:], digits[kind], marks[kind]) for kind in _KINDS]
        levels = [word(level) for level in part.levels(cell).values()] or [word(part.name(cell))]
        rows.append(Row(name=part.name(cell), items=(*levels, *f1, _alarms(one, k), *_recognised(one, cell))))
    heads = [*(part.factors or ["run"])]
    return Table(
        key=f"{at}-main",
        caption=f"F1 at an intersection over union of {part.cells[0].iou:g} or more; 95 % intervals over subjects.",
        columns=(
            *(Column(head=head, numeric=False) for head in heads),
            *(Column(head=f"F1 {kind}") for kind in _KINDS),
            Column(head="false alarms per minute"),
            *(Column(head=head) for head in (("UF1 of the hits", "STRS") if _recognises(part) else ())),
        ),
        rows=tuple(rows),
        notes=(
            "Bold: best. Thresholds are fitted on the other subjects, unless task.heights=[] was set.",
            *((_STRS,) if _recognises(part) else ()),
        ),
    )


def _recognises(part: Part) -> bool:
    return any(cell.recognition for cell in part.cells)


def _recognised(one: Scored, cell: Cell) -> list[Item]:
    """Return UF1 of the hits and STRS, in a part in which any run recognises."""
    if not _recognises(one.part):
        return []
    values = (cell.recognition.get(name, math.nan) for name in ("uf1", "strs"))
    return [number(value, digits_for([], one.digits)) for value in values]


def _alarms(one: Scored, k: int) -> Item:
    value = one.scores[k][TOGETHER]["false_alarms_per_minute"]
    return number(value, 2) if isinstance(value, float) else Item(text="–")


def effects_table(at: int, one: Scored) -> Table:
    """Compare the mean F1 of all cells with one level and with another."""
    named: list[tuple[str, tuple[str, str]]] = []
    differences: list[dict[str, Difference]] = []
    for factor, levels in one.part.factors.items():
        cells = {level: [k for k, cell in enumerate(one.part.cells) if cell.level(factor) == level] for level in levels}
        for a, b in combinations(levels, 2):
            named.append((factor, (a, b)))
            differences.append(
                {k: f1_difference([one.counts[i][k] for i in cells[b]], [one.counts[i][k] for i in cells[a]])
                 for k in _KINDS}
            )  # fmt: skip
    heads = [(word(factor), word(f"{b} minus {a}")) for factor, (a, b) in named]
    names = [f"{factor}: {b} minus {a}" for factor, (a, b) in named]
    caption = "Mean F1 of the cells of one level minus that of another."
    return _differences(f"{at}-factors", caption, ("factor", "levels"), names, heads, differences, one.digits)


def baseline_table(at: int, one: Scored, baseline: int) -> Table:
    """Compare every cell with the baseline."""
    others = [k for k in range(len(one.part.cells)) if k != baseline]
    differences = [
        {kind: f1_difference([one.counts[k][kind]], [one.counts[baseline][kind]]) for kind in _KINDS} for k in others
    ]
    names = [one.part.name(one.part.cells[k]) for k in others]
    caption = f"F1 of every cell minus that of the baseline, {one.part.name(one.part.cells[baseline])}."
    words = [(word(name),) for name in names]
    return _differences(f"{at}-baseline", caption, ("cell",), names, words, differences, one.digits)


def _differences(
    key: str,
    caption: str,
    heads: Sequence[str],
    names: Sequence[str],
    words: Sequence[tuple[Item, ...]],
    differences: Sequence[Mapping[str, Difference]],
    chosen: int | None,
) -> Table:
    corrected = {kind: holm([row[kind].p for row in differences]) for kind in _KINDS}
    digits = {kind: digits_for([(row[kind].low, row[kind].high) for row in differences], chosen) for kind in _KINDS}
    rows = []
    for at, (name, first, row) in enumerate(zip(names, words, differences, strict=True)):
        items = [
            item
            for kind in _KINDS
            for item in (
                signed(row[kind].value, (row[kind].low, row[kind].high), digits[kind]),
                p_value(float(corrected[kind][at])),
            )
        ]
        rows.append(Row(name=name, items=(*first, *items)))
    columns = [Column(head=head) for kind in _KINDS for head in (f"ΔF1 {kind}", "p Holm")]
    return Table(
        key=key,
        caption=caption,
        columns=(*(Column(head=head, numeric=False) for head in heads), *columns),
        rows=tuple(rows),
        notes=("Student's t over subjects, paired; Holm over all rows of this table, for each score.",),
    )


def flat_rows(at: int, one: Scored) -> list[dict[str, object]]:
    """Return one flat row per run."""
    rows: list[dict[str, object]] = []
    for k, cell in enumerate(one.part.cells):
        scores = {
            f"f1_{kind}{end}": value if math.isfinite(value) else None
            for kind in _KINDS
            for end, value in zip(("", "_low", "_high"), one.f1(k, kind), strict=True)
        }
        rows.append({"part": at, **one.part.levels(cell), **scores, "run": cell.run_id})
    return rows
