"""A document as Markdown, with tables as GitHub and GitLab show them."""

from __future__ import annotations

import re

from mer.report.document import Block, Code, Document, Figure, Heading, Item, Table, Text

__all__ = ["to_markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$&])")


def to_markdown(document: Document) -> str:
    """Return the whole report; its figures are the files in figures/."""
    return "\n\n".join([f"# {escape(document.title)}", *(_block(block) for block in document.blocks)]) + "\n"


def escape(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    return " ".join(_SPECIAL.sub(r"\\\1", text).split())


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * (block.level + 1)} {escape(block.text)}"
    if isinstance(block, Text):
        return escape(block.text)
    if isinstance(block, Code):
        return f"```console\n{block.text}\n```"
    if isinstance(block, Figure):
        return f"![{escape(block.caption)}](figures/{block.stem}.png)\n\n*{escape(block.caption)}*"
    return _table(block)


def _table(table: Table) -> str:
    rows = [[escape(column.head) for column in table.columns]]
    rows += [[_item(item) for item in row.items] for row in table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    right = [column.numeric for column in table.columns]

    def line(cells: list[str]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = "|".join(f"{'-' * (w + 1)}:" if r else "-" * (w + 2) for w, r in zip(widths, right, strict=True))
    notes = [f"{escape(note)}  " for note in table.notes]
    return "\n".join(
        [f"**{escape(table.caption)}**", "", line(rows[0]), f"|{rule}|", *map(line, rows[1:]), "", *notes]
    ).rstrip()


def _item(item: Item) -> str:
    text = escape(item.text)
    if item.mark == "best":
        text = f"**{text}**"
    elif item.mark == "tied":
        text += "†"
    return f"{text} {escape(item.interval)}".strip()
