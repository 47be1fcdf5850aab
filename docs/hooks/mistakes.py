"""Appends the known mistakes of its table to the page of each database, from the list that the reader uses."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import yaml

import mer

_LISTS = Path(mer.__file__).parent / "dataset" / "readers" / "patches"
_HEAD = """
## Known mistakes of the table

An entry is used only where the table has the old value; *invalid* stands for anything that is no frame number or breaks
onset < apex < offset. `mer data check` and `protocol.json` say which were used; the source of each is in
`mer/dataset/readers/patches/`. `dataset.patches=FILE` uses your own list, `dataset.patches=null` none.

| clip | field | old | new | reason |
|---|---|---|---|---|
"""


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Append the table where the page is that of a database with such a list."""
    name = PurePosixPath(page.file.src_uri)
    file = _LISTS / f"{name.stem}.yaml"
    entries = yaml.safe_load(file.read_text(encoding="utf-8")) if name.parts[0] == "databases" and file.exists() else []
    return markdown + _HEAD + "\n".join(map(_row, entries)) + "\n" if entries else markdown


def _row(entry: dict[str, Any]) -> str:
    clip = " ".join(str(entry[key]) for key in ("subject", "clip") if key in entry)
    clip += f", onset {entry['onset']}" if "onset" in entry else ""  # several events have one name
    return f"| {clip} | {entry['field']} | {entry['old']} | {entry['new']} | {entry['reason']} |"
