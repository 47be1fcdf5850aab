"""Lines of a spreadsheet as rows under our names of the columns, with what a user should know of the sheet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mer.dataset.cells import require_visible
from mer.dataset.readers.workbook import Line, Sheet
from mer.dataset.tables import Row, cell_name
from mer.errors import first_of

__all__ = ["sheet_remarks", "sheet_row", "with_remarks"]


def sheet_row(path: Path, sheet: Sheet, line: Line, places: Mapping[str, int]) -> Row:
    """Return a line of a sheet as a row.

    Parameters
    ----------
    path : Path
    sheet : Sheet
    line : (int, sequence of str)
    places : mapping of str to int
        Our name of a column → its place in the line, from 0.

    Raises
    ------
    DataError
        If a cell has an invisible character.
    """
    number, cells = line
    named = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
    for name, text in named.items():
        require_visible(f"{path}: row {number}", name, text)
    faults = {name: sheet.faults[number, place] for name, place in places.items() if (number, place) in sheet.faults}
    return Row(
        where=f"row {number} of {path.name}",
        cells=named,
        faults={name: f"cell {cell_name(number, places[name])} ({name}) {fault}" for name, fault in faults.items()},
        hidden=(f"sheet {sheet.name}" if sheet.name else path.name) if number in sheet.hidden else "",
    )


def with_remarks(rows: Sequence[Row], optional: Collection[str], remarks: Sequence[str]) -> tuple[Row, ...]:
    """Return the rows with the remarks on their table; what is wrong in an optional column is one more of them."""
    faults = [f"{row.where}: {row.faults[name]}" for row in rows for name in optional if name in row.faults]
    kept = [{name: fault for name, fault in row.faults.items() if name not in optional} for row in rows]
    every = (*remarks, *faults)
    return tuple(replace(row, faults=left, remarks=every) for row, left in zip(rows, kept, strict=True))


def sheet_remarks(path: Path, sheet: Sheet, places: Mapping[str, int]) -> Iterator[str]:
    """Yield what is hidden or merged in a sheet and read all the same.

    Parameters
    ----------
    path : Path
    sheet : Sheet
    places : mapping of str to int
        Our name of a column that is read → its place in the line, from 0.
    """
    if not sheet.visible:
        yield f"{path.name}: sheet {sheet.name} is hidden in the file and is read; name another one with dataset.sheet"
    unseen = sorted((place, name) for name, place in places.items() if place in sheet.hidden_columns)
    if unseen:
        columns = ", ".join(f"{cell_name(1, place)[:-1]} ({name})" for place, name in unseen)
        are = f"columns {columns} are" if len(unseen) > 1 else f"column {columns} is"
        yield f"{path.name}, sheet {sheet.name}: {are} hidden in the file and read; show and check what is in there"
    read = set(places.values())
    merged = list(dict.fromkeys(area for (_, place), area in sheet.filled.items() if place in read))
    if merged:
        yield (
            f"{path.name}, sheet {sheet.name}: each of the merged cells {first_of(merged, 3)} is read as the value of "
            "the first; unmerge them if that is wrong"
        )
