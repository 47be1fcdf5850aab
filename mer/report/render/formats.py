"""A document as files: one for each reader, all from the same cells of the same tables."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup
from tabulate import tabulate

from mer.report.render import escape
from mer.report.render.document import Block, Code, Document, Figure, Heading, Item, Table, Text
from mer.report.render.latex import columns, files, stacked

__all__ = ["foreign_letters", "heads_of", "write"]

_TEMPLATES = jinja2.FileSystemLoader(Path(__file__).with_name("templates"))
_KINDS = {"heading": Heading, "text": Text, "code": Code, "figure": Figure}
_PAGE_PT = 504.0
_WIDE_PT = 320  # a figure for a whole page: a phone scrolls it instead of shrinking it
_WORD = 16  # letters below which a column of words seldom shrinks
_PHONE = 50  # letters that a phone shows side by side


def write(
    document: Document,
    folder: Path,
    *,
    cells: Sequence[Mapping[str, Any]] = (),
    words: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write report.html, report.md, the LaTeX files, results.csv, report.json and, where there are `cells`, cells.csv.

    Parameters
    ----------
    document : Document
        Its figures are in ``folder/figures`` already.
    folder : Path
    cells : sequence of mapping
        One flat row per run.
    words : mapping of str to str
        Words for the names in the LaTeX tables, see `mer.report.render.latex`.
    """
    plain, page = _environment(), _environment(autoescape=True)
    page.globals["embedded"] = partial(_embedded, folder / "figures")
    latex = _environment(
        block_start_string="<%", block_end_string="%>", variable_start_string="<<", variable_end_string=">>",
        comment_start_string="<#", comment_end_string="#>",
    )  # fmt: skip
    for environment, template in ((page, "report.html"), (plain, "report.md")):
        text = environment.get_template(f"{template}.j2").render(document=document)
        (folder / template).write_text(text.rstrip() + "\n", encoding="utf-8")
    for name, tables in files(document, words).items():
        text = latex.get_template("tables.tex.j2").render(name=name, tables=tables)
        (folder / name).write_text(text.rstrip() + "\n", encoding="utf-8")
    results = pd.DataFrame([row for table in document.tables for row in _results(table)])
    results.to_csv(folder / "results.csv", index=False, lineterminator="\n")
    whole = {"title": document.title, "tables": [_json(table) for table in document.tables], "cells": list(cells)}
    (folder / "report.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if cells:
        pd.DataFrame(cells).to_csv(folder / "cells.csv", index=False, lineterminator="\n")


def heads_of(table: Table) -> list[str]:
    """Return the heads of the columns, made unique by what precedes them: the second ``p`` is ``ΔUAR p``."""
    heads: list[str] = []
    group = ""
    for column in table.columns:
        group = column.head if column.head.startswith("Δ") else group
        inside = column.head in ("p", "p Holm") and group
        heads.append(f"{group} {column.head}" if inside else column.head)
    return heads


def foreign_letters(tables: Sequence[Table]) -> str:
    """Return the letters of tables that pdfLaTeX cannot print, each once."""
    return escape.foreign(json.dumps([_json(table) for table in tables], ensure_ascii=False))


def _environment(*, autoescape: bool = False, **delimiters: Any) -> jinja2.Environment:
    made = jinja2.Environment(loader=_TEMPLATES, autoescape=autoescape, undefined=jinja2.StrictUndefined, **delimiters)
    filters: dict[str, Callable[..., Any]] = {
        "md": escape.markdown,
        "tex": escape.tex,
        "foreign_letters": foreign_letters,
        "label": lambda key: re.sub("[^a-z0-9-]", "-", key),
        "pipe_table": _pipe_table,
        "columns": columns,
        "contents": _contents,
    }
    made.filters.update(filters)
    tests: dict[str, Callable[..., bool]] = {name: partial(_is, kind) for name, kind in _KINDS.items()}
    made.tests.update(tests | {"stacked": stacked, "broad": _broad})
    return made


def _is(kind: type, block: object) -> bool:
    return isinstance(block, kind)


def _embedded(figures: Path, figure: Figure) -> dict[str, Any]:
    """Return a figure as a data address, with the width at which it stays as readable as in a journal's column."""
    drawn = figures / f"{figure.stem}.svg"
    vector = drawn.exists()
    data = (drawn if vector else drawn.with_suffix(".png")).read_bytes()
    width = float(re.findall(rb'width="([\d.]+)pt', data[:2000])[0]) if vector else _PAGE_PT
    source = f"data:image/{'svg+xml' if vector else 'png'};base64,{base64.b64encode(data).decode()}"
    return {"source": Markup(source), "width": round(width * 1.75), "wide": width > _WIDE_PT}


def _pipe_table(table: Table) -> str:
    rows = [[_marked(item) for item in row.items] for row in table.rows]
    heads = [escape.markdown(column.head) for column in table.columns]
    align = ["right" if column.numeric else "left" for column in table.columns]
    return tabulate(rows, heads, tablefmt="pipe", colalign=align, disable_numparse=True)


def _marked(item: Item) -> str:
    text = escape.markdown(item.text)
    text = {"best": f"**{text}**", "tied": f"{text}†"}.get(item.mark, text)
    return f"{text} {escape.markdown(item.interval)}".strip()


def _contents(blocks: Sequence[Block]) -> list[tuple[str, int, str]]:
    """Return anchor, level and text of every heading; headings of the same text get different anchors."""
    found: list[tuple[str, int, str]] = []
    used: Counter[str] = Counter()
    for block in blocks:
        if isinstance(block, Heading):
            plain = re.sub(r"[^\w]+", "-", block.text.lower()).strip("-") or "part"
            used[plain] += 1
            found.append((plain if used[plain] == 1 else f"{plain}-{used[plain]}", block.level, block.text))
    return found


def _broad(table: Table) -> bool:
    """Return whether a phone has to scroll a table sideways."""
    letters = 0
    for i, column in enumerate(table.columns):
        widest = max([len(column.head), *(max(len(r.items[i].text), len(r.items[i].interval)) for r in table.rows)])
        letters += widest if column.numeric else min(widest, _WORD)  # words break into lines
    return letters + 2 * len(table.columns) > _PHONE


def _results(table: Table) -> list[dict[str, Any]]:
    return [
        {"table": table.key, "row": row.name, "column": head}
        | {"value": item.value, "low": item.low, "high": item.high, "shown": item.shown}
        for row in table.rows
        for head, item in zip(heads_of(table), row.items, strict=True)
        if item.shown
    ]


def _json(table: Table) -> dict[str, Any]:
    heads = heads_of(table)
    rows = [
        {
            "name": row.name,
            "cells": {
                head: {"shown": item.shown, "value": item.value, "low": item.low, "high": item.high, "mark": item.mark}
                for head, item in zip(heads, row.items, strict=True)
            },
        }
        for row in table.rows
    ]
    return {"key": table.key, "caption": table.caption, "notes": list(table.notes), "rows": rows}
