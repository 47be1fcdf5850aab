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

from openpyxl.utils.escape import unescape

from mer.dataset.cells import cell_fault
from mer.errors import DataError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Line", "Place", "Sheet", "cell_text", "date_fault", "read_workbook"]

Line = tuple[int, Sequence[str]]
Place = tuple[int, int]  # number of the line and place in it, from 0
_OLD = b"\xd0\xcf\x11\xe0"  # how files with a password begin, and those of the old format


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
                    f"{path}: an Excel file with a password, or one of the old format under the name of the new; open "
                    "it and save it as .xlsx without a password"
                )
            # Only a whole workbook says what is hidden; but its rows have a cell for each place up to the last that
            # has a format, of which a sheet can have 17 billion.
            whole = openpyxl.load_workbook(file)
            values = openpyxl.load_workbook(file, read_only=True, data_only=True)
            formulas = openpyxl.load_workbook(file, read_only=True)
            return tuple(_sheet(w, values[w.title], formulas[w.title]) for w in whole.worksheets)
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


def _sheet(whole: Worksheet, values: Worksheet, formulas: Worksheet) -> Sheet:
    lines: dict[int, list[str]] = {}
    faults: dict[Place, str] = {}
    for number, (row, formula_row) in enumerate(zip(_rows(values), _rows(formulas), strict=True), start=1):
        cells = [_formula(f) if v is None else v for v, f in zip(row, formula_row, strict=True)]
        texts = [cell_text(cell) for cell in cells]
        if any(texts):
            lines[number] = texts
            found = {(number, place): _fault(*both) for place, both in enumerate(zip(cells, texts, strict=True))}
            faults |= {place: fault for place, fault in found.items() if fault}
    filled, alone = _merged(whole)
    filled = {place: first for place, first in filled.items() if place[0] in lines}  # a line may stay blank
    for (number, place), (_, first) in filled.items():
        texts, above = lines[number], lines.get(first, [])
        texts += [""] * (place + 1 - len(texts))
        texts[place] = above[place] if place < len(above) else ""
    return Sheet(
        name=whole.title,
        lines=tuple(lines.items()),
        faults=faults | alone,
        filled={place: area for place, (area, _) in filled.items()},
        hidden=frozenset(number for number, row in whole.row_dimensions.items() if row.hidden or row.height == 0),
        hidden_columns=frozenset(_hidden_columns(whole)),
        visible=whole.sheet_state == "visible",
    )


def _rows(sheet: Worksheet) -> Iterator[tuple[object, ...]]:
    """Yield the values of each row up to its last cell; the size that a file names itself is often wrong."""
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # of sheets that are read only
    return sheet.iter_rows(values_only=True)


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
    return date_fault(text) if isinstance(value, date | time | timedelta) else cell_fault(text)


def date_fault(text: str) -> str:
    """Return what is wrong with a cell that is a date, and the next step; a sentence without its subject."""
    shown = text.removesuffix(" 00:00:00")
    return f"holds the date {shown}; set the format of the cell to text or number and type the value again"


def cell_text(value: object) -> str:
    """Return a cell as the user sees it: 12.0 is 12, full-width digits and commas are plain ones."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(unicodedata.normalize("NFKC", unescape(str(value))).split())
