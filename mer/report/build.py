"""The ablation report: from a study to a folder that holds it as HTML, Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from mer.errors import DataError, counted, reason
from mer.report.figures import confusion, plots, regions, style
from mer.report.render.document import Block, Column, Document, Figure, Heading, Item, Row, Table, Text, word
from mer.report.render.formats import foreign_letters, write
from mer.report.stats.factors import between_levels, level_means
from mer.report.stats.paired import ALPHA, Comparison, against, omnibus
from mer.report.stats.scored import Scored, scored
from mer.report.stats.sections import Cell, Section, baselines, sections
from mer.report.study import Study
from mer.report.tables import protocol as tables_protocol
from mer.report.tables import scores as tables_scores
from mer.report.tables import tests as tables_tests
from mer.report.tables.flat import flat_rows
from mer.report.tables.items import digits_for, scored_item
from mer.report.tables.regions import regions_table

__all__ = ["confusions", "headline", "into_folder", "report"]

_METHOD = (
    "The primary test swaps the predictions of whole subjects between two methods, because the clips of one "
    "person are not independent; intervals are over subjects, too. p-values are Holm-corrected over two "
    "families that the grid fixes before any result is seen: all pairs of levels of all factors, and each cell "
    "against the baseline (the first cell that was run, or baseline=… of this command)."
)


def report(
    study: Study,
    folder: Path,
    *,
    baseline: str = "",
    digits: int | None = None,
    words: Mapping[str, str] = MappingProxyType({}),
) -> Document:
    """Write the report of a study into a folder, whole or not at all.

    Parameters
    ----------
    study : Study
    folder : Path
        Gets report.html, report.md, table.tex, tables.tex, appendix.tex, results.csv, cells.csv, report.json, figures/.
    baseline : str
        Levels that name one cell of a section, such as ``flow=dis,roi=grid``; empty for the cell that was run first.
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
    parts = sections(study, digits=digits)
    chosen = baselines(parts, baseline)
    return into_folder(folder, lambda figures: _document(study, parts, chosen, figures), flat_rows(parts), words)


def into_folder(
    folder: Path,
    make: Callable[[Path], Document],
    cells: Sequence[Mapping[str, object]],
    words: Mapping[str, str] = MappingProxyType({}),
) -> Document:
    """Write the document that `make` returns, given the folder of its figures; whole or not at all.

    Parameters
    ----------
    folder : Path
    make : callable
    cells : sequence of mapping
        One flat row per run, for cells.csv; empty for none.
    words : mapping of str to str
        See `report`.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name, style.styled():
            staging = Path(name)
            (staging / "figures").mkdir()
            document = make(staging / "figures")
            write(document, staging, cells=cells, words=words)
            _move(staging, folder)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written ({reason(error)}): free some space or choose output=DIR"
        ) from error
    return document


def _document(study: Study, parts: Sequence[Section], baselines: Sequence[Cell], figures: Path) -> Document:
    blocks: list[Block] = []
    if len(parts) > 1:
        blocks.append(
            Text(
                text="This study holds cells with different protocols or different clips. Their scores cannot be "
                "compared, so each kind has its own tables, and no test compares them."
            )
        )
    for section, baseline in zip(parts, baselines, strict=True):
        if len(parts) > 1:
            blocks.append(Heading(level=1, text=f"Part {section.number}: {section.title}"))
        blocks += _section(section, section.cells.index(baseline), figures)
    left_out = tables_protocol.left_out_runs(study)
    blocks += [Heading(level=1, text="Runs that are not in this report"), left_out] if left_out else []
    blocks += [Heading(level=1, text="Statistical tests"), Text(text=_METHOD), *tables_protocol.reproduction(study)]
    return Document(title=f"Study {study.name}", blocks=tuple(blocks))


def _section(section: Section, baseline: int, figures: Path) -> list[Block]:
    scores = scored(section)
    lines = _lines(section, scores)

    def drawn(name: str, drawing: style.Drawing | None, caption: str) -> list[Block]:
        if drawing is None:
            return []
        style.save(drawing, figures, f"{section.number}_{name}")
        return [Figure(stem=f"{section.number}_{name}", caption=caption)]

    levels = between_levels(section)
    blocks: list[Block] = [_short(section, scores, baseline, levels), tables_scores.main(scores)]
    blocks += drawn("scores", plots.forest(scores, lines), _forest_caption(section))
    if section.factors:
        blocks += _factors(scores, levels, drawn)
    if len(section.cells) > 1:
        blocks += _cells_tested(section, scores, baseline, drawn)
    blocks += [Heading(level=2, text="Classes and subjects"), tables_scores.classes(scores, baseline)]
    blocks += confusions(section, {"best": scores.best, "baseline": baseline}, figures)
    named = {"best cell": scores.best} | ({"baseline": baseline} if baseline != scores.best else {})
    blocks += drawn("subjects", plots.subjects(scores, named), "Accuracy on each subject.")
    blocks += [tables_scores.subjects(scores, baseline)]
    blocks += _regions(section, section.cells[baseline], drawn)
    blocks += [Heading(level=2, text="Cost"), tables_scores.cost(section)]
    excluded = tables_protocol.excluded_clips(section)
    blocks += [Heading(level=2, text="Protocol"), tables_protocol.protocol(section), *([excluded] if excluded else [])]
    blocks += [Text(text=warning) for warning in _warnings(section)]
    return blocks


def _factors(scores: Scored, levels: Sequence[Comparison], drawn: Callable[..., list[Block]]) -> list[Block]:
    section = scores.section
    means = [found for factor in section.factors if (found := level_means(section, factor))]
    blocks: list[Block] = [Heading(level=2, text="Effects of the factors"), tables_tests.level_means(section, means)]
    caption = "Mean UF1 of the cells with each level; 95 % intervals over subjects."
    blocks += drawn("factors", plots.effects(means), caption)
    if levels:
        blocks.append(tables_tests.level_tests(section, levels))
    caption = "Mean UF1 for pairs of factors; parallel lines mean no interaction."
    return blocks + drawn("interactions", plots.interactions(scores), caption)


def _cells_tested(section: Section, scores: Scored, baseline: int, drawn: Callable[..., list[Block]]) -> list[Block]:
    reference = section.cells[baseline]
    tests = against(section, reference)
    blocks: list[Block] = [
        Heading(level=2, text="Cells against the baseline"),
        tables_tests.baseline_tests(section, tests, reference.name),
    ]
    over_subjects = omnibus(section)
    if over_subjects is not None:
        caption = (
            "Mean ranks of the cells over subjects (of many cells, the best ranks). A bar joins cells that are not "
            "significantly different by Nemenyi's test."
        )
        blocks += drawn("ranks", plots.ranking(section, over_subjects), caption)
        blocks.append(tables_tests.ranks(section, over_subjects))
    return blocks


def _regions(section: Section, cell: Cell, drawn: Callable[..., list[Block]]) -> list[Block]:
    """Show which regions move for which class: of one cell, since flow and regions differ between cells."""
    if not cell.runs[0].regions:
        return []
    heading = Heading(level=2, text="Motion of each region")
    try:
        motion = regions.read(cell.runs[0].regions)
    except (ValueError, KeyError):
        return [heading, Text(text=f"regions.csv of {cell.name} is incomplete; rerun that cell.")]
    caption = f"Motion of each region for each class, in the baseline ({cell.name}): means over the clips of a class."
    table = regions_table(motion, key=f"{section.number}-regions", caption=f"Motion of each region{section.part}")
    return [heading, *drawn("regions", regions.picture(motion), caption), table]


def confusions(section: Section, named: Mapping[str, int], figures: Path) -> list[Block]:
    """Draw the confusion matrices of the cells that are named, each cell once."""
    blocks: list[Block] = []
    for i, (name, k) in enumerate(named.items()):
        if k in list(named.values())[:i]:
            continue
        cell, stem = section.cells[k], f"{section.number}_confusion_{name}"
        for kind in ("svg", "pdf", "png"):
            run = cell.runs[0]
            title = f"{run.card.get('dataset')} · {run.name or cell.name}"
            confusion.draw(run.summary, figures / f"{stem}.{kind}", title)
        blocks.append(Figure(stem=stem, caption=f"Confusion matrix of the {name} cell: {cell.name}."))
    return blocks


def _short(section: Section, scores: Scored, baseline: int, levels: Sequence[Comparison]) -> Table:
    best = section.cells[scores.best]
    apart = [t for t in levels if t.holm[0] <= ALPHA]
    lines: dict[str, Item] = {
        "cells": word(len(section.cells)),
        "clips": word(int(section.counts.support.sum())),
        "subjects": word(section.counts.subjects),
        "classes": Item(text=", ".join(section.classes)),
        "baseline": Item(text=section.cells[baseline].name),
    }
    if len(section.cells) > 1:
        lines |= {
            "best by UF1": Item(text=best.name),
            "its UF1": scored_item(
                scores.value[scores.best, 0],
                scores.interval[scores.best, 0],
                digits_for(scores.interval[:, 0], section.digits),
            ),
            "its worst subject": _worst(section, scores.best),
            "not significantly different": word(len(scores.tied[0])),
            "levels that differ in UF1 (Holm)": Item(text="; ".join(f"{t.a} and {t.b}" for t in apart) or "none"),
        }
    rows = tuple(Row(name=name, items=(Item(text=name), item)) for name, item in lines.items())
    return Table(
        key=f"{section.number}-short",
        caption=f"Summary{section.part}",
        columns=(Column(head="item", numeric=False), Column(head="value", numeric=False)),
        rows=rows,
    )


def _worst(section: Section, best: int) -> Item:
    """Return the subject on which a cell does worst; of several, the one with most clips."""
    accuracy, clips = section.of(section.cells[best]).accuracy, section.counts.support.sum(axis=1)
    worst = min(range(len(accuracy)), key=lambda s: (accuracy[s], -clips[s]))
    text = f"{section.subjects[worst]}: accuracy {accuracy[worst]:.2f} of {counted(int(clips[worst]), 'clip')}"
    return Item(text=text)


def _lines(section: Section, scores: Scored) -> dict[str, float]:
    line = section.cells[0].runs[0].summary["majority"]
    lines = {f"majority class ({line['class']})": float(line["uf1"])}
    raw = [float(scores.value[k, 0]) for k, cell in enumerate(section.cells) if cell.raw_flow]
    return lines | ({"raw flow": max(raw)} if raw else {})


def _forest_caption(section: Section) -> str:
    marks = "" if len(section.cells) < 2 else " Filled: the best cell, and cells not significantly different from it."
    return f"UF1 of the cells with 95 % intervals over subjects; dashed: majority class.{marks}"


def _warnings(section: Section) -> list[str]:
    return list(dict.fromkeys(w for cell in section.cells for run in cell.runs for w in run.card.get("warnings", [])))


def _move(staging: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in sorted(staging.iterdir()):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)


def headline(document: Document) -> list[tuple[str, str]]:
    """Return the lines that the command prints: the first table of every part."""
    short = [table for table in document.tables if table.key.endswith("-short")]
    lines = [(row.items[0].text, row.items[1].shown) for table in short for row in table.rows]
    foreign = foreign_letters(document.tables)
    text = f"for XeLaTeX or LuaLaTeX; pdfLaTeX prints ? for {foreign}"
    return [*lines, ("tables.tex", text)] if foreign else lines
