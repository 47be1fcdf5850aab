"""Where the folders of long videos lie: names are compared without case, blanks and signs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

__all__ = ["likely_places", "subfolders"]

_DEPTH = 3  # how deep an unpacked archive puts the folder of the videos


def subfolders(folder: Path, pattern: str = ".*") -> list[Path]:
    """Return the folders in a folder whose whole name fits a regular expression, in whatever case, sorted.

    Hidden ones are left out; a folder that cannot be listed has none.
    """
    try:
        with os.scandir(folder) as inside:  # does not ask the disk about each of thousands of frames
            names = [entry.name for entry in inside if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:
        return []
    return sorted(folder / name for name in names if re.fullmatch(pattern, name, re.IGNORECASE))


def likely_places(root: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield where the folders of a database's videos may be, the most likely place first.

    Parameters
    ----------
    root : Path
    names : sequence of str
        Usual names of the folder that holds them, in the root or deeper; the root itself may hold them, too.
    """
    usual = {_plain(name) for name in names}
    level = [root]
    for depth in range(_DEPTH):
        level = list(chain.from_iterable(map(subfolders, level)))
        yield from (folder for folder in level if _plain(folder.name) in usual)
        if not depth:
            yield root


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
