"""Photographs of faces with their 68 points, for training: a folder of images and a table of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.types import Dataset

__all__ = ["Faces", "faceless_part", "read_faces", "rendered_faces"]

_NARROWEST = 12  # px; strips beside a face that are narrower show nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """Images with one annotated face each.

    Attributes
    ----------
    images : sequence of ndarray of uint8, shape (H, W)
        Grey.
    xy : ndarray of float64, shape (N, 68, 2)
        Pixels of each image.
    subject : ndarray of str, shape (N,)
    """

    images: Sequence[NDArray[np.uint8]]
    xy: NDArray[np.float64]
    subject: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)

    def split(self, every: int) -> tuple[Faces, Faces]:
        """Return (training, held out): of the sorted subjects the first and every `every`-th after it are held out."""
        out = np.isin(self.subject, np.unique(self.subject)[::every])
        return self.chosen(~out), self.chosen(out)

    def chosen(self, mask: NDArray[np.bool_]) -> Faces:
        """Return the faces for which `mask`, shape (N,), is true."""
        images = [image for image, take in zip(self.images, mask, strict=True) if take]
        return Faces(images=images, xy=self.xy[mask], subject=self.subject[mask])

    def joined(self, other: Faces) -> Faces:
        """Return these faces and those of `other`."""
        return Faces(
            images=[*self.images, *other.images],
            xy=np.concatenate([self.xy, other.xy]),
            subject=np.concatenate([self.subject, other.subject]),
        )


def read_faces(folder: str) -> Faces:
    """Read ``keypoints.csv`` (image, subject, x0, y0 ... x67, y67) and the images it names in ``images/``.

    Raises
    ------
    ConfigError
        Where no folder is given.
    DataError
        Where the table or an image is missing or cannot be read, a column is absent, no image is named, or a coordinate
        is no number.
    """
    if not folder:
        raise ConfigError("train.folder: no folder is named; give one with images/ and keypoints.csv")
    root = Path(folder).expanduser()
    file = root / "keypoints.csv"
    try:
        # Blank lines are counted, then dropped: row n stays line n + 2.
        table = pd.read_csv(file, skip_blank_lines=False, dtype={"image": str}, low_memory=False).dropna(how="all")
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read ({error}); train.folder names its folder") from error
    columns = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    missing = [name for name in ("image", "subject", *columns) if name not in table]
    if missing:
        raise DataError(f"{file}: column {missing[0]} is missing; see README, training")
    if table.empty:
        raise DataError(f"{file}: names no image below its header; see README, training")
    xy = _numbers(table[columns], file).reshape(-1, 68, 2)
    images = [_read(root / "images" / name) for name in table["image"].fillna("")]
    return Faces(images=images, xy=xy, subject=table["subject"].to_numpy(dtype=np.str_))


def _numbers(table: pd.DataFrame, file: Path) -> NDArray[np.float64]:
    numbers = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        row, column = wrong[0]
        value, line = str(table.iat[row, column]), table.index[row] + 2
        said = "is empty" if value == "nan" else f"is {value!r}"
        raise DataError(f"{file}, line {line}: {table.columns[column]} {said}; it must be a finite number, in pixels")
    return numbers


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataError(f"{path}: missing or not an image; keypoints.csv names it")
    return np.asarray(image, dtype=np.uint8)


def rendered_faces(dataset: Dataset, advance: Any = None) -> Faces:
    """Return onset and apex of each clip of a data set that stores its landmarks, such as the synthetic one."""
    images, shapes, subjects = [], [], []
    for sample in dataset.load().samples:
        for index in (sample.onset, sample.apex):
            found = sample.clip.landmarks(index)
            if found is None:
                raise DataError(f"{sample.dataset} {sample.id}: no landmarks are stored for frame {index}")
            image = sample.clip.read(index)
            images.append(image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8))
            shapes.append(found.xy.astype(np.float64))
            subjects.append(sample.subject)
    return Faces(images=images, xy=np.stack(shapes), subject=np.array(subjects))


def faceless_part(rng: np.random.Generator, faces: Faces, tries: int = 1000) -> NDArray[np.uint8]:
    """Return a part of a photograph beside, above or below the face.

    Raises
    ------
    DataError
        Where the photographs have no room around the faces.
    """
    for _ in range(tries):
        chosen = int(rng.integers(len(faces)))
        strip = _strips(faces.images[chosen], faces.xy[chosen])[int(rng.integers(4))]
        if min(strip.shape) >= _NARROWEST:
            sizes = [int(rng.uniform(0.5, 1) * size) for size in strip.shape]
            top, left = (int(rng.integers(0, whole - size + 1)) for whole, size in zip(strip.shape, sizes, strict=True))
            return strip[top : top + sizes[0], left : left + sizes[1]]
    raise DataError("the photographs show nothing around the faces; the detector needs such to learn what is no face")


def _strips(image: NDArray[np.uint8], xy: NDArray[np.float64]) -> tuple[NDArray[np.uint8], ...]:
    """Return what lies left of, right of, above (the forehead left out) and below a face."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    above = int(low[1] - 0.4 * (high[1] - low[1]))
    return (
        image[:, : max(int(low[0]), 0)],
        image[:, int(high[0]) + 1 :],
        image[: max(above, 0)],
        image[int(high[1]) + 1 :],
    )
