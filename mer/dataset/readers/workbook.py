"""Workbooks of spreadsheet programs: their cells as text, and which of them are hidden, merged or hold no value."""

from __future__ import annotations

import unicodedata
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mer.dataset.cells import cell_fault
from mer.errors import DataError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Line", "Sheet", "read_workbook"]

Line = tuple[int, Sequence[str]]
Place = tuple[int, int]  # number of the line and place in it, from 0
_OLD = b"\xd0\xcf\x11\xe0"  # how files of the old format begin, and those with a password


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One sheet.

    Attributes
    ----------
    name : str
        Empty for a CSV.
    lines : tuple of (int, sequence of str)
        The lines that are not blank, each with its number as the spreadsheet program shows it. Cells that are merged
        from top to bottom all have the value of the first.
    faults : mapping of (int, int) to str
        Line and place, from 0, of a cell that holds no plain value → what it holds, and the next step.
    filled : mapping of (int, int) to str
        Line and place of a cell that has its value from merged cells → the range of those, such as ``A2:A4``.
    hidden : frozenset of int
        Numbers of the lines that the spreadsheet program hides.
    hidden_columns : frozenset of int
        Places, from 0.
    visible : bool
        Whether the spreadsheet program shows the sheet.
    """

    name: str
    lines: tuple[Line, ...]
    faults: Mapping[Place, str] = field(default_factory=dict)
    filled: Mapping[Place, str] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    visible: bool = True


def read_workbook(path: Path) -> tuple[Sheet, ...]:
    """Read all sheets with cells of an ``.xlsx`` file.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    import openpyxl

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that do not matter here
            if file.read(len(_OLD)) == _OLD:
                raise DataError(
                    f"{path}: an Excel file of the old format .xls, or one with a password; open it and save it as "
                    ".xlsx without a password"
                )
            values = openpyxl.load_workbook(file, data_only=True)
            formulas = openpyxl.load_workbook(file)
            return tuple(_sheet(sheet, formulas[sheet.title]) for sheet in values.worksheets)
    except DataError:
        raise
    except OSError as error:
        if not isinstance(error, zipfile.BadZipFile) and error.strerror:
            raise DataError(f"{path}: the table cannot be read ({error.strerror}); check the path") from error
        raise DataError(_broken(path)) from error
    except Exception as error:  # what openpyxl raises for a broken file is of many kinds and named nowhere
        raise DataError(_broken(path)) from error


def _broken(path: Path) -> str:
    return f"{path}: no Excel workbook can be read from it; it is cut short or of another format: copy it again"


def _sheet(values: Worksheet, formulas: Worksheet) -> Sheet:
    both = zip(values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True)
    faults: dict[Place, str] = {}
    lines: list[tuple[int, list[str]]] = []
    for number, pair in enumerate(both, start=1):
        cells = []
        for place, (value, formula) in enumerate(zip(*pair, strict=True)):
            cells.append(_cell_text(_formula(formula) if value is None else value))
            if fault := _fault(value, cells[-1]):
                faults[number, place] = fault
        if any(cells):
            lines.append((number, cells))
    filled, alone = _merged(values)
    by_number = dict(lines)
    for (number, place), (_, first) in filled.items():
        if number in by_number:  # a line that has nothing of its own stays blank
            by_number[number][place] = by_number.get(first, {place: ""})[place]
    return Sheet(
        name=values.title,
        lines=tuple(lines),
        faults=faults | alone,
        filled={place: area for place, (area, _) in filled.items() if place[0] in by_number},
        hidden=frozenset(number for number, row in values.row_dimensions.items() if row.hidden or row.height == 0),
        hidden_columns=frozenset(_hidden_columns(values)),
        visible=values.sheet_state == "visible",
    )


def _merged(values: Worksheet) -> tuple[dict[Place, tuple[str, int]], dict[Place, str]]:
    """Return the merged cells of one column, each with its range and first line, and faults of the other merged cells.

    Only a value that is merged from top to bottom clearly belongs to each line.
    """
    filled: dict[Place, tuple[str, int]] = {}
    faults: dict[Place, str] = {}
    for area in values.merged_cells.ranges:
        for row, column in list(area.cells)[1:]:
            if area.min_col == area.max_col:
                filled[row, column - 1] = (area.coord, area.min_row)
            else:
                faults[row, column - 1] = f"is a part of the merged cells {area.coord}; unmerge them and fill in each"
    return filled, faults


def _hidden_columns(values: Worksheet) -> Iterator[int]:
    for column in values.column_dimensions.values():
        if column.hidden or column.width == 0:
            yield from range((column.min or 1) - 1, min(column.max or 1, values.max_column))


def _formula(cell: object) -> object:
    """Return the formula of a cell as text; array formulas are objects."""
    return cell if cell is None or isinstance(cell, str) else getattr(cell, "text", None) or "={...}"


def _fault(value: object, text: str) -> str:
    if isinstance(value, date | time | timedelta):
        shown = text.removesuffix(" 00:00:00")
        return f"holds the date {shown}; set the format of the cell to text or number and type the value again"
    return cell_fault(text)


def _cell_text(value: object) -> str:
    """Return a cell as the user sees it: 12.0 is 12, full-width digits and commas are plain ones."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(unicodedata.normalize("NFKC", str(value)).split())
