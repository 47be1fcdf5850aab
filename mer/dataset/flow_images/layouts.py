"""Which flow images a release holds and whose they are: what both layouts have in common, and the folder layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mer.dataset.flow_images.field_file import flow_files
from mer.errors import DataError
from mer.types import Exclusion

__all__ = ["Found", "Scan", "has_loso_folders", "scan_loso_folders"]


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
    _taken: dict[tuple[str, object], str] = field(default_factory=dict)  # (kind, file or id) → where it was named

    def add(self, found: Found) -> None:
        """Take an image, unless its file or its id is taken already."""
        names = ("image", found.path), ("clip", found.id)
        for name in names:
            if other := self._taken.get(name):
                self.fault(found.id, f"{found.where}: {other} names the same {name[0]}; remove one of the two")
                return
        self._taken |= dict.fromkeys(names, found.where)
        self.found.append(found)

    def fault(self, sample_id: str, reason: str) -> None:
        """Note a clip that cannot be used."""
        self.excluded.append(Exclusion(sample_id=sample_id, reason=reason, fault=True))


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
            scan.fault(subject.name, f"{subject}: u_train has no u_test next to it; copy the folder again")
    if not scan.found:
        raise DataError(f"{root}: no image in any SUBJECT/u_test/LABEL folder; check dataset.root and dataset.layout")
    return scan


def _add_subject(scan: Scan, subject: str, test: Path, databases: Mapping[str, str]) -> None:
    database = next((name for name, pattern in databases.items() if re.fullmatch(pattern, subject)), "flow_images")
    for stray in flow_files(test):
        scan.fault(stray.stem.strip(), f"{stray}: is outside the label folders; move it into one")
    for folder in sorted(path for path in test.iterdir() if path.is_dir()):
        for path in flow_files(folder):
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
