"""Workbooks of the old format ``.xls``, in which some databases come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mer.dataset.cells import cell_fault
from mer.dataset.readers.workbook import Place, Sheet, cell_text, date_fault
from mer.dataset.tables import cell_name
from mer.errors import DataError

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Cell
    from xlrd.sheet import Sheet as OldSheet

__all__ = ["read_old_workbook"]


def read_old_workbook(path: Path) -> tuple[Sheet, ...]:
    """Read all sheets with cells of an ``.xls`` file.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    import io

    import xlrd

    try:
        # formatting_info tells which cells are merged and which rows are hidden; xlrd would log to the console.
        book = xlrd.open_workbook(str(path), formatting_info=True, logfile=io.StringIO())
        return tuple(_sheet(book, sheet) for sheet in book.sheets())
    except OSError as error:
        raise DataError(f"{path}: the table cannot be read ({error.strerror}); check the path") from error
    except Exception as error:  # what xlrd raises for a broken file is of many kinds and named nowhere
        raise DataError(
            f"{path}: no workbook of the old format .xls can be read from it ({error}); save it as .xlsx without a "
            "password, or copy it again"
        ) from error


def _sheet(book: Book, sheet: OldSheet) -> Sheet:
    rows = [sheet.row(row) for row in range(sheet.nrows)]
    texts = [[_text(book, cell) for cell in cells] for cells in rows]
    filled, alone = _merged(sheet, texts)
    used = {row for row, cells in enumerate(texts) if any(cells)}
    faults = {
        (row + 1, column): fault
        for row in used
        for column, cell in enumerate(rows[row])
        if (fault := _fault(cell, texts[row][column]))
    }
    return Sheet(
        name=sheet.name,
        lines=tuple((row + 1, texts[row]) for row in sorted(used)),
        faults=faults | alone,
        filled={place: area for place, area in filled.items() if place[0] - 1 in used},
        hidden=frozenset(row + 1 for row, facts in sheet.rowinfo_map.items() if facts.hidden),
        hidden_columns=frozenset(column for column, facts in sheet.colinfo_map.items() if facts.hidden),
        visible=sheet.visibility == 0,
    )


def _merged(sheet: OldSheet, texts: list[list[str]]) -> tuple[dict[Place, str], dict[Place, str]]:
    """Fill the cells that are merged from top to bottom; return these with their range, and faults of the others."""
    filled: dict[Place, str] = {}
    faults: dict[Place, str] = {}
    for top, below, left, right in sheet.merged_cells:
        area = f"{cell_name(top + 1, left)}:{cell_name(below, right - 1)}"
        for row in range(top, below):
            for column in range(left, right):
                if (row, column) == (top, left):
                    continue
                if right - left == 1:
                    texts[row][column] = texts[top][column]
                    filled[row + 1, column] = area
                else:
                    faults[row + 1, column] = f"is a part of the merged cells {area}; unmerge them and fill in each"
    return filled, faults


def _text(book: Book, cell: Cell) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(int(cell.value), "#N/A"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return cell_text(xlrd.xldate_as_datetime(float(cell.value), book.datemode))
        except (ValueError, OverflowError):
            return cell_text(cell.value)
    return cell_text(cell.value)


def _fault(cell: Cell, text: str) -> str:
    import xlrd

    return date_fault(text) if cell.ctype == xlrd.XL_CELL_DATE else cell_fault(text)
