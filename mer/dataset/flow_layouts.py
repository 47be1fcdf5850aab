"""Which flow images a release holds, and whose they are, in the two layouts in which they are passed on."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mer.dataset.images import image_files
from mer.dataset.tables import Row, Table, read_table
from mer.errors import DataError
from mer.types import Exclusion

__all__ = ["Found", "Scan", "has_loso_folders", "scan_flat", "scan_loso_folders"]

_NEEDED = ("dataset", "sub", "filename_o", "label")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One flow image whose subject and label are known, as they are spelt in the release."""

    id: str
    database: str
    subject: str
    label: str
    path: Path
    where: str


@dataclass(kw_only=True)
class Scan:
    """What a layout holds; grows while it is read."""

    found: list[Found] = field(default_factory=list)
    excluded: list[Exclusion] = field(default_factory=list)

    def add(self, found: Found) -> None:
        """Take an image, unless its file or its id is taken already."""
        for other in self.found:
            if other.path == found.path or other.id == found.id:
                same = "image" if other.path == found.path else "clip"
                self.fault(found.id, f"{found.where}: {other.where} names the same {same}; remove one of the two")
                return
        self.found.append(found)

    def fault(self, sample_id: str, reason: str) -> None:
        """Note a clip that cannot be used."""
        self.excluded.append(Exclusion(sample_id=sample_id, reason=reason, fault=True))


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
        Where CSV or images are missing, or several could be meant.
    """
    rows = _table(root, table)
    folder = _image_folder(root, images)
    index = _Index(image_files(folder))
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
        scan.fault(sample_id, f"{row.where}: {', '.join(empty)} is empty; fill it in")
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
            f"{root}: no CSV with the columns {', '.join(_NEEDED)} and no SUBJECT/u_test folders; point dataset.root at "
            "the folder that holds the released CSV and its images, or name the CSV with dataset.table=FILE"
        )
    names = ", ".join(table.path.name for table in fitting)
    raise DataError(f"{root}: several tables could be meant ({names}); name one with dataset.table=FILE")


def _image_folder(root: Path, name: str | None) -> Path:
    candidates = [root / name] if name is not None else [root, *sorted(p for p in root.iterdir() if p.is_dir())]
    holding = [folder for folder in candidates if image_files(folder)]
    if len(holding) == 1:
        return holding[0]
    if not holding:
        raise DataError(
            f"{root if name is None else root / name}: no image in it; put the flow images there or name "
            "their folder with dataset.images=FOLDER"
        )
    names = ", ".join(str(folder.relative_to(root)) for folder in holding[:5])
    raise DataError(f"{root}: several folders hold images ({names}); name one with dataset.images=FOLDER")


def has_loso_folders(root: Path) -> bool:
    """Return whether the root holds ``SUBJECT/u_test`` folders."""
    return any(root.glob("*/u_test"))


def scan_loso_folders(root: Path, databases: Mapping[str, str]) -> Scan:
    """Read the layout ``SUBJECT/u_test/LABEL/*.png``, where the test folders of all subjects are the whole set.

    The ``u_train`` folders repeat the clips of the other subjects and are not read.

    Parameters
    ----------
    root : Path
    databases : mapping of str to str
        Name of a database → regular expression that the names of its subjects match; the first match counts.
    """
    scan = Scan()
    for subject in sorted(path for path in root.iterdir() if path.is_dir()):
        test = subject / "u_test"
        if test.is_dir():
            _add_subject(scan, subject.name, test, databases)
        elif (subject / "u_train").is_dir():
            scan.fault(subject.name, f"{subject}: u_train has no u_test beside it; copy the folder again")
    if not scan.found:
        raise DataError(f"{root}: no image in any SUBJECT/u_test/LABEL folder; check dataset.root and dataset.layout")
    return scan


def _add_subject(scan: Scan, subject: str, test: Path, databases: Mapping[str, str]) -> None:
    database = next((name for name, pattern in databases.items() if re.fullmatch(pattern, subject)), "flow_images")
    for stray in image_files(test):
        scan.fault(stray.stem.strip(), f"{stray}: lies outside the label folders; move it into one")
    for folder in sorted(path for path in test.iterdir() if path.is_dir()):
        for path in image_files(folder):
            scan.add(
                Found(
                    id=f"{database}_{_own_name(subject, path.stem.strip())}",
                    database=database,
                    subject=subject,
                    label=folder.name,
                    path=path,
                    where=str(path.relative_to(test.parents[1])),
                )
            )


def _own_name(subject: str, stem: str) -> str:
    """Return ``s01_ne_01`` of ``s01_s01_ne_01``: the release puts the subject before names that begin with it."""
    rest = stem.removeprefix(f"{subject}_")
    return rest if rest.startswith(subject) else f"{subject}_{rest}"


def _plain(name: str) -> str:
    stem = re.sub(r"\.(png|jpe?g|bmp|tiff?)$", "", unicodedata.normalize("NFKC", name).strip(), flags=re.IGNORECASE)
    return re.sub(r"[\s_-]+", "_", stem.strip()).casefold()


def _unpadded(name: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", _plain(name))


def _without_f(name: str) -> str:
    # CASME II writes some clips with a final f (EP02_01f) that copies of its table lose.
    return re.sub(r"(?<=\d)f$", "", _unpadded(name))


class _Index:
    """Image files by ever looser spellings of their names."""

    _spellings: tuple[Callable[[str], str], ...] = (_plain, _unpadded, _without_f)

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = tuple(paths)
        self._by: list[dict[str, set[Path]]] = [defaultdict(set) for _ in self._spellings]
        for path in self.paths:
            for spelling, table in zip(self._spellings, self._by, strict=True):
                table[spelling(path.name)].add(path)

    def find(self, names: Iterable[str]) -> set[Path]:
        """Return all images that any of the names stands for, each name in its most literal match."""
        return set().union(*(self._find(name) for name in names if name))

    def _find(self, name: str) -> set[Path]:
        for spelling, table in zip(self._spellings, self._by, strict=True):
            if paths := table.get(spelling(name)):
                return set(paths)
        return set()
