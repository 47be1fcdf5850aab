"""The report of a spotting study: F1 of every cell, what each factor does, every cell against the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from mer.errors import counted
from mer.report.build import into_folder
from mer.report.figures import style
from mer.report.figures.f1_forest import f1_forest
from mer.report.render.document import Block, Column, Document, Figure, Heading, Row, Table, Text, word
from mer.report.stats.sections import named_cells
from mer.report.study import LeftOut
from mer.spotting.cells import Cell, parts_of
from mer.spotting.report_classes import classes_table
from mer.spotting.report_tables import (
    Scored,
    baseline_table,
    effects_table,
    flat_rows,
    main_table,
    scored,
    short_table,
)
from mer.spotting.score import TOGETHER

__all__ = ["report_spotting"]

_METHOD = (
    "A true interval is a hit where a found one of its kind overlaps it with the stated intersection over union; each "
    "counts at most once. F1 comes from the sums over all videos. Intervals and tests are over subjects (Student's t "
    "of the paired influence of each subject on F1), because the intervals of one person are not independent; "
    "p-values are Holm-corrected over the rows of their table, for each score."
)


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
    parts = [scored(part, digits) for part in parts_of(cells)]
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

    return into_folder(
        folder, make, [row for at, one in enumerate(parts, start=1) for row in flat_rows(at, one)], words
    )


def _part(at: int, one: Scored, baseline: int, figures: Path) -> list[Block]:
    part = one.part
    best = one.ranking[0]
    names = [part.name(cell) for cell in part.cells]
    style.save(f1_forest(names, [one.f1(k, TOGETHER) for k in range(len(names))], "F1 together"), figures, f"{at}_f1")
    blocks: list[Block] = [short_table(at, one, best, baseline), main_table(at, one, best)]
    blocks.append(Figure(stem=f"{at}_f1", caption="F1 of micro- and macro-expressions together, best first."))
    if any(cell.classes for cell in part.cells):
        blocks.append(classes_table(at, one))
    if part.factors:
        blocks += [Heading(level=2, text="Effects of the factors"), effects_table(at, one)]
    if len(part.cells) > 1:
        blocks += [Heading(level=2, text="Cells against the baseline"), baseline_table(at, one, baseline)]
    return blocks


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
