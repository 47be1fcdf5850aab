"""The flat layout of released flow images: one folder of images, and a CSV whose names do not quite fit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from mer.dataset.flow_images.field_file import flow_files
from mer.dataset.flow_images.layouts import Found, Scan
from mer.dataset.names import plain_name, unpadded_name
from mer.dataset.tables import Row, Table, read_table
from mer.errors import DataError
from mer.types import Exclusion

__all__ = ["scan_flat"]

_NEEDED = ("dataset", "sub", "filename_o", "label")


def scan_flat(root: Path, table: str | None, images: str | None) -> Scan:
    """Read the flat layout: one folder of images, and a CSV that says subject and label of each.

    Names are compared without extension, blanks, case and zeros in front of digits, since the release spells a clip
    ``s01_s01_ne_01 .png`` on disk and ``s01_s1_ne_01.jpg`` in the CSV; the more literal match wins.

    Parameters
    ----------
    root : Path
    table, images : str or None
        CSV and image folder under the root; None looks for them.

    Raises
    ------
    DataError
        If CSV or images are missing, or several could be meant.
    """
    rows = _table(root, table)
    folder = _image_folder(root, images)
    index = _Index(flow_files(folder))
    scan = Scan()
    for row in rows.rows:
        _add_row(scan, row, index)
    if not scan.found:
        raise DataError(
            f"{rows.path}: none of its {len(rows.rows)} rows names an image in {folder}; do the two belong together?"
        )
    named = {found.path for found in scan.found}
    for path in index.paths:
        if path not in named:
            scan.excluded.append(Exclusion(sample_id=path.stem.strip(), reason=f"no row of {rows.path.name} names it"))
    return scan


def _add_row(scan: Scan, row: Row, index: _Index) -> None:
    sub, name = row["sub"], row["filename_o"]
    empty = [column for column in _NEEDED if not row[column]]
    own = name if name.startswith(sub) else f"{sub}_{name}"
    sample_id = f"{row['dataset']}_{own}"
    if empty:
        scan.fault(sample_id, f"{row.where}: {', '.join(empty)} is empty")
        return
    bad = next((row.faults[column] for column in _NEEDED if column in row.faults), "")
    if bad:
        scan.fault(sample_id, f"{row.where}: {bad}")
        return
    matches = index.find([f"{sub}_{name}", own, row["imagename"]])
    if len(matches) != 1:
        names = " and ".join(sorted(path.name for path in matches)) or "no image"
        scan.fault(sample_id, f"{row.where}: {sub} {name} matches {names}; correct the row or the file name")
        return
    scan.add(
        Found(
            id=sample_id,
            database=row["dataset"],
            subject=sub,
            label=row["label"],
            path=matches.pop(),
            where=row.where,
        )
    )


def _table(root: Path, name: str | None) -> Table:
    if name is not None:
        table = read_table(root / name)
        table.require(_NEEDED)
        return table
    tables = [read_table(path) for path in sorted(root.glob("*.csv")) if path.stat().st_size]
    fitting = [table for table in tables if set(_NEEDED) <= set(table.columns)]
    if len(fitting) == 1:
        fitting[0].require(_NEEDED)
        return fitting[0]
    if not fitting:
        raise DataError(
            f"{root}: no CSV with the columns {', '.join(_NEEDED)} and no SUBJECT/u_test folders; point dataset.root "
            "at the folder that holds the released CSV and its images, or name the CSV with dataset.table=FILE"
        )
    names = ", ".join(table.path.name for table in fitting)
    raise DataError(f"{root}: several tables could be meant ({names}); name one with dataset.table=FILE")


def _image_folder(root: Path, name: str | None) -> Path:
    candidates = [root / name] if name is not None else [root, *sorted(p for p in root.iterdir() if p.is_dir())]
    holding = [folder for folder in candidates if flow_files(folder)]
    if len(holding) == 1:
        return holding[0]
    if not holding:
        raise DataError(
            f"{root if name is None else root / name}: no image in it; put the flow images there or name "
            "their folder with dataset.images=FOLDER"
        )
    names = ", ".join(str(folder.relative_to(root)) for folder in holding[:5])
    raise DataError(f"{root}: several folders hold images ({names}); name one with dataset.images=FOLDER")


def _without_f(name: str) -> str:
    # CASME II writes some clips with a final f (EP02_01f) that copies of its table lose.
    return re.sub(r"(?<=\d)f$", "", unpadded_name(name))


class _Index:
    """Image files by ever looser spellings of their names."""

    _spellings: tuple[Callable[[str], str], ...] = (plain_name, unpadded_name, _without_f)

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = tuple(paths)
        self._by: list[dict[str, set[Path]]] = [defaultdict(set) for _ in self._spellings]
        for path in self.paths:
            for spelling, table in zip(self._spellings, self._by, strict=True):
                table[spelling(path.stem)].add(path)

    def find(self, names: Iterable[str]) -> set[Path]:
        """Return all images that any of the names means, each name in its most literal match."""
        return set().union(*(self._find(name) for name in names if name))

    def _find(self, name: str) -> set[Path]:
        for spelling, table in zip(self._spellings, self._by, strict=True):
            if paths := table.get(spelling(name)):
                return set(paths)
        return set()
