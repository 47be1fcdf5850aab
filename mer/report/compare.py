"""Two runs side by side: what differs in their settings, in their scores, and on which clips."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mer.errors import DataError, counted
from mer.report.build import confusions, into_folder
from mer.report.common_clips import common_clips, is_imported, names_clips
from mer.report.figures import plots, style
from mer.report.render.document import Block, Code, Column, Document, Figure, Heading, Item, Row, Table, Text, word
from mer.report.render.formats import heads_of
from mer.report.stats.paired import against
from mer.report.stats.scored import scored
from mer.report.stats.sections import ABSENT, Section, sections
from mer.report.study import Run, Study
from mer.report.tables import protocol as tables_protocol
from mer.report.tables import scores as tables_scores
from mer.report.tables import tests as tables_tests
from mer.report.tables.flat import flat_rows

__all__ = ["Draw", "summary", "versus"]

_UNUSED = "none"  # option of a group that a run does not use

# Draws one clip as one run sees it; returns the reason where it cannot.
Draw = Callable[[Run, str, Path], str]


def versus(a: Run, b: Run, folder: Path, *, draw: Draw, clips: int) -> Document:
    """Write the comparison of two runs into a folder, with the same files as a report of a study.

    Parameters
    ----------
    a, b : Run
        Evaluated on the same clips under the same protocol; differences are B − A.
    folder : Path
    draw : callable
        Given a run, a sample id and the file to write.
    clips : int
        Pictures to draw at most.

    Raises
    ------
    DataError
        If the runs cannot be compared, or the folder cannot be written.
    """
    if a.run_id == b.run_id:
        raise DataError(f"run {a.run_id}: compared with itself; name two runs")
    if is_imported(a) or is_imported(b):
        a, b = common_clips([a, b])
    parts = sections(Study(name="", runs=(a, b), left_out=()), apart=True)
    if len(parts) > 1:
        raise DataError(f"these runs cannot be compared: {_why(*parts)}")
    section = parts[0]
    return into_folder(folder, lambda figures: _document(section, figures, draw, clips), flat_rows(parts))


def _why(a: Section, b: Section) -> str:
    if a.classes != b.classes:
        return f"their classes are {', '.join(a.classes)} and {', '.join(b.classes)}"
    clips = [set(section.first_run.predictions.sample_id.tolist()) for section in (a, b)]
    if clips[0] != clips[1] and not clips[0].isdisjoint(clips[1]):
        only = sorted(clips[0] ^ clips[1])
        return f"{counted(len(only), 'clip is', 'clips are')} in one of them only, such as {only[0]}"
    if a.title != b.title:
        return f"they were evaluated on {a.title} and on {b.title}"
    return "their clips, the clips' frames or the evaluation differ; see protocol.json and config.yaml of both"


def _document(section: Section, figures: Path, draw: Draw, clips: int) -> Document:
    scores = scored(section)
    blocks: list[Block] = [_settings(section), tables_scores.main(scores)]
    tests = against(section, section.cells[0])
    tested = tables_tests.baseline_tests(section, tests, section.cells[0].name)
    blocks.append(replace(tested, caption="Tests: B minus A"))
    blocks.append(tables_scores.classes(scores, 0))
    blocks += confusions(section, {"A": 0, "B": 1}, figures)
    style.save(plots.subjects(scores, {"A": 0, "B": 1}), figures, "1_subjects")
    blocks.append(Figure(stem="1_subjects", caption="Accuracy on each subject."))
    blocks += _clips(section, figures, draw, clips)
    blocks += [Text(text=warning) for cell in section.cells for warning in _of_imported(cell.runs[0])]
    blocks += [
        Heading(level=1, text="Protocol and cost"),
        tables_scores.cost(section),
        tables_protocol.protocol(section),
    ]
    runs = [cell.runs[0] for cell in section.cells]
    command = shlex.join(["mer", "compare", *(run.run_id for run in runs)])
    commands = [*tables_protocol.commands(runs), command]
    blocks += [Heading(level=1, text="Reproducing these results"), Code(text="\n".join(commands))]
    return Document(title=f"{section.cells[0].short} and {section.cells[1].short}", blocks=tuple(blocks))


def _of_imported(run: Run) -> list[str]:
    """Return what a reader should know of predictions that other programs made, and of clips that are not compared."""
    return [warning for warning in run.card.get("warnings", []) if warning.startswith(f"{run.name}: ")]


def _settings(section: Section) -> Table:
    a, b = (cell.runs[0] for cell in section.cells)
    known = [*a.params, *b.params] if is_imported(a) or is_imported(b) else [*a.keys, *b.keys]
    keys = [key for key in dict.fromkeys(known) if a.level(key) != b.level(key) and _used(key, a, b)]
    lines = [("run", a.run_id, b.run_id), *((k, a.level(k) or ABSENT, b.level(k) or ABSENT) for k in keys)]
    return Table(
        key="1-settings",
        caption="Settings that differ",
        columns=tuple(Column(head=head, numeric=False) for head in ("setting", "A", "B")),
        rows=tuple(Row(name=line[0], items=tuple(Item(text=text) for text in line)) for line in lines),
        notes=() if keys else ("Nothing: both runs have the same settings.",),
    )


def _used(key: str, *runs: Run) -> bool:
    """Return whether a run used the group of a setting; ``classifier=lda`` leaves the settings of svm unused."""
    group, dot, _ = key.partition(".")
    return not dot or any(run.params.get(group) != _UNUSED for run in runs)


def summary(document: Document) -> list[tuple[str, str]]:
    """Return the lines that the command prints: scores of both runs, their difference, and how many clips differ."""
    tables = {table.key: table for table in document.tables}
    lines: list[tuple[str, str]] = []
    main, tests = tables["1-main"], tables["1-baseline-tests"]
    heads = [column.head for column in main.columns]
    for name in ("UF1", "UAR", "accuracy"):
        place = heads.index(name)
        lines += [(f"{name} of {row.items[0].text[:1]}", row.items[place].shown) for row in main.rows[:2]]
    lines += _differences(tests)
    return [*lines, *((row.items[0].shown, row.items[1].shown) for row in tables["1-tally"].rows)]


def _differences(tests: Table) -> list[tuple[str, str]]:
    """Return the difference of each score, B minus A, with its interval and its p-value."""
    items = dict(zip(heads_of(tests), tests.rows[0].items, strict=True))
    return [
        (f"{name}, B minus A", f"{items[f'Δ{name}'].shown}, p = {items[f'Δ{name} p'].shown}") for name in ("UF1", "UAR")
    ]


def _clips(section: Section, figures: Path, draw: Draw, most: int) -> list[Block]:
    runs = [cell.runs[0] for cell in section.cells]
    if not all(map(names_clips, runs)):
        return [_tally({f"{name} correct": int(right.sum()) for name, right in zip("AB", section.right, strict=True)})]
    order = [run.predictions.sample_id.argsort() for run in runs]
    predicted = [run.predictions.y_pred[o] for run, o in zip(runs, order, strict=True)]
    clips = runs[0].predictions
    differ = [int(i) for i in np.flatnonzero(predicted[0] != predicted[1])]
    right = section.right
    tally = {
        "both correct": int((right[0] & right[1]).sum()),
        "only A correct": int((right[0] & ~right[1]).sum()),
        "only B correct": int((~right[0] & right[1]).sum()),
        "both wrong": int((~right[0] & ~right[1]).sum()),
        "predicted differently": len(differ),
    }
    rows = []
    for i in differ:
        at = order[0][i]
        names = [section.classes[side[i]] for side in predicted]
        words = (str(clips.sample_id[at]), str(clips.subject[at]), section.classes[clips.y_true[at]], *names)
        rows.append(Row(name=words[0], items=tuple(Item(text=text) for text in words)))
    blocks: list[Block] = [Heading(level=1, text="Clips on which they differ"), _tally(tally)]
    if rows:
        heads = ("clip", "subject", "truth", "A predicts", "B predicts")
        columns = tuple(Column(head=head, numeric=False) for head in heads)
        caption = "Clips for which A and B predict different classes"
        blocks.append(Table(key="1-clips", caption=caption, columns=columns, rows=tuple(rows), folded=len(rows) > 12))
    shown = sorted(differ, key=lambda i: bool(right[0][i] == right[1][i]))[:most]  # first those that one has right
    return blocks + _drawn(section, [str(clips.sample_id[order[0][i]]) for i in shown], figures, draw)


def _tally(counts: dict[str, int]) -> Table:
    return Table(
        key="1-tally",
        caption="Number of clips",
        columns=(Column(head="clips", numeric=False), Column(head="number")),
        rows=tuple(Row(name=name, items=(Item(text=name), word(n))) for name, n in counts.items()),
    )


def _drawn(section: Section, ids: Sequence[str], figures: Path, draw: Draw) -> list[Block]:
    """Draw the clips as A sees them, and as B does where its settings before the SVM differ."""
    before = ("frames", "landmarks", "align", "flow", "motion", "roi", "descriptor")
    a, b = (cell.runs[0] for cell in section.cells)
    seen = [key for key in dict.fromkeys([*a.keys, *b.keys]) if key.split(".")[0] in before]
    letters = "A" if all(a.level(key) == b.level(key) for key in seen) else "AB"
    blocks: list[Block] = []
    shown = [(letter, cell) for letter, cell in zip("AB", section.cells, strict=True) if not is_imported(cell.runs[0])]
    if len(shown) == 2:
        shown = shown[: len(letters)]
    for number, sample_id in enumerate(ids, start=1):
        for letter, cell in shown:
            stem = f"1_clip_{number}_{letter}"
            problem = draw(cell.runs[0], sample_id, figures / f"{stem}.png")
            if problem:
                return [*blocks, Text(text=f"The clips could not be drawn: {problem}")]
            blocks.append(Figure(stem=stem, caption=f"{sample_id} as run {letter} sees it."))
    return blocks
