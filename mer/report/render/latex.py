"""The tables of a document as LaTeX: the paper's table, the others, and an appendix, each in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml

from mer.errors import ConfigError
from mer.report.render.document import Column, Document, Item, Row, Table

__all__ = ["FILES", "columns", "files", "read_words", "stacked"]

FILES = ("table.tex", "tables.tex", "appendix.tex")
_PAPER = re.compile(r"\d+-main")
_APPENDIX = re.compile(r"\d+-(cost|protocol|excluded|short|settings|tally|clips)|versions|left-out")
_NAME = re.compile(r"[A-Za-z][\w.@]*")
_BROKEN = 60  # letters after which LaTeX breaks a column of words into lines
_PAGE = 95  # letters that a page of LaTeX holds side by side


def files(document: Document, words: Mapping[str, str]) -> dict[str, list[Table]]:
    """Return the tables of every file, with words for the names of mer in them.

    Parameters
    ----------
    document : Document
    words : mapping of str to str
        A user's own, see `read_words`.
    """
    known = {**_words(), **words}
    found: dict[str, list[Table]] = {name: [] for name in FILES}
    for table in document.tables:
        place = 0 if _PAPER.fullmatch(table.key) else 2 if _APPENDIX.fullmatch(table.key) else 1
        # Commands, versions and reasons stay as they are: they are typed or looked up.
        found[FILES[place]].append(table if place == 2 else _worded(table, known))
    return found


def read_words(path: Path) -> dict[str, str]:
    """Read words for names: a YAML file with one ``name: words`` per line.

    Raises
    ------
    ConfigError
        If it cannot be read, or holds something else.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"names={path}: cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(found, dict) or any(isinstance(text, dict | list) for text in found.values()):
        raise ConfigError(f"names={path}: write one name and its words per line, such as improved_hoof: improved HOOF")
    return {str(name): str(text) for name, text in found.items()}


def columns(table: Table) -> str:
    """Return LaTeX's letters for the columns; long words break."""
    widest = [max((len(row.items[i].shown) for row in table.rows), default=0) for i in range(len(table.columns))]
    broken = r">{\raggedright\arraybackslash}p{0.55\textwidth}"
    kinds = (
        "r" if column.numeric else broken if width > _BROKEN else "l"
        for column, width in zip(table.columns, widest, strict=True)
    )
    return f"@{{}}{''.join(kinds)}@{{}}"


def stacked(table: Table) -> bool:
    """Return whether intervals stand below their scores: side by side, the table is wider than a page."""
    letters = sum(
        max([len(c.head), *(len(row.items[i].shown) for row in table.rows)]) for i, c in enumerate(table.columns)
    )
    return letters + 3 * len(table.columns) > _PAGE and any(item.interval for row in table.rows for item in row.items)


@cache
def _words() -> Mapping[str, str]:
    return read_words(Path(__file__).with_name("words.yaml"))


def _worded(table: Table, words: Mapping[str, str]) -> Table:
    heads = [replace(column, head=_text(column.head, words)) for column in table.columns]
    rows = [replace(row, items=_items(row, table.columns, words)) for row in table.rows]
    return replace(table, columns=tuple(heads), rows=tuple(rows))


def _items(row: Row, heads: Sequence[Column], words: Mapping[str, str]) -> tuple[Item, ...]:
    return tuple(
        item if column.numeric else replace(item, text=_text(item.text, words))
        for item, column in zip(row.items, heads, strict=True)
    )


def _text(text: str, words: Mapping[str, str]) -> str:
    """Replace names by their words; a name without words loses its underscores."""
    return words.get(text) or _NAME.sub(lambda name: _word(name.group(), words), text)


def _word(name: str, words: Mapping[str, str]) -> str:
    if name in words:
        return words[name]
    group, _, last = name.rpartition(".")
    if group and last in words:
        return words[last]
    return name.replace("_", " ")
