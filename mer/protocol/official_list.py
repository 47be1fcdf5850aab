"""The official list of clips of a challenge, such as MEGC2019's ``combined_3class_gt.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mer.errors import DataError
from mer.types import Sample
from mer.types.clip_names import clip_key

__all__ = ["OfficialClips", "read_official_list"]


@dataclass(frozen=True, kw_only=True)
class OfficialClips:
    """What a list holds.

    Attributes
    ----------
    path : Path
    classes : mapping of str to int
        ``casme2/sub1/ep2_1f`` in plain spelling → number of the class.
    """

    path: Path
    classes: Mapping[str, int]

    def matching(self, sample: Sample) -> list[str]:
        """Return the names of the list that mean a sample: one, or none."""
        name = _name(sample.dataset, sample.subject, sample.id)
        return [name] if name in self.classes else []


def read_official_list(path: Path, classes: int) -> OfficialClips:
    """Read lines of data set, subject, clip, number of the class; a header line is allowed.

    Raises
    ------
    DataError
        If the file is missing, or a line is blank, of another form or there twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"protocol.clips={path}: the list cannot be read ({error}); correct the path") from error
    found: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.split(",")]
        if number == 1 and len(cells) >= 4 and not cells[3].isdigit():
            continue
        if len(cells) < 4 or not all(cells[:3]) or cells[3] not in map(str, range(classes)):
            raise DataError(
                f"row {number} of {path}: {line!r} is not data set, subject, clip, class (0 to {classes - 1}); take "
                "the official file, which has no blank rows"
            )
        name = _name(*cells[:3])
        if name in found:
            raise DataError(f"row {number} of {path}: {name} is listed twice; take the official file")
        found[name] = int(cells[3])
    if not found:
        raise DataError(f"protocol.clips={path}: the list is empty; take the official file")
    return OfficialClips(path=path, classes=found)


def _name(dataset: str, subject: str, clip: str) -> str:
    return "/".join(clip_key(dataset, subject, clip))
