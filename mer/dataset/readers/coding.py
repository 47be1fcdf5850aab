"""The annotation table of a database: which sheet, which line is the header, which column is what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl.utils import get_column_letter

from mer.dataset.readers.sheet_rows import sheet_remarks, sheet_row, with_remarks
from mer.dataset.readers.sheets import Sheet, chosen_sheet, read_sheets
from mer.dataset.tables import Row, header_again
from mer.errors import DataError

__all__ = ["Columns", "Layout", "read_coding"]

_HEADER_WITHIN = 40  # lines in which the header is looked for; SAMM has 13 lines of explanation above it


@dataclass(frozen=True, kw_only=True)
class Columns:
    """How the columns of a database's table are spelt; case, blanks and signs in a spelling do not matter.

    Attributes
    ----------
    needed, optional : mapping of str to sequence of str
        Our name of a column → its spellings in the database's own table, the usual one first.
    sheets : sequence of str
        Names of the sheet, the usual one first; empty where any sheet with the columns will do.
    """

    needed: Mapping[str, Sequence[str]]
    optional: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sheets: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What is particular to a database on disk.

    Attributes
    ----------
    title : str
        As its authors write it.
    tables : tuple of str
        Names of the annotation file under the root, with ``*``; empty where there is none.
    columns : Columns
    folders : mapping of str to tuple of str
        For each choice of `frames`, where the frames of a clip are, see `mer.dataset.readers.folders.Folders.find`.
    labels : mapping of str to str
        Spelling in the table or of the folder, in lower case → class, in the order of the scores.
    """

    title: str
    tables: tuple[str, ...]
    columns: Columns
    folders: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]


def read_coding(path: Path, columns: Columns, sheet: str | None) -> tuple[Row, ...]:
    """Return the rows of the table under our names of the columns.

    Parameters
    ----------
    path : Path
        ``.xlsx`` or ``.csv``.
    columns : Columns
    sheet : str or None
        Name of the sheet; None looks for the database's own, then for one with the columns.

    Raises
    ------
    DataError
        If the sheet or a column is missing, or no row follows the header.
    """
    sheets = read_sheets(path)
    chosen = _choose(path, sheets, columns, sheet)
    header, places = _header(path, chosen, columns)
    below = [line for line in chosen.lines if line[0] > header]
    again = [number for number, cells in below if _same_header(cells, places, columns)]
    rows = [sheet_row(path, chosen, line, places) for line in below if line[0] not in again]
    rows = [row for row in rows if row["subject"] or row["clip"]]  # what remains are notes below the table
    if not rows:
        raise DataError(f"{path}: no row follows the header in row {header}; copy the file again from the database")
    remarks = [*header_again(path, again), *sheet_remarks(path, chosen, places)]
    if len(sheets) > 1 and sheet is None:
        remarks += _other_sheets(path, sheets, chosen, columns)
    return with_remarks(rows, columns.optional, remarks)


def _other_sheets(path: Path, sheets: Sequence[Sheet], chosen: Sheet, columns: Columns) -> list[str]:
    """Return a remark on other sheets with the columns, if none has the name that the database gives it."""
    others = [other.name for other in sheets if other is not chosen and _fits(other, columns)]
    if not others or chosen.name in columns.sheets:
        return []
    return [f"{path.name}: sheet {chosen.name} is read, and {', '.join(others)} not; name one with dataset.sheet"]


def _choose(path: Path, sheets: Sequence[Sheet], columns: Columns, wanted: str | None) -> Sheet:
    by_name = {sheet.name: sheet for sheet in sheets}
    known = ", ".join(by_name)
    if wanted is not None and sheets[0].name:  # a CSV has no sheets
        return chosen_sheet(path, sheets, wanted)
    named = [by_name[name] for name in columns.sheets if name in by_name]
    fitting = [sheet for sheet in sheets if _fits(sheet, columns)]
    if columns.sheets and not named and not fitting and len(sheets) > 1:
        raise DataError(
            f"{path}: there is no sheet {' or '.join(columns.sheets)}; there are {known}: name it with dataset.sheet"
        )
    return (named or fitting or list(sheets))[0]


def _fits(sheet: Sheet, columns: Columns) -> bool:
    return any(len(_places(cells, columns.needed)) == len(columns.needed) for _, cells in sheet.lines[:_HEADER_WITHIN])


def _header(path: Path, sheet: Sheet, columns: Columns) -> tuple[int, dict[str, int]]:
    """Return the number of the header line and the place of every column in it."""
    lines = sheet.lines[:_HEADER_WITHIN]
    found = [_places(cells, columns.needed) for _, cells in lines]
    best = max(range(len(lines)), key=lambda i: len(found[i]), default=None)
    if best is None or len(found[best]) < 2:
        names = ", ".join(spellings[0] for spellings in columns.needed.values())
        raise DataError(
            f"{path}: no header line with the columns {names} is among the first {_HEADER_WITHIN} rows; is this the "
            "annotation file of the database? correct dataset.table or dataset.sheet"
        )
    number, cells = lines[best]
    missing = [spellings[0] for name, spellings in columns.needed.items() if name not in found[best]]
    if missing:
        raise DataError(
            f"{path}: column {', '.join(missing)} is missing; the header in row {number} has "
            f"{', '.join(cell for cell in cells if cell)}: give the column its name back"
        )
    _require_one_place(path, number, cells, columns)
    return number, found[best] | _places(cells, columns.optional)


def _same_header(cells: Sequence[str], places: Mapping[str, int], columns: Columns) -> bool:
    return _places(cells, columns.needed) == {name: places[name] for name in columns.needed}


def _require_one_place(path: Path, header: int, cells: Sequence[str], columns: Columns) -> None:
    """Refuse a header in which two columns fit one name: either could be meant."""
    for spellings in (*columns.needed.values(), *columns.optional.values()):
        plain = {_plain(spelling) for spelling in spellings}
        fitting = [f"{get_column_letter(at)} ({cell})" for at, cell in enumerate(cells, 1) if _plain(cell) in plain]
        if len(fitting) > 1:
            raise DataError(
                f"{path}: columns {' and '.join(fitting)} of the header in row {header} can both be {spellings[0]!r}; "
                "rename or remove the wrong one"
            )


def _places(cells: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    plain = [_plain(cell) for cell in cells]
    spelt = {name: [_plain(spelling) for spelling in spellings] for name, spellings in columns.items()}
    return {name: plain.index(s[0]) for name, all_ in spelt.items() if (s := [x for x in all_ if x in plain])}


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
