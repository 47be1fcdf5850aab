"""Landmarks in the tables of OpenFace and py-feat: ``x_0 ... x_67, y_0 ... y_67``, all x first."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from mer.dataset.tables import read_lines
from mer.errors import DataError
from mer.types import Landmarks

__all__ = ["COLUMNS", "TOOLS", "Tool", "ToolTable", "is_tool_table", "read_tool_table", "write_tool_points"]

Tool = Literal["openface", "pyfeat"]
TOOLS: tuple[Tool, ...] = ("openface", "pyfeat")
COLUMNS = tuple(f"{axis}_{point}" for axis in "xy" for point in range(68))
_BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")
_FIRST = {"openface": 1, "pyfeat": 0}  # how a tool counts the first frame
_FACE = {"openface": "face_id", "pyfeat": "Identity"}
_SCORE = {"openface": "confidence", "pyfeat": "FaceScore"}


@dataclass(frozen=True, kw_only=True)
class ToolTable:
    """One face of a table.

    Attributes
    ----------
    tool : {"openface", "pyfeat"}
    face : str
        Which of several faces was chosen; empty where the table does not tell faces apart.
    faces : int
        How many the table holds.
    points : mapping of int to Landmarks
        By frames counted from 0.
    """

    tool: Tool
    face: str
    faces: int
    points: Mapping[int, Landmarks]


def is_tool_table(path: Path) -> bool:
    """Return whether a table has the columns of OpenFace or py-feat."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            header = file.readline()
    except OSError:
        return False
    return any(cell.strip(" \"'\r\n") == COLUMNS[0] for cell in re.split("[,;\t]", header))


def read_tool_table(path: Path, face: str = "") -> ToolTable:
    """Read the landmarks of one face.

    Parameters
    ----------
    path : Path
        As OpenFace 2 (``FeatureExtraction``) or py-feat (``Fex.to_csv``) writes it. Rows with ``success`` 0 are frames
        without a face.
    face : str
        ``face_id`` of OpenFace or ``Identity`` of py-feat; by default that of the face in most frames, of equal ones
        the surest.

    Returns
    -------
    ToolTable
        Where one frame has several rows of the chosen face, as of py-feat without identities, the surest counts.

    Raises
    ------
    DataError
        If a column is missing, a cell is no number, or no row holds a face, or not the one that is asked for.
    """
    facts = path.stat() if path.is_file() else None
    return _read(path, face, (facts.st_mtime_ns, facts.st_size) if facts else None)


@lru_cache(maxsize=4)
def _read(path: Path, face: str, _state: tuple[int, int] | None) -> ToolTable:
    (_, header), *lines = read_lines(path)
    missing = [name for name in ("frame", *COLUMNS) if name not in header]
    if missing:
        raise DataError(
            f"{path}: column {missing[0]} is missing; a table of landmarks has frame, x_0 to x_67, y_0 to y_67 "
            "(OpenFace, py-feat), or frame, x0, y0 to x67, y67"
        )
    tool: Tool = "openface" if {"success", "confidence", "face_id"} & set(header) else "pyfeat"
    place = {name: k for k, name in reversed(list(enumerate(header)))}
    rows = [_Row(path=path, number=number, cells=cells, place=place) for number, cells in lines]
    if "success" in place:
        rows = [row for row in rows if row.value("success") == 1]
    by_face = Counter(row.text(_FACE[tool]) for row in rows)
    if not by_face or (face and face not in by_face):
        known = f"the faces are {', '.join(sorted(by_face))}" if by_face else "give a table with rows of success 1"
        raise DataError(f"{path}: no row holds {f'face {face}' if face else 'a face'}; {known}")
    score = _SCORE[tool]
    sure = {name: np.mean([row.value(score) for row in rows if row.text(_FACE[tool]) == name]) for name in by_face}
    chosen = face or max(sorted(by_face), key=lambda name: (by_face[name], sure[name]))
    own = sorted((row for row in rows if row.text(_FACE[tool]) == chosen), key=lambda row: row.value(score))
    points = {row.frame(_FIRST[tool]): row.landmarks(score) for row in own}
    return ToolTable(tool=tool, face=chosen, faces=len(by_face), points=points)


@dataclass(frozen=True, kw_only=True)
class _Row:
    path: Path
    number: int
    cells: Sequence[str]
    place: Mapping[str, int]

    def text(self, column: str) -> str:
        """Return a cell; empty where there is no such column."""
        at = self.place.get(column, len(self.cells))
        return self.cells[at] if at < len(self.cells) else ""

    def value(self, column: str) -> float:
        """Return a cell as a number; 1 for a score where there is no such column."""
        text = self.text(column)
        if not text and column in _SCORE.values():
            return 1.0
        try:
            found = float(text)
        except ValueError:
            found = float("nan")
        if not np.isfinite(found):
            raise DataError(f"{self.path}: row {self.number}: {column} {text!r} is not a number; correct the table")
        return found

    def frame(self, first: int) -> int:
        """Return the number of the frame, counted from 0; `first` is how the tool counts the first one."""
        number = self.value("frame")
        if number < first or number % 1:
            raise DataError(
                f"{self.path}: row {self.number}: frame {self.text('frame')} is none; this tool counts from {first}: "
                "correct the table"
            )
        return int(number) - first

    def landmarks(self, score: str) -> Landmarks:
        x, y = np.split(np.array([self.value(column) for column in COLUMNS]), 2)
        return Landmarks(xy=np.stack([x, y], axis=1).astype(np.float32), score=min(max(self.value(score), 0.0), 1.0))


def write_tool_points(
    path: Path, found: Mapping[int, Landmarks], tool: Tool, times: Sequence[float] | None = None
) -> None:
    """Write landmarks as a tool does.

    Parameters
    ----------
    path : Path
    found : mapping of int to Landmarks
        By frames counted from 0.
    tool : {"openface", "pyfeat"}
    times : sequence of float, optional
        Time of every frame, s: OpenFace's table then also has a row, with ``success`` 0, for each without a face.
        Without it, the column ``timestamp`` is empty.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        if tool == "openface":
            out.writerow(["frame", "face_id", "timestamp", "confidence", "success", *COLUMNS])
            out.writerows(_openface(found, times))
        else:
            out.writerow(["frame", *_BOX, "FaceScore", *COLUMNS])
            out.writerows(_pyfeat(frame, face) for frame, face in sorted(found.items()))


def _openface(found: Mapping[int, Landmarks], times: Sequence[float] | None) -> list[list[str]]:
    rows = []
    for frame in sorted(found) if times is None else range(len(times)):
        face = found.get(frame)
        time = "" if times is None else f"{times[frame]:.3f}"
        points = ["0"] * len(COLUMNS) if face is None else _six_digits(face)
        sure = 0.0 if face is None else face.score
        rows.append([str(frame + 1), "0", time, f"{sure:.6g}", str(int(face is not None)), *points])
    return rows


def _pyfeat(frame: int, face: Landmarks) -> list[str]:
    low, high = face.xy.min(axis=0), face.xy.max(axis=0)
    box = [f"{value:.6g}" for value in (*low, *(high - low))]
    return [str(frame), *box, f"{face.score:.6g}", *_six_digits(face)]


def _six_digits(face: Landmarks) -> list[str]:
    """Return the coordinates, all x first, with the digits of OpenFace."""
    return [f"{value:.6g}" for value in face.xy.T.ravel()]
