"""Spreadsheets as text: every sheet of a workbook, or the one of a CSV, as numbered lines of cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mer.dataset.cells import cell_fault
from mer.dataset.readers.old_workbook import read_old_workbook
from mer.dataset.readers.workbook import Line, Sheet, read_workbook
from mer.dataset.tables import read_lines
from mer.errors import DataError
from mer.validation import user_path

__all__ = ["Line", "Sheet", "chosen_sheet", "find_table", "read_sheets"]

_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".csv")


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """Read all sheets of an ``.xlsx`` or ``.xls`` file, or a CSV as one sheet.

    Raises
    ------
    DataError
        If the file is missing, broken or empty.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such table; correct dataset.table, or copy the file there")
    if path.suffix.lower() not in _SUFFIXES:
        raise DataError(f"{path}: not a table; dataset.table must be an .xlsx, .xls or .csv file")
    if path.suffix.lower() == ".csv":
        lines = tuple(read_lines(path))
        found = {(number, at): cell_fault(cell) for number, cells in lines for at, cell in enumerate(cells)}
        return (Sheet(name="", lines=lines, faults={place: fault for place, fault in found.items() if fault}),)
    sheets = read_old_workbook(path) if path.suffix.lower() == ".xls" else read_workbook(path)
    if not any(sheet.lines for sheet in sheets):
        raise DataError(f"{path}: the workbook is empty; copy it again from the database")
    return sheets


def chosen_sheet(path: Path, sheets: Sequence[Sheet], name: str) -> Sheet:
    """Return the sheet of that name.

    Raises
    ------
    DataError
        If there is none.
    """
    by_name = {sheet.name: sheet for sheet in sheets}
    if name not in by_name:
        raise DataError(f"{path}: there is no sheet {name!r}; there are {', '.join(by_name)}: correct dataset.sheet")
    return by_name[name]


def find_table(root: Path, given: str | None, patterns: Sequence[str], setting: str = "dataset.table") -> Path:
    """Return the annotation file: the one that is given, else the only one with a known name, in whatever case.

    It is looked for in the root, then in the folders of the root.

    Raises
    ------
    DataError
        If there is none, or several that could be meant.
    """
    if given:
        path = user_path(setting, given)
        return path if path.is_file() else user_path(setting, given, base=root)
    names = _matching(root, patterns) or _matching(root, [f"*/{pattern}" for pattern in patterns])
    if len(names) > 1:
        listed = ", ".join(str(path.relative_to(root)) for path in names)
        raise DataError(f"{root} holds {len(names)} annotation files ({listed}); say which one with {setting}=NAME")
    if not names:
        raise DataError(
            f"{root}: no annotation file {' or '.join(patterns)} is there; copy it there, or name it with "
            f"{setting}=FILE"
        )
    return names[0]


def _matching(root: Path, patterns: Sequence[str]) -> list[Path]:
    """Return the files that fit a pattern, whatever their case; not the lock files of spreadsheet programs."""
    found = {path for pattern in patterns for path in root.glob(re.sub("[A-Za-z]", _either_case, pattern))}
    return sorted(path for path in found if not path.name.startswith(("~$", ".")))


def _either_case(letter: re.Match[str]) -> str:
    return f"[{letter[0].lower()}{letter[0].upper()}]"
