"""The one reader of annotated photographs: ``keypoints.csv`` and the images it names in ``images/``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.validation import user_path

__all__ = ["Keypoints", "read_keypoints"]

_NEEDED = "images/ and keypoints.csv (image, subject, x0, y0 ... x67, y67)"


@dataclass(frozen=True, kw_only=True, eq=False)
class Keypoints:
    """Which image shows whom, and where the 68 points of the face lie in it.

    Attributes
    ----------
    folder : Path
    image, subject : ndarray of str, shape (N,)
    xy : ndarray of float64, shape (N, 68, 2)
        Pixels of the image.
    """

    folder: Path
    image: NDArray[np.str_]
    subject: NDArray[np.str_]
    xy: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.image)

    def chosen(self, rows: NDArray[np.bool_] | NDArray[np.integer]) -> Keypoints:
        """Return the rows that an array of bool or of row numbers picks."""
        return Keypoints(folder=self.folder, image=self.image[rows], subject=self.subject[rows], xy=self.xy[rows])

    def split(self, stride: int) -> tuple[Keypoints, Keypoints]:
        """Return (training set, held out): of the sorted subjects the first and every `stride`-th are held out.

        Raises
        ------
        DataError
            If all rows are of one subject.
        """
        subjects = np.unique(self.subject)
        if len(subjects) < 2:
            raise DataError(f"{self.folder / 'keypoints.csv'}: all images are of one subject; at least two are needed")
        out = np.isin(self.subject, subjects[::stride])
        return self.chosen(~out), self.chosen(out)

    def at_most(self, count: int) -> Keypoints:
        """Return no more than `count` rows per subject, evenly over its rows, subject after subject."""
        rows = pd.Series(range(len(self))).groupby(self.subject, sort=False)
        taken = [own.to_numpy()[:: -(-len(own) // count)] for _, own in rows]
        return self.chosen(np.concatenate(taken))

    def read(self, row: int) -> NDArray[np.uint8]:
        """Return the grey image (H, W) of a row.

        Raises
        ------
        DataError
            If it is missing or not an image.
        """
        path = self.folder / "images" / self.image[row]
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise DataError(f"{path}: missing or not an image; keypoints.csv names it")
        return np.asarray(image, dtype=np.uint8)


def read_keypoints(folder: str) -> Keypoints:
    """Read the table of a folder; images are read on request.

    Raises
    ------
    ConfigError
        If no folder is given.
    DataError
        If the table cannot be read, a column is missing, no image is named, or a coordinate is not a number.
    """
    if not folder:
        raise ConfigError(f"train.folder: no folder is named; give one with {_NEEDED}")
    root = user_path("train.folder", folder)
    file = root / "keypoints.csv"
    text = {"image": str, "subject": str}
    try:
        # Blank lines are counted, then dropped: row n stays line n + 2.
        table = pd.read_csv(file, skip_blank_lines=False, dtype=text, low_memory=False).dropna(how="all")
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read ({error}); give a folder with {_NEEDED}") from error
    columns = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    missing = [name for name in ("image", "subject", *columns) if name not in table]
    if missing:
        raise DataError(f"{file}: column {missing[0]} is missing; see the guide docs/guides/training.md")
    if table.empty:
        raise DataError(f"{file}: names no image below its header; see the guide docs/guides/training.md")
    image, subject = (table[name].fillna("").to_numpy(dtype=np.str_) for name in text)
    xy = _numbers(table[columns], file).reshape(-1, 68, 2)
    return Keypoints(folder=root, image=image, subject=subject, xy=xy)


def _numbers(table: pd.DataFrame, file: Path) -> NDArray[np.float64]:
    numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        row, column = wrong[0]
        value, line = str(table.iat[row, column]), table.index[row] + 2
        said = "is empty" if value == "nan" else f"is {value!r}"
        raise DataError(f"{file}, line {line}: {table.columns[column]} {said}; it must be a finite number, in pixels")
    return numbers
