"""Spreadsheets as text: every sheet of a workbook, or the one of a CSV, as numbered lines of cells."""

from __future__ import annotations

import unicodedata
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mer.dataset.tables import read_lines
from mer.errors import DataError
from mer.validation import user_path

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Line", "Sheet", "find_table", "read_sheets"]

Line = tuple[int, Sequence[str]]
_SUFFIXES = (".xlsx", ".xlsm", ".csv")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One sheet.

    Attributes
    ----------
    name : str
        Empty for a CSV.
    lines : tuple of (int, sequence of str)
        The lines that are not blank, each with its number as the spreadsheet program shows it. A cell with a formula
        whose value the file does not hold is the formula.
    hidden : frozenset of int
        Numbers of the lines that the spreadsheet program hides.
    """

    name: str
    lines: tuple[Line, ...]
    hidden: frozenset[int] = frozenset()


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """Read all sheets of an ``.xlsx`` file, or a CSV as one sheet.

    Raises
    ------
    DataError
        If the file is missing, of the old format ``.xls``, broken or empty.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such table; correct dataset.table, or copy the file there")
    if path.suffix.lower() == ".xls":
        raise DataError(f"{path}: the old Excel format .xls is not read; open it and save it as .xlsx or as CSV UTF-8")
    if path.suffix.lower() not in _SUFFIXES:
        raise DataError(f"{path}: not a table; dataset.table must be an .xlsx or .csv file")
    if path.suffix.lower() == ".csv":
        return (Sheet(name="", lines=tuple(read_lines(path))),)
    sheets = _read_workbook(path)
    if not any(sheet.lines for sheet in sheets):
        raise DataError(f"{path}: the workbook is empty; copy it again from the database")
    return sheets


def find_table(root: Path, given: str | None, patterns: Sequence[str], setting: str = "dataset.table") -> Path:
    """Return the annotation file: the one that is given, else the only one under the root with a known name.

    Raises
    ------
    DataError
        If there is none, or several that could be meant.
    """
    if given:
        path = user_path(setting, given)
        return path if path.is_file() else user_path(setting, given, base=root)
    found = {path for pattern in patterns for path in root.glob(pattern) if not path.name.startswith(("~$", "."))}
    names = sorted(found)
    if len(names) > 1:
        listed = ", ".join(path.name for path in names)
        raise DataError(f"{root} holds {len(names)} annotation files ({listed}); say which one with {setting}=NAME")
    if not names:
        raise DataError(
            f"{root}: no annotation file {' or '.join(patterns)} is there; copy it there, or name it with "
            f"{setting}=FILE"
        )
    return names[0]


def _read_workbook(path: Path) -> tuple[Sheet, ...]:
    import openpyxl

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that do not matter here
            values = openpyxl.load_workbook(file, data_only=True)
            formulas = openpyxl.load_workbook(file)
            return tuple(_sheet(sheet, formulas[sheet.title]) for sheet in values.worksheets)
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
    lines = (
        (number, [_cell_text(formula if value is None else value) for value, formula in zip(*pair, strict=True)])
        for number, pair in enumerate(both, start=1)
    )
    kept = tuple((number, cells) for number, cells in lines if any(cells))
    rows = values.row_dimensions
    unseen = values.sheet_state != "visible"
    return Sheet(
        name=values.title,
        lines=kept,
        hidden=frozenset(number for number, _ in kept if unseen or (number in rows and rows[number].hidden)),
    )


def _cell_text(value: object) -> str:
    """Return a cell as the user sees it: 12.0 is 12, full-width digits and commas are plain ones."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(unicodedata.normalize("NFKC", str(value)).split())
