"""What the training looks at: real faces with landmarks, frames of a generator with its own truth, made-up textures."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter

from mer.errors import DataError
from mer.types import Dataset

__all__ = ["SIDE", "Face", "faces", "generated", "held_out", "texture"]

SIDE = 256  # px, every frame is brought to it


@dataclass(frozen=True, eq=False)
class Face:
    """A grey frame (256, 256) uint8 with the points (N, 2) of its landmarks and whose face it is."""

    image: NDArray[np.uint8]
    points: NDArray[np.float32]
    subject: str

    @cached_property
    def coefficients(self) -> NDArray[np.float32]:
        """Cubic spline coefficients of the frame."""
        return np.asarray(spline_filter(self.image, output=np.float32, mode="mirror"))


def held_out(subjects: set[str], stride: int) -> set[str]:
    """Return every `stride`-th subject of the sorted names: those that no training sees."""
    return set(sorted(subjects)[::stride])


def faces(folder: Path, most: int) -> list[Face]:
    """Read at most `most` frames a subject from ``keypoints.csv`` (image, subject, x0, y0, ...) and ``images/``.

    Raises
    ------
    DataError
        Where the table, a column or a frame is not there, no image is named, or a coordinate is no number.
    """
    table = folder / "keypoints.csv"
    if not table.is_file():
        raise DataError(f"{table}: not found; the folder needs keypoints.csv (image,subject,x0,y0,...) and images/")
    with table.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    missing = [name for name in ("image", "subject") if name not in (reader.fieldnames or ())]
    if missing:
        raise DataError(f"{table}: column {missing[0]} is missing; see README, training")
    if not rows:
        raise DataError(f"{table}: names no image below its header; see README, training")
    taken: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        taken.setdefault(row["subject"], []).append(row)
    chosen = [row for own in taken.values() for row in own[:: -(-len(own) // most)]]
    return [_face(folder, row) for row in chosen]


def _face(folder: Path, row: dict[str, str]) -> Face:
    path = folder / "images" / row["image"]
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataError(f"{path}: cannot be read as an image; {folder / 'keypoints.csv'} names it")
    names = [name for name in row if re.fullmatch(r"[xy]\d+", name or "")]
    points = np.array([_number(row, name, folder / "keypoints.csv") for name in names])
    scale = np.array([SIDE / image.shape[1], SIDE / image.shape[0]])
    points = (points.reshape(-1, 2) + 0.5) * scale - 0.5
    shrinks = max(image.shape) > SIDE
    image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return Face(image, points.astype(np.float32), row["subject"])


def _number(row: dict[str, str], name: str, table: Path) -> float:
    try:
        value = float(row[name])
    except (TypeError, ValueError):  # a short row has None
        value = np.nan
    if not np.isfinite(value):
        said = f"is {row[name]!r}" if row[name] else "is empty"
        raise DataError(f"{table}: {name} of {row['image']} {said}; it must be a finite number, in pixels")
    return value


def generated(dataset: Dataset, pairs: int, rng: np.random.Generator) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return pairs of frames (2, H, W) and their true flow (H, W, 2) from a generator that knows it.

    Notes
    -----
    Every clip gives onset → a random frame; clips take turns until there are `pairs`.
    """
    samples = dataset.load().samples
    found = []
    for k in range(pairs):
        sample = samples[k * len(samples) // pairs]
        clip: Any = sample.clip
        stop = int(rng.integers(sample.onset + 1, sample.offset + 1))
        frames = np.stack([clip.read(sample.onset), clip.read(stop)])
        found.append((frames, clip.true_flow(sample.onset, stop).uv))
    return found


def texture(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """Return a made-up texture (size, size), grey levels 10-245: blurred noise of several widths, sometimes patches."""
    image = np.zeros((size, size), np.float32)
    for width in np.exp(rng.uniform(np.log(0.8), np.log(12), 3)):
        layer = cv2.GaussianBlur(rng.standard_normal((size, size), dtype=np.float32), (0, 0), float(width))
        image += layer / layer.std() * np.float32(rng.uniform(0.1, 1))
    if rng.random() < 0.3:
        image = np.sign(image) * np.sqrt(np.abs(image))
        image = cv2.GaussianBlur(image, (0, 0), 0.8)
    image = (image - image.min()) / np.ptp(image)
    middle, contrast = rng.uniform(80, 180), rng.uniform(30, 230)
    return np.asarray(np.clip(middle + contrast * (image - 0.5), 0, 255), dtype=np.float32)
