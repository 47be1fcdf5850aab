"""Landmarks that a user stored in a file, one set a frame."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mer.dataset.tables import Row, read_table
from mer.dataset.tool_points import is_tool_table, read_tool_table
from mer.errors import DataError, unreadable
from mer.types import Landmarks

__all__ = ["StoredPoints", "read_points", "write_points"]

_COORDINATES = tuple(f"{axis}{point}" for point in range(68) for axis in "xy")


@dataclass(frozen=True, kw_only=True)
class StoredPoints:
    """A file with 68 points per frame: pixels, iBUG order, the centre of the top-left pixel is (0, 0).

    Attributes
    ----------
    path : Path
        ``.csv`` with the columns frame, x0, y0, ... x67, y67, one of OpenFace or py-feat (x_0 ... x_67, y_0 ... y_67),
        or ``.npy`` of shape (frames, 68, 2).
    first : int
        Number of the frame that the first entry of an ``.npy``, or the first frame of such a tool, belongs to.
    """

    path: Path
    first: int

    def __call__(self, index: int) -> Landmarks | None:
        """Return the landmarks of frame `index`, None where the file has none for it.

        Raises
        ------
        DataError
            If the file is missing, broken or holds something else.
        """
        if self.path.suffix.lower() == ".npy":
            return self._of_array(index)
        return self._of_table(index)

    def _of_array(self, index: int) -> Landmarks | None:
        try:
            array = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(
                f"{self.path}: not a readable .npy file of landmarks ({unreadable(error)}); save it again"
            ) from error
        if array.ndim != 3 or array.shape[1:] != (68, 2) or array.dtype.kind not in "fiu":
            raise DataError(f"{self.path}: {array.dtype} of shape {array.shape}; landmarks need shape (frames, 68, 2)")
        if not 0 <= index - self.first < len(array):
            return None
        return _landmarks(self.path, np.array(array[index - self.first]), index)

    def _of_table(self, index: int) -> Landmarks | None:
        if is_tool_table(self.path):
            return read_tool_table(self.path).points.get(index - self.first)
        table = read_table(self.path)
        table.require(("frame", *_COORDINATES))
        rows = [row for row in table.rows if _number(row, "frame") == index]
        if len(rows) > 1:
            raise DataError(f"{self.path}: {rows[0].where} and {rows[1].where} are both frame {index}; remove one")
        if not rows:
            return None
        return _landmarks(self.path, _points(rows[0]), index)


def _landmarks(path: Path, xy: NDArray[np.float64], index: int) -> Landmarks:
    if not np.isfinite(xy).all():
        raise DataError(f"{path}: a landmark of frame {index} is not a finite number; leave the frame out")
    return Landmarks(xy=xy.astype(np.float32))


def _points(row: Row) -> NDArray[np.float64]:
    return np.array([_number(row, column) for column in _COORDINATES], dtype=np.float64).reshape(68, 2)


def _number(row: Row, column: str) -> float:
    try:
        return float(row[column])
    except ValueError as error:
        raise DataError(f"{row.where}: {column} {row[column]!r} is not a number; correct it") from error


def write_points(path: Path, found: Mapping[int, Landmarks]) -> None:
    """Write landmarks, by frame number, as the table that `StoredPoints` reads, with their score as a last column."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["frame", *_COORDINATES, "score"])
        for frame, face in found.items():
            out.writerow([frame, *(f"{value:.3f}" for value in face.xy.ravel()), f"{face.score:.3f}"])


def read_points(path: Path) -> dict[int, Landmarks]:
    """Return all landmarks of a table, by the numbers of its frames, those of other tools counted from 0.

    Raises
    ------
    DataError
        If the file is missing or holds something else.
    """
    if is_tool_table(path):
        return dict(read_tool_table(path).points)
    table = read_table(path)
    table.require(("frame", *_COORDINATES))
    found: dict[int, Landmarks] = {}
    for row in table.rows:
        frame = int(_number(row, "frame"))
        if frame in found:
            raise DataError(f"{path}: {row.where} is frame {frame} again; remove one")
        face = _landmarks(path, _points(row), frame)
        score = _number(row, "score") if "score" in table.columns else 1.0
        found[int(_number(row, "frame"))] = replace(face, score=min(max(score, 0.0), 1.0))
    return found
