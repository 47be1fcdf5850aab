"""Text tables as users save them: comma, semicolon or tab, UTF-8 with or without mark, UTF-16 from a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mer.dataset.cells import cell_fault, plain_cell, require_visible
from mer.errors import DataError, first_of

__all__ = ["Row", "Table", "cell_name", "header_again", "read_lines", "read_table", "text_lines"]

_BOOKS = {b"PK\x03\x04": "an Excel or OpenDocument workbook", b"\xd0\xcf\x11\xe0": "a workbook of the old format .xls"}

_SHOWN = 20  # columns in a message


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    where : str
        Such as ``row 41 of table.csv``, counted as a spreadsheet does: the header is row 1.
    cells : mapping of str to str
        Column → text without blanks around it; a cell that is not there is empty.
    faults : mapping of str to str
        Column → what is wrong with the cell, with its name and the next step: a formula or an error, not a value.
    hidden : str
        The sheet in which a spreadsheet program hides the row; empty where it is shown.
    remarks : tuple of str
        What a user should know of the table that the row is from, each with its next step.
    """

    where: str
    cells: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    hidden: str = ""
    remarks: tuple[str, ...] = ()

    def __getitem__(self, column: str) -> str:
        """Return the text of a cell; empty for an optional column that the table does not have."""
        return self.cells.get(column, "")

    def require_values(self, columns: Iterable[str] | None = None) -> None:
        """Raise DataError for a cell, in any of the columns, that holds no value; None means all columns."""
        wanted = self.cells if columns is None else columns
        fault = next((self.faults[column] for column in wanted if column in self.faults), "")
        if fault:
            raise DataError(fault)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a header line; blank lines are left out.

    Attributes
    ----------
    path : Path
    columns : tuple of str
        Lower case.
    rows : tuple of Row
    remarks : tuple of str
        What a user should know of the table, each with its next step.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """The first names of the columns, for messages."""
        return first_of([name if name.isprintable() else ascii(name) for name in self.columns], _SHOWN)

    def require(self, columns: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Raise DataError for a column that is missing or occurs twice, an invisible character, or a header alone."""
        needed = tuple(columns)
        used = (*needed, *(column for column in optional if column in self.columns))
        for column in self.columns:
            require_visible(str(self.path), "column name", column)
        missing = [column for column in needed if column not in self.columns]
        if missing:
            raise DataError(f"{self.path}: column {first_of(missing, _SHOWN)} is missing; the header has {self.header}")
        twice = [column for column in used if self.columns.count(column) > 1]
        if twice:
            raise DataError(f"{self.path}: column {', '.join(twice)} occurs twice; rename or remove one")
        if not self.rows:
            raise DataError(f"{self.path}: no row follows the header; add one row per clip")
        for row in self.rows:
            for column in used:
                require_visible(f"{self.path}: {row.where}", column, row[column])


def read_table(path: Path) -> Table:
    """Read a text table; the separator is the one of ``, ; tab`` that is most frequent in the header.

    Raises
    ------
    DataError
        If the file is missing, empty, not Unicode text, or has a row with more cells than the header.
    """
    (_, columns), *rest = read_lines(path)
    names = tuple(column.lower() for column in columns)
    again = [number for number, cells in rest if [cell.lower() for cell in cells] == list(names)]
    rows = tuple(_row(path, names, number, cells) for number, cells in rest if number not in again)
    return Table(path=path, columns=names, rows=rows, remarks=header_again(path, again))


def header_again(path: Path, numbers: Sequence[int]) -> tuple[str, ...]:
    """Return a remark on rows that repeat the header, which tables have that were put together of several."""
    if not numbers:
        return ()
    rows = f"row{'s' if len(numbers) > 1 else ''} {first_of(numbers, 3)} of {path.name}"
    return (f"{rows}: the header is repeated, so no clip is read there; delete it",)


def cell_name(number: int, column: int) -> str:
    """Return the name of a cell as spreadsheet programs show it, ``D7`` for row 7 and column 3, counted from 0."""
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column + 1)}{number}"


def read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return the lines of a text table that are not blank, each with its number and its cells without outer blanks.

    Raises
    ------
    DataError
        If the file is missing, empty or not Unicode text.
    """
    text, separator = _separated(_text(path))
    header = next((line for line in text.splitlines() if line.strip()), "")
    if not header:
        raise DataError(f"{path}: the table is empty; it needs a header line and one row per clip")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator or max(",;\t", key=header.count))
    try:
        lines = [(number, [plain_cell(cell) for cell in cells]) for number, cells in enumerate(reader, start=1)]
    except csv.Error as error:
        raise DataError(f"{path}: not a table ({error}); save it as CSV") from error
    return [(number, cells) for number, cells in lines if any(cells)]


def text_lines(path: Path, where: str, no_text: str) -> list[tuple[int, str]]:
    """Return the lines of a list in a UTF-8 text file that are not blank, each with its number, without outer blanks.

    Parameters
    ----------
    path : Path
    where, no_text : str
        Of the messages: how they begin, and what is said of a file that is no text, with the next step.

    Raises
    ------
    DataError
        If the file is missing or no UTF-8 text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{where}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: {no_text}") from error
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _separated(text: str) -> tuple[str, str]:
    """Return a text without a first line such as ``sep=;``, which Excel writes, and the separator that it names."""
    found = re.match(r'"?sep=(.)"?[ ,;\t]*(\r\n|\n|\r)', text, re.IGNORECASE)
    return (text[found.end() :], found.group(1)) if found else (text, "")


def _row(path: Path, columns: tuple[str, ...], number: int, cells: list[str]) -> Row:
    if any(cells[len(columns) :]):
        raise DataError(
            f"row {number} of {path} has {len(cells)} cells, but the header has {len(columns)}; "
            "put quotes around text that holds the separator"
        )
    faults = {
        column: f"cell {cell_name(number, place)} ({column}) {fault}"
        for place, (column, cell) in enumerate(zip(columns, cells, strict=False))
        if (fault := cell_fault(cell))
    }
    return Row(where=f"row {number} of {path.name}", cells=dict(zip(columns, cells, strict=False)), faults=faults)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: the table cannot be read ({error.strerror}); check the path") from error
    book = next((kind for start, kind in _BOOKS.items() if data.startswith(start)), "")
    if book:
        raise DataError(f"{path}: {book} is no text; save it as 'CSV UTF-8' in the spreadsheet program")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: not UTF-8 text (byte {error.start + 1}); save it as 'CSV UTF-8' in the spreadsheet program"
        ) from error
    if "\0" in text:
        raise DataError(
            f"{path}: the text has zero bytes, as UTF-16 without its mark or a damaged file has; save it as "
            "'CSV UTF-8' in the spreadsheet program"
        )
    return text
