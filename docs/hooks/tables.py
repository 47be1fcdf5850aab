"""Appends tables that mer itself holds: the known mistakes of each database, and the schema of predictions."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

import mer

_PACKAGE = Path(mer.__file__).parent
_MISTAKES = """
## Known mistakes of the table

An entry is used only where the table has the old value; *invalid* stands for anything that is no frame number or breaks
onset < apex < offset. `mer data check` and `protocol.json` say which were used; the source of each is in
`mer/dataset/readers/patches/`. `dataset.patches=FILE` uses your own list, `dataset.patches=null` none.

| clip | field | old | new | reason |
|---|---|---|---|---|
"""
_PREDICTIONS = """
## Predictions

### predictions.jsonl

One JSON object per interval, as `mer predict` writes it. `predictions.csv` has the same without lists.

| field | type | content |
|---|---|---|
"""


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Append the table of the page, if it has one."""
    name = PurePosixPath(page.file.src_uri)
    if name.parts[0] == "databases":
        return markdown + _mistakes(name.stem)
    if name.as_posix() == "reference/files.md":
        return markdown + _PREDICTIONS + "\n".join(_fields(_schema(), "")) + "\n"
    return markdown


def _mistakes(database: str) -> str:
    file = _PACKAGE / "dataset" / "readers" / "patches" / f"{database}.yaml"
    entries = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else []
    return _MISTAKES + "\n".join(map(_row, entries)) + "\n" if entries else ""


def _row(entry: dict[str, Any]) -> str:
    clip = " ".join(str(entry[key]) for key in ("subject", "clip") if key in entry)
    clip += f", onset {entry['onset']}" if "onset" in entry else ""  # several events have one name
    return f"| {clip} | {entry['field']} | {entry['old']} | {entry['new']} | {entry['reason']} |"


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((_PACKAGE / "model" / "prediction.schema.json").read_text(encoding="utf-8"))
    return schema


def _fields(node: dict[str, Any], before: str) -> list[str]:
    """Return a row per field of an object, those of the objects in a list below it."""
    rows = []
    for name, field in node.get("properties", {}).items():
        kind = field.get("type") or ", ".join(map(str, field.get("enum", [field.get("const", "")])))
        shown = kind if isinstance(kind, str) else " or ".join(kind)
        rows.append(f"| `{before}{name}` | {shown} | {field.get('description', '')} |")
        rows += _fields(field.get("items", {}), f"{before}{name}[].")
    return rows
