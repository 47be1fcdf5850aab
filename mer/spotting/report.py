"""The report of a spotting study: F1 of every cell, what each factor does, every cell against the baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mer.errors import counted
from mer.report.build import into_folder
from mer.report.figures import style
from mer.report.figures.f1_forest import f1_forest
from mer.report.render.document import Block, Column, Document, Figure, Heading, Item, Row, Table, Text, word
from mer.report.stats.paired import holm
from mer.report.stats.sections import named_cells
from mer.report.study import LeftOut
from mer.report.tables.items import digits_for, number, p_value, scored_item, signed
from mer.spotting.cells import Cell, Part, parts_of
from mer.spotting.score import TOGETHER, Difference, counts_by_subject, f1_difference, summary
from mer.types import KINDS

__all__ = ["report_spotting"]

_KINDS = (*KINDS, TOGETHER)
_METHOD = (
    "A true interval is a hit where a found one of its kind overlaps it with the stated intersection over union; each "
    "counts at most once. F1 comes from the sums over all videos. Intervals and tests are over subjects (Student's t "
    "of the paired influence of each subject on F1), because the intervals of one person are not independent; "
    "p-values are Holm-corrected over the rows of their table, for each score."
)
_STRS = (
    "STRS: F1 of spotting micro-expressions times UF1 of recognising the hits; runs of task=spot have none. It comes "
    "from one set of predictions per run and has no interval."
)
_Counts = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scored:
    """A part with the counts and the scores of its cells, and the decimals of scores that were asked for."""

    part: Part
    digits: int | None
    counts: tuple[_Counts, ...]
    scores: tuple[Mapping[str, Mapping[str, object]], ...]

    def f1(self, k: int, kind: str) -> tuple[float, float, float]:
        found = self.scores[k][kind]["f1"]
        assert isinstance(found, dict)
        return found["value"], found["low"], found["high"]


def report_spotting(
    name: str,
    cells: Sequence[Cell],
    left_out: Sequence[LeftOut],
    folder: Path,
    *,
    baseline: str = "",
    digits: int | None = None,
    words: Mapping[str, str] = MappingProxyType({}),
) -> Document:
    """Write the report of a spotting study into a folder, whole or not at all.

    Parameters
    ----------
    name : str
        Of the study.
    cells : sequence of Cell
    left_out : sequence of LeftOut
    folder : Path
        Gets report.html, report.md, tables.tex, results.csv, cells.csv, report.json and figures/.
    baseline : str
        Levels that name one cell of every part; empty for the cell that was run first.
    digits : int, optional
        Decimals of all scores; by default those that the intervals support.
    words : mapping of str to str
        Words that the LaTeX tables print for names of groups, settings and options, besides those that mer knows.

    Raises
    ------
    ConfigError
        If `baseline` names no cell, or several.
    DataError
        If the folder cannot be written.
    """
    parts = [_scored(part, digits) for part in parts_of(cells)]
    first = [0] * len(parts)
    if baseline:
        levels = [[(one.part.name(cell), one.part.levels(cell)) for cell in one.part.cells] for one in parts]
        first = named_cells(baseline, levels)

    def make(figures: Path) -> Document:
        blocks: list[Block] = []
        for at, (one, base) in enumerate(zip(parts, first, strict=True), start=1):
            cell = one.part.cells[0]
            if len(parts) > 1:
                title = (
                    f"Part {at}: {cell.dataset}, {counted(len(cell.videos), 'video')}, overlap of {cell.iou:g} or more"
                )
                blocks.append(Heading(level=1, text=title))
            blocks += _part(at, one, base, figures)
        blocks += _left_out(left_out)
        return Document(
            title=f"Study {name}",
            blocks=(*blocks, Heading(level=1, text="Scores and statistical tests"), Text(text=_METHOD)),
        )

    return into_folder(folder, make, [row for at, one in enumerate(parts, start=1) for row in _flat(at, one)], words)


def _scored(part: Part, digits: int | None) -> _Scored:
    return _Scored(
        part=part,
        digits=digits,
        counts=tuple(counts_by_subject(cell.videos, cell.iou) for cell in part.cells),
        scores=tuple(summary(cell.videos, cell.iou) for cell in part.cells),
    )


def _part(at: int, one: _Scored, baseline: int, figures: Path) -> list[Block]:
    part = one.part
    best = max(range(len(part.cells)), key=lambda k: _or_0(one.f1(k, TOGETHER)[0]))
    names = [part.name(cell) for cell in part.cells]
    style.save(f1_forest(names, [one.f1(k, TOGETHER) for k in range(len(names))], "F1 together"), figures, f"{at}_f1")
    blocks: list[Block] = [_short(at, one, best, baseline), _main(at, one, best)]
    blocks.append(Figure(stem=f"{at}_f1", caption="F1 of micro- and macro-expressions together, best first."))
    if part.factors:
        blocks += [Heading(level=2, text="Effects of the factors"), _effects(at, one)]
    if len(part.cells) > 1:
        blocks += [Heading(level=2, text="Cells against the baseline"), _against(at, one, baseline)]
    return blocks


def _short(at: int, one: _Scored, best: int, baseline: int) -> Table:
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


def _main(at: int, one: _Scored, best: int) -> Table:
    part, places = one.part, range(len(one.part.cells))
    digits = {kind: digits_for([one.f1(k, kind)[1:] for k in places], one.digits) for kind in _KINDS}
    rows = []
    for k in sorted(places, key=lambda k: -_or_0(one.f1(k, TOGETHER)[0])):
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


def _recognised(one: _Scored, cell: Cell) -> list[Item]:
    """Return UF1 of the hits and STRS, in a part in which any run recognises."""
    if not _recognises(one.part):
        return []
    values = (cell.recognition.get(name, math.nan) for name in ("uf1", "strs"))
    return [number(value, digits_for([], one.digits)) for value in values]


def _alarms(one: _Scored, k: int) -> Item:
    value = one.scores[k][TOGETHER]["false_alarms_per_minute"]
    return number(value, 2) if isinstance(value, float) else Item(text="–")


def _effects(at: int, one: _Scored) -> Table:
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


def _against(at: int, one: _Scored, baseline: int) -> Table:
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


def _left_out(left_out: Sequence[LeftOut]) -> list[Block]:
    if not left_out:
        return []
    table = Table(
        key="left-out",
        caption="Runs that are not in the report.",
        columns=tuple(Column(head=head, numeric=False) for head in ("run", "name", "reason")),
        rows=tuple(
            Row(name=one.run_id, items=(word(one.run_id), word(one.name), word(one.reason))) for one in left_out
        ),
    )
    return [Heading(level=1, text="Runs that are not in this report"), table]


def _flat(at: int, one: _Scored) -> list[dict[str, object]]:
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


def _or_0(value: float) -> float:
    return value if math.isfinite(value) else 0.0
