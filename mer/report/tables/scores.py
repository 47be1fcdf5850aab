"""Tables of scores: the cells, the classes, the subjects, the cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mer.report.common_clips import is_imported
from mer.report.render.document import Column, Item, Row, Table, word
from mer.report.stats.resampling import SCORES, score
from mer.report.stats.scored import Scored
from mer.report.stats.sections import Cell, Section
from mer.report.tables.items import NOTHING, digits_for, number, scored_item

__all__ = ["classes", "cost", "factor_items", "main", "subjects"]

_STAGES = ("read", "landmarks", "align", "flow", "descriptor")
_SPREAD_DIGITS = 3
_MANY = 12  # cells whose classes and subjects are all shown
HEADS = ("UF1", "UAR", "accuracy")


def main(scored: Scored) -> Table:
    """Return the main table: every cell, then the majority class as a baseline."""
    section = scored.section
    digits = [digits_for(scored.interval[:, which], section.digits) for which in range(len(SCORES))]
    repeated = any(len(cell.runs) > 1 for cell in section.cells)
    heads = [*(["seeds", "UF1 sd"] if repeated else []), *HEADS, *_fit_heads(section)]
    columns = [*_factor_columns(section), *(Column(head=head) for head in heads)]
    rows = []
    for k, cell in enumerate(section.cells):
        scores = [
            scored_item(scored.value[k, w], scored.interval[k, w], digits[w], _mark(scored, k, w))
            for w in range(len(SCORES))
        ]
        spread = [word(len(cell.runs)), _spread(section, cell)] if repeated else []
        rows.append(Row(name=cell.name, items=(*factor_items(cell), *spread, *scores, *_fit(section, cell))))
    rows += _chance(scored, digits, columns)
    return Table(
        key=f"{section.number}-main",
        caption=f"Scores of all cells, pooled over all clips{section.part}",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=_main_notes(scored, repeated),
        folded=False,
    )


def _spread(section: Section, cell: Cell) -> Item:
    """Return the standard deviation of UF1 over the seeds of a cell."""
    if len(cell.runs) < 2:
        return NOTHING
    values = [score(section.counts.of([row]))[0] for row in cell.rows]
    return number(float(np.std(values, ddof=1)), section.digits or _SPREAD_DIGITS)


def _fit_heads(section: Section) -> list[str]:
    """Return the heads of the columns for probabilities; none where no cell gives probabilities."""
    return ["Brier", "ECE"] if any("calibration" in cell.runs[0].summary for cell in section.cells) else []


def _fit(section: Section, cell: Cell) -> list[Item]:
    if not _fit_heads(section):
        return []
    found = [run.summary["calibration"] for run in cell.runs if "calibration" in run.summary]
    if not found:
        return [NOTHING, NOTHING]
    digits = section.digits or _SPREAD_DIGITS
    return [
        number(float(np.mean([fit["brier"] for fit in found])), digits),
        number(float(np.mean([fit["ece"] for fit in found])), digits),
    ]


def _chance(scored: Scored, digits: Sequence[int], columns: Sequence[Column]) -> list[Row]:
    """Return what chance gives: the majority class, and the best cell with labels permuted within the subjects."""
    section = scored.section
    summary = section.cells[scored.best].runs[0].summary
    lines: dict[str, Mapping[str, Any]] = {f"majority class ({summary['majority']['class']})": summary["majority"]}
    permuted = summary["label_permutation"].get("chance")
    if isinstance(permuted, Mapping):
        lines = {"permuted labels (best cell)": permuted} | lines
    before = sum(not column.numeric or column.head in ("seeds", "UF1 sd") for column in columns)
    after = [NOTHING] * (len(columns) - before - len(SCORES))
    return [
        Row(
            name=name,
            items=(
                *_label(name, before),
                *(number(float(line[name_of]), d) for name_of, d in zip(SCORES, digits, strict=True)),
                *after,
            ),
            rule=i == 0,
        )
        for i, (name, line) in enumerate(lines.items())
    ]


def _factor_columns(section: Section) -> tuple[Column, ...]:
    """Return the columns that `factor_items` fills."""
    heads = [factor.name for factor in section.factors] or ["cell"]
    return tuple(Column(head=head, numeric=False) for head in heads)


def factor_items(cell: Cell) -> tuple[Item, ...]:
    """Return one item per factor, the first with the marks of the cell."""
    words = list(cell.levels.values()) or [cell.short]
    marks = (" ‡" if cell.optimistic else "") + (" (raw flow)" if cell.raw_flow else "")
    return tuple(Item(text=text + (marks if not i else "")) for i, text in enumerate(words))


def classes(scored: Scored, baseline: int) -> Table:
    """Return F1 of every class: of all cells where they are few, else of the best, the baseline and the raw flow."""
    section = scored.section
    shown = [k for k in range(len(section.cells)) if _shown(scored, k, baseline)]
    support = section.counts.support.sum(axis=0)
    summaries = [section.cells[k].runs[0].summary["per_class"] for k in shown]
    digits = digits_for(
        [[s[name]["f1"]["low"], s[name]["f1"]["high"]] for s in summaries for name in section.classes],
        section.digits,
    )
    rows = []
    for k, summary in zip(shown, summaries, strict=True):
        scores = []
        for index, name in enumerate(section.classes):
            cell = section.cells[k]
            one = summary[name]["f1"]
            interval = (
                (one["low"], one["high"]) if len(cell.runs) == 1 and section.counts.subjects > 1 else (np.nan, np.nan)
            )
            scores.append(scored_item(_f1(section, cell, index), interval, digits))
        rows.append(Row(name=section.cells[k].name, items=(*factor_items(section.cells[k]), *scores)))
    heads = _factor_columns(section)
    counted = tuple(word(int(n)) for n in support)
    rows.append(Row(name="clips", items=(*_label("clips", len(heads)), *counted), rule=True))
    return Table(
        key=f"{section.number}-classes",
        caption=f"F1 of each class{section.part}",
        columns=(*heads, *(Column(head=name) for name in section.classes)),
        rows=tuple(rows),
        notes=_never(section, shown),
    )


def subjects(scored: Scored, baseline: int) -> Table:
    """Return the accuracy on every subject: of the best cell, of the baseline, and the mean of all cells."""
    section = scored.section
    accuracy = np.stack([section.of(cell).accuracy for cell in section.cells])
    clips = section.counts.support.sum(axis=1)
    chosen = {
        "best cell": accuracy[scored.best],
        "baseline": accuracy[baseline],
        "mean of all cells": accuracy.mean(axis=0),
    }
    rows = [
        Row(name=subject, items=(word(subject), word(int(clips[s])), *(number(of[s], 2) for of in chosen.values())))
        for s, subject in enumerate(section.subjects)
    ]
    return Table(
        key=f"{section.number}-subjects",
        caption=f"Accuracy on each subject{section.part}",
        columns=(Column(head="subject", numeric=False), Column(head="clips"), *(Column(head=name) for name in chosen)),
        rows=tuple(rows),
        notes=(f"Best cell: {section.cells[scored.best].name}. Baseline: {section.cells[baseline].name}.",),
        folded=True,
    )


def cost(section: Section) -> Table:
    """Return seconds per stage and peak memory of every cell."""
    known = [stage for stage in _STAGES if any(f"seconds_{stage}" in r.numbers for c in section.cells for r in c.runs)]
    rows = []
    for cell in section.cells:
        absent = NOTHING if is_imported(cell.runs[0]) else Item(text="cached")
        stages = [_seconds(cell, f"seconds_{stage}", absent) for stage in known]
        rest = (_seconds(cell, "seconds_total", NOTHING), _memory(cell))
        rows.append(Row(name=cell.name, items=(*factor_items(cell), *stages, *rest)))
    return Table(
        key=f"{section.number}-cost",
        caption=f"Cost of each cell: seconds per stage, summed over clips, and peak memory{section.part}",
        columns=(
            *_factor_columns(section),
            *(Column(head=f"{stage} (s)") for stage in known),
            Column(head="whole run (s)"),
            Column(head="memory (MiB)"),
        ),
        rows=tuple(rows),
        notes=(
            "Cached: an earlier cell had computed this stage for all clips. Times of stages are summed over threads; "
            "the whole run is wall-clock time. With several seeds: means.",
        ),
        folded=True,
    )


def _mark(scored: Scored, k: int, which: int) -> str:
    if which >= len(scored.leading) or len(scored.section.cells) < 2:
        return ""
    return "best" if k == scored.leading[which] else "tied" if k in scored.tied[which] else ""


def _label(text: str, columns: int) -> tuple[Item, ...]:
    return (Item(text=text), *([Item(text="")] * (columns - 1)))


def _main_notes(scored: Scored, repeated: bool) -> tuple[str, ...]:
    section = scored.section
    notes = []
    if len(section.cells) > 1:
        notes.append(
            "Bold: best. †: not significantly different from the best (swap test over subjects, Holm-corrected over "
            "all cells of the table)."
        )
    if len(section.cells) > 2:
        notes.append("The best of many cells was chosen on these clips, so its score is optimistic.")
    if section.counts.subjects > 1:
        notes.append("In brackets: 95 % intervals (" + ", ".join(_interval_methods(section)) + ").")
        notes += _cautions(section)
    else:
        notes.append("One subject: intervals and tests over subjects do not exist.")
    if repeated:
        notes.append(
            "Cells with several seeds: the mean of their scores; UF1 sd is the standard deviation over the seeds."
        )
    if _fit_heads(section):
        notes.append("Brier score (0 is perfect) and expected calibration error (ECE) where scores are probabilities.")
    if "chance" in section.cells[scored.best].runs[0].summary["label_permutation"]:
        notes.append("Permuted labels: the mean with the labels of each subject's clips permuted, predictions fixed.")
    if any(cell.optimistic for cell in section.cells):
        notes.append(
            "‡: optimistic, because its settings were chosen with the clips that it is scored on; never marked as best."
        )
    notes += [
        f"{factor.key} changed together with {', '.join(factor.with_it)}: their effects cannot be separated."
        for factor in section.factors
        if factor.with_it
    ]
    return tuple(notes)


def _interval_methods(section: Section) -> list[str]:
    runs = [run for cell in section.cells for run in cell.runs]
    return list(dict.fromkeys(str(run.summary["interval"]["method"]) for run in runs))


def _cautions(section: Section) -> list[str]:
    found = [run.summary["interval"].get("caution", "") for cell in section.cells for run in cell.runs]
    return [f"{text[0].upper()}{text[1:]}." for text in dict.fromkeys(found) if text]


def _shown(scored: Scored, k: int, baseline: int) -> bool:
    cells = scored.section.cells
    return len(cells) <= _MANY or k in (scored.best, baseline) or cells[k].raw_flow


def _f1(section: Section, cell: Cell, index: int) -> float:
    of = section.of(cell)
    hit, predicted = of.hit.sum(axis=1)[:, index], of.predicted.sum(axis=1)[:, index]
    return float((2 * hit / (of.support.sum(axis=0)[index] + predicted)).mean())


def _never(section: Section, shown: Sequence[int]) -> tuple[str, ...]:
    never: dict[str, list[str]] = {}
    for k in shown:
        predicted = section.of(section.cells[k]).predicted.sum(axis=(0, 1))
        for name, n in zip(section.classes, predicted, strict=True):
            if n == 0:
                never.setdefault(name, []).append(section.cells[k].short)
    return tuple(
        f"{name} is never predicted by {'any of these cells' if len(cells) == len(shown) else '; '.join(cells)}."
        for name, cells in never.items()
    )


def _seconds(cell: Cell, key: str, without: Item) -> Item:
    values = [run.numbers[key] for run in cell.runs if key in run.numbers]
    return number(float(np.mean(values)), 1) if values else without


def _memory(cell: Cell) -> Item:
    values: list[float] = [run.numbers["peak_memory_mb"] for run in cell.runs if "peak_memory_mb" in run.numbers]
    return number(float(np.max(values)), 0) if values else NOTHING
