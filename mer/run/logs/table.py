"""Predictions in a table: one row per clip, classes by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mer.dataset.tables import Row, Table, read_table
from mer.errors import DataError
from mer.run.logs.megc import text_of
from mer.run.logs.prediction_log import LogRow, PredictionLog

__all__ = ["NAMES", "read_table_of_predictions"]

# What a column may be called; the first name is the one that is written.
NAMES = {
    "dataset": ("dataset", "database"),
    "subject": ("subject", "sub"),
    "clip": ("clip", "sample_id", "filename"),
    "truth": ("truth", "y_true", "label"),
    "prediction": ("prediction", "y_pred", "predicted"),
}


def read_table_of_predictions(path: Path, classes: Sequence[str]) -> PredictionLog:
    """Read a table with the columns dataset, subject, clip, truth, prediction; so is predictions.csv of a run.

    Parameters
    ----------
    path : Path
    classes : sequence of str
        Their order; empty for that of the names. Numbers in the table count them from 0.

    Raises
    ------
    DataError
        If a column is missing, or a cell is empty or no class.
    """
    table = read_table(path)
    columns = {kind: _column(table, kind) for kind in NAMES}
    table.require(columns.values())
    cells = [{kind: _cell(path, row, column) for kind, column in columns.items()} for row in table.rows]
    found = {cell[kind] for cell in cells for kind in ("truth", "prediction")}
    known = tuple(classes) or tuple(sorted({cell["truth"] for cell in cells}))
    numbers = {name: k for k, name in enumerate(known)}
    if classes and not found & set(known):  # a table of numbers
        numbers = {str(k): k for k in range(len(known))}
    rows = []
    for row, cell in zip(table.rows, cells, strict=True):
        where = f"{path}: {row.where}"
        truth, guess = (_number(where, cell[kind], numbers) for kind in ("truth", "prediction"))
        subject = cell["subject"].removeprefix(f"{cell['dataset']}/")
        clip = cell["clip"].removeprefix(f"{cell['dataset']}/{subject}/")
        rows.append(
            LogRow(where=where, database=cell["dataset"], subject=subject, clip=clip, truth=truth, predicted=guess)
        )
    return PredictionLog(format="csv", rows=tuple(rows), classes=known, text=text_of(path))


def _column(table: Table, kind: str) -> str:
    found = [name for name in NAMES[kind] if name in table.columns]
    if len(found) != 1:
        raise DataError(
            f"{table.path}: the {kind} of a clip needs one column {' or '.join(NAMES[kind])}; the header has "
            f"{table.header}"
        )
    return found[0]


def _cell(path: Path, row: Row, column: str) -> str:
    if not row[column] or column in row.faults:
        raise DataError(f"{path}: {row.where}: {row.faults.get(column, f'{column} is empty')}; correct the row")
    return row[column]


def _number(where: str, name: str, numbers: dict[str, int]) -> int:
    if name not in numbers:
        raise DataError(f"{where}: {name!r} is no class; the classes are {', '.join(numbers)}: correct the row")
    return numbers[name]
