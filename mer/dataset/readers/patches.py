"""Known mistakes of a database's table, as data: one entry a cell, used only where the mistake is really there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from mer.dataset.names import unpadded_name
from mer.dataset.tables import Row
from mer.errors import DataError
from mer.validation import user_path

__all__ = ["Patch", "apply_patches", "load_patches"]

_FIELDS = ("onset", "apex", "offset", "label", "action_units", "clip")
_KEYS = {"subject", "clip", "field", "old", "new", "reason", "source"}


@dataclass(frozen=True, kw_only=True)
class Patch:
    """One cell that is wrong.

    Attributes
    ----------
    subject, clip : str
        Which clip; case, blanks and zeros in front of numbers do not matter.
    onset : str
        Tells apart several events of one clip; empty where the clip has one.
    field : str
        Our name of the column.
    old : str
        Text of the cell that is expected, or ``invalid``: no frame number, or out of the order onset < apex < offset;
        of action units, a choice between two ("or").
    new : str
        Or ``withdrawn``: the authors have taken the whole row out of a later version, so that the clip is faulty.
    reason, source : str
    """

    subject: str
    clip: str
    onset: str
    field: str
    old: str
    new: str
    reason: str
    source: str

    @property
    def what(self) -> str:
        """Which cell, for a message."""
        event = f" (onset {self.onset})" if self.onset else ""
        return f"{self.subject}/{self.clip}{event}: {self.field}"


def load_patches(database: str, given: str | None) -> tuple[Patch, ...]:
    """Read the patches of a database: ``default`` those that ship with mer, null none, else a YAML of the user.

    Raises
    ------
    DataError
        If the file is missing or an entry is not complete.
    """
    if given is None:
        return ()
    shipped = Path(__file__).parent / "patches" / f"{database}.yaml"
    path = shipped if given == "default" else user_path("dataset.patches", given)
    if given == "default" and not path.is_file():
        return ()
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(
            f"dataset.patches={path}: cannot be read ({' '.join(str(error).split())}); correct the file"
        ) from error
    if not isinstance(entries, list):
        raise DataError(f"dataset.patches={path}: must be a list of entries with {', '.join(sorted(_KEYS))}")
    return tuple(_patch(path, number, entry) for number, entry in enumerate(entries, start=1))


def _patch(path: Path, number: int, entry: Any) -> Patch:
    missing = sorted(_KEYS - set(entry)) if isinstance(entry, Mapping) else sorted(_KEYS)
    if missing:
        raise DataError(f"dataset.patches={path}: entry {number} lacks {', '.join(missing)}; add it")
    if entry["field"] not in _FIELDS:
        raise DataError(
            f"dataset.patches={path}: entry {number} names the field {entry['field']}; it can be {', '.join(_FIELDS)}"
        )
    return Patch(onset=str(entry.get("onset", "")), **{key: str(entry[key]) for key in _KEYS})


def apply_patches(rows: Sequence[Row], patches: Sequence[Patch]) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the repaired rows, and one sentence a patch that says what it did, or why it did nothing.

    Patches of clips that the table does not hold share one sentence; a row that is withdrawn says so by its fault.
    """
    mended = list(rows)
    report: list[str] = []
    # All are matched against the table as it came, so that one patch of an event may move the onset it is known by.
    keys = [(unpadded_name(row["subject"]), unpadded_name(row["clip"]), row["onset"]) for row in rows]
    places: dict[tuple[str, str], list[int]] = {}
    for place, (subject, clip, _) in enumerate(keys):
        places.setdefault((subject, clip), []).append(place)
    absent = []
    for patch in patches:
        of_clip = places.get((unpadded_name(patch.subject), unpadded_name(patch.clip)), [])
        found = [place for place in of_clip if patch.onset in ("", keys[place][2])]
        if found:
            report += filter(None, [_apply(mended, rows, found, patch)])
        elif patch.new != "withdrawn":
            absent.append(patch)
    if absent:
        many = f"{len(absent)} known mistakes are of clips that the table does not hold"
        report.append(f"skipped: {many}, the first {absent[0].what}")
    return tuple(mended), tuple(report)


def _apply(mended: list[Row], rows: Sequence[Row], found: Sequence[int], patch: Patch) -> str:
    if len(found) != 1:
        return f"skipped: {patch.what} would become {patch.new}, but the clip has {len(found)} rows ({patch.source})"
    old = rows[found[0]]
    if not _expected(old, patch):
        return (
            f"skipped: {patch.what} is {old[patch.field] or 'empty'} in {old.where}, not {patch.old} as the patch "
            f"expects ({patch.source})"
        )
    row = mended[found[0]]
    if patch.new == "withdrawn":
        fault = f"{patch.field} {old[patch.field]}: {patch.reason} ({patch.source}); leave the clip out"
        mended[found[0]] = replace(row, faults={**row.faults, patch.field: fault})
        return ""
    faults = {column: fault for column, fault in row.faults.items() if column != patch.field}
    mended[found[0]] = replace(row, cells={**row.cells, patch.field: patch.new}, faults=faults)
    return (
        f"repaired: {patch.what} {old[patch.field] or 'empty'} → {patch.new} in {old.where}; {patch.reason} "
        f"({patch.source})"
    )


def _expected(row: Row, patch: Patch) -> bool:
    if patch.old != "invalid":
        return row[patch.field] == patch.old
    if patch.field == "action_units":
        return bool(re.search(r"\bor\b", row["action_units"]))
    onset, apex, offset = (_number(row[name]) for name in ("onset", "apex", "offset"))
    value = _number(row[patch.field])
    if value is None:
        return True
    if patch.field == "apex":
        return (onset is not None and value <= onset) or (offset is not None and value >= offset)
    early = patch.field == "onset"
    others = [n for n in ((apex, offset) if early else (onset, apex)) if n is not None]
    return any(value >= n if early else value <= n for n in others)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d+", text) else None
