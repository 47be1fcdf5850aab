"""A document as files: one for each reader, all from the same cells of the same tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mer.report.document import Document, Table
from mer.report.html import to_html
from mer.report.latex import to_latex
from mer.report.markdown import to_markdown

__all__ = ["write"]

_RESULTS = ("table", "row", "column", "value", "low", "high", "shown")


def write(document: Document, folder: Path, *, cells: Sequence[Mapping[str, Any]] = ()) -> None:
    """Write report.html, report.md, tables.tex, results.csv, report.json and, where there are `cells`, cells.csv.

    Parameters
    ----------
    document : Document
        Its figures lie in ``folder/figures`` already.
    folder : Path
    cells : sequence of mapping
        One flat row a run.
    """
    (folder / "report.html").write_text(to_html(document, folder / "figures"), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(document), encoding="utf-8")
    (folder / "tables.tex").write_text(to_latex(document), encoding="utf-8")
    _csv(folder / "results.csv", _RESULTS, [row for table in document.tables for row in _results(table)])
    whole = {"title": document.title, "tables": [_json(table) for table in document.tables], "cells": list(cells)}
    (folder / "report.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if cells:
        heads = list(dict.fromkeys(key for cell in cells for key in cell))
        _csv(folder / "cells.csv", heads, [[_plain(cell.get(key)) for key in heads] for cell in cells])


def _results(table: Table) -> list[list[str]]:
    heads = heads_of(table)
    return [
        [table.key, row.name, head, _plain(item.value), _plain(item.low), _plain(item.high), item.shown]
        for row in table.rows
        for head, item in zip(heads, row.items, strict=True)
        if item.shown
    ]


def heads_of(table: Table) -> list[str]:
    """Return the heads of the columns, made unique by what stands before: the second ``p`` is ``ΔUAR p``."""
    heads: list[str] = []
    group = ""
    for column in table.columns:
        group = column.head if column.head.startswith("Δ") else group
        inside = column.head in ("p", "p Holm") and group
        heads.append(f"{group} {column.head}" if inside else column.head)
    return heads


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


def _csv(path: Path, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([heads, *rows])


def _plain(value: Any) -> str:
    """Return a number with all its digits."""
    return "" if value is None else repr(float(value)) if isinstance(value, float) else str(value)
