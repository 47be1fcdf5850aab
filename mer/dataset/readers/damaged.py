"""Lists of damaged frames, as the authors of a database publish them: one frame per line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from mer.dataset.names import unpadded_name
from mer.dataset.tables import text_lines
from mer.errors import DataError
from mer.validation import user_path

__all__ = ["Damaged", "clip_key", "read_damaged"]

Damaged = Mapping[tuple[str, str], Mapping[int, str]]  # (subject, clip) → number of a frame → name of the list
# ``spNO.3 J 498.jpg  the image cannot open`` and ``/data/RGB/spNO.138/a/color/1294.jpg``
_LINE = re.compile(
    r"(?:^|/)(?P<subject>[^\s/]+)(?:\s+|/)(?P<clip>[^\s/]+)(?:\s+|/(?:color/)?)(?P<frame>\d+)\.\w+(?:\s.*)?$"
)


def clip_key(subject: str, clip: str) -> tuple[str, str]:
    """Return the names by which clips of a table and of a list are compared: case and padding zeros do not matter."""
    return unpadded_name(subject), unpadded_name(clip)


def read_damaged(files: Iterable[str], root: Path | None = None) -> Damaged:
    """Read lists of damaged frames.

    Parameters
    ----------
    files : iterable of str
        Text files. A line has subject, clip and frame with blanks between, such as ``spNO.3 J 498.jpg``, and perhaps a
        remark; or it is the path of the frame, such as ``spNO.138/a/color/1294.jpg``.
    root : Path, optional
        Folder of the database, in which a file is looked for that is not in the current folder.

    Raises
    ------
    DataError
        If a file cannot be read, or a line is neither.
    """
    found: dict[tuple[str, str], dict[int, str]] = {}
    for file in files:
        path = user_path("dataset.damaged", file)
        if root is not None and not path.is_file():
            inside = user_path("dataset.damaged", file, base=root)
            path = inside if inside.is_file() else path
        for number, line in text_lines(path, f"dataset.damaged={path}", "not UTF-8 text; save it as UTF-8"):
            match = _LINE.search(line.replace("\\", "/"))
            if match is None:
                raise DataError(
                    f"{path}: line {number}, {line[:60]!r}, names no frame; write SUBJECT CLIP FRAME.jpg, or "
                    "SUBJECT/CLIP/color/FRAME.jpg"
                )
            of_clip = found.setdefault(clip_key(match["subject"], match["clip"]), {})
            of_clip.setdefault(int(match["frame"]), path.name)
    return found
