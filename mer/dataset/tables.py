"""Text tables as users save them: comma, semicolon or tab, UTF-8 with or without mark, UTF-16 from a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mer.errors import DataError

__all__ = ["Row", "Table", "read_lines", "read_table", "require_visible"]

_JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of words in several scripts


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    where : str
        Such as ``row 41 of table.csv``, counted as a spreadsheet does: the header is row 1.
    cells : mapping of str to str
        Column → text without blanks around it; a cell that is not there is empty.
    hidden : bool
        Whether a spreadsheet program hides the row.
    """

    where: str
    cells: Mapping[str, str]
    hidden: bool = False

    def __getitem__(self, column: str) -> str:
        """Return the text of a cell; empty for an optional column that the table does not have."""
        return self.cells.get(column, "")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a header line; blank lines are left out.

    Attributes
    ----------
    path : Path
    columns : tuple of str
        Lower case.
    rows : tuple of Row
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def require(self, columns: Iterable[str]) -> None:
        """Raise DataError for a column that is missing or occurs twice, an invisible character, or a header alone."""
        needed = tuple(columns)
        for column in self.columns:
            require_visible(str(self.path), "column name", column)
        missing = [column for column in needed if column not in self.columns]
        if missing:
            raise DataError(
                f"{self.path}: column {', '.join(missing)} is missing; the header has {', '.join(self.columns)}"
            )
        twice = [column for column in needed if self.columns.count(column) > 1]
        if twice:
            raise DataError(f"{self.path}: column {', '.join(twice)} occurs twice; rename or remove one")
        if not self.rows:
            raise DataError(f"{self.path}: no row follows the header; add one row per clip")
        for row in self.rows:
            for column in needed:
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
    return Table(path=path, columns=names, rows=tuple(_row(path, names, number, cells) for number, cells in rest))


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
        lines = [(number, [cell.strip() for cell in cells]) for number, cells in enumerate(reader, start=1)]
    except csv.Error as error:
        raise DataError(f"{path}: not a table ({error}); save it as CSV") from error
    return [(number, cells) for number, cells in lines if any(cells)]


def require_visible(where: str, what: str, text: str) -> None:
    """Raise DataError for a text with an invisible character, by which two equal-looking names differ."""
    unseen = next((c for c in text if unicodedata.category(c) == "Cf" and c not in _JOINERS), None)
    if unseen is not None:
        name = unicodedata.name(unseen, "without a name")
        raise DataError(f"{where}: {what} {text!r} has an invisible character, U+{ord(unseen):04X} {name}; delete it")


def _separated(text: str) -> tuple[str, str]:
    """Return a text without a first line such as ``sep=;``, which Excel writes, and the separator that it names."""
    found = re.match(r"sep=(.)[ ,;\t]*(\r\n|\n|\r)", text, re.IGNORECASE)
    return (text[found.end() :], found.group(1)) if found else (text, "")


def _row(path: Path, columns: tuple[str, ...], number: int, cells: list[str]) -> Row:
    if any(cells[len(columns) :]):
        raise DataError(
            f"row {number} of {path} has {len(cells)} cells, but the header has {len(columns)}; "
            "put quotes around text that holds the separator"
        )
    return Row(where=f"row {number} of {path.name}", cells=dict(zip(columns, cells, strict=False)))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: the table cannot be read ({error.strerror}); check the path") from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: not UTF-8 text (byte {error.start + 1}); save it as 'CSV UTF-8' in the spreadsheet program"
        ) from error
