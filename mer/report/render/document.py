"""A report before it has a format: text, tables, figures. What is shown and what is written to results.csv is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Block", "Code", "Column", "Document", "Figure", "Heading", "Item", "Row", "Table", "Text", "word"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One cell of a table.

    Attributes
    ----------
    text : str
        The text, such as ``0.612``; empty where there is nothing.
    interval : str
        The interval, such as ``[0.541, 0.683]``.
    value, low, high : float or None
        The numbers with all their digits; None in a cell of words.
    mark : {"", "best", "tied"}
    """

    text: str
    interval: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    mark: str = ""

    @property
    def shown(self) -> str:
        """All that a reader sees of it."""
        return f"{self.text} {self.interval}".strip()


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its head, and whether its cells are numbers, which are aligned to the right."""

    head: str
    numeric: bool = True


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row; `name` is what results.csv calls it, `rule` puts a line above it."""

    name: str
    items: tuple[Item, ...]
    rule: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table.

    Attributes
    ----------
    key : str
        Its name in results.csv and its label in LaTeX, such as ``1-main``.
    caption : str
    columns : tuple of Column
    rows : tuple of Row
    notes : tuple of str
        Sentences below it.
    folded : bool
        Whether a screen shows it on demand only.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    folded: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            assert len(row.items) == len(self.columns), (self.key, row.name)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure in ``figures/<stem>.svg``, ``.pdf`` and ``.png``; a photograph as ``.png`` alone."""

    stem: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading; level 1 is below the title."""

    level: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph without numbers of its own: those belong in tables."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Code:
    """Something to type."""

    text: str


Block = Heading | Text | Table | Figure | Code


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole report."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def tables(self) -> Sequence[Table]:
        """All tables, in order."""
        return [block for block in self.blocks if isinstance(block, Table)]


def word(text: object) -> Item:
    """Return a cell of words; a number among them is a name (a level of a factor), or a count that is exact."""
    number = float(text) if isinstance(text, int | float) and not isinstance(text, bool) else None
    return Item(text=str(text), value=number if number is None or math.isfinite(number) else None)
