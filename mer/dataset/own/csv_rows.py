"""The rows of a user's table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.images import IMAGE_SUFFIXES
from mer.dataset.interval import require_order
from mer.dataset.media import FrameFolder, VideoFile, list_frames
from mer.dataset.points import StoredPoints
from mer.dataset.rows import FramesNotFoundError, RowReader, frame_number
from mer.dataset.tables import Row
from mer.errors import DataError
from mer.types import Sample
from mer.validation import user_path

__all__ = ["COLUMNS", "OPTIONAL", "CsvRows"]

COLUMNS = ("sample_id", "subject", "label", "onset", "offset", "path")
OPTIONAL = ("landmarks", "fps")


@dataclass(kw_only=True)
class CsvRows(RowReader):
    """The fields are those of `mer.dataset.own.csv_table.CsvTable`; `middle` sets the apex halfway."""

    dataset: str
    classes: tuple[str, ...]
    folder: Path
    pattern: str | None
    first_frame: int
    middle: bool

    def name(self, row: Row) -> str:
        """Return the sample id; the row where it is empty."""
        return row["sample_id"] or row.where

    def sample(self, row: Row, name: str) -> Sample:
        """Return the sample of a row."""
        self._check_texts(row)
        onset, apex, offset = self._frames(row)
        clip = self._clip(row)
        if isinstance(clip, FrameFolder):
            for index in (onset, apex, offset):
                clip.path(index)
        return Sample(
            id=name,
            dataset=self.dataset,
            subject=f"{self.dataset}/{row['subject']}",
            label=row["label"],
            onset=onset,
            apex=apex,
            offset=offset,
            fps=_fps(row),
            clip=clip,
        )

    def _check_texts(self, row: Row) -> None:
        empty = [column for column in COLUMNS if not row[column]]
        if empty:
            raise DataError(f"{', '.join(empty)} is empty; fill it in")
        self.require_new(row, row["sample_id"])
        if row["label"] not in self.classes:
            raise DataError(
                f"label {row['label']!r} is unknown; known are {', '.join(self.classes)}: correct it, or "
                "add it to dataset.classes (and to drop=[...] to leave its clips out)"
            )

    def _frames(self, row: Row) -> tuple[int, int, int]:
        onset, offset = frame_number(row, "onset"), frame_number(row, "offset")
        if not self.middle and not row["apex"]:
            raise DataError("apex is missing; give it, or take the middle frame of all clips with dataset.apex=middle")
        apex = (onset + offset) // 2 if self.middle else frame_number(row, "apex")
        require_order(onset, apex, offset)
        return onset, apex, offset

    def _clip(self, row: Row) -> FrameFolder | VideoFile:
        path = user_path("path", row["path"].replace("\\", "/"), base=self.folder)
        if path.is_dir():
            if path not in self.listed:
                self.listed[path] = list_frames(path, self.pattern)
            frames = self.listed[path]
            return FrameFolder(folder=path, frames=frames, points=self._points(row, first=min(frames)))
        if not path.is_file():
            raise FramesNotFoundError(f"no folder or video {path}; correct path, or say with dataset.root where it is")
        if path.suffix.lower() in IMAGE_SUFFIXES:
            raise DataError(f"{path} is a single image; give the folder of the frames")
        self.listed[path] = {}
        first = self.first_frame
        return VideoFile(file=path, first=first, points=self._points(row, first=first))

    def _points(self, row: Row, *, first: int) -> StoredPoints | None:
        if not row["landmarks"]:
            return None
        path = user_path("landmarks", row["landmarks"].replace("\\", "/"), base=self.folder)
        if not path.is_file() or path.suffix.lower() not in (".csv", ".npy"):
            raise DataError(f"landmarks {path} is not a .csv or .npy file; correct it or leave it empty")
        return StoredPoints(path=path, first=first)


def _fps(row: Row) -> float:
    text = row["fps"]
    if not text:
        return 0.0
    if not re.fullmatch(r"\d+(\.\d+|,\d{1,2})?", text):  # 1,000 could be a thousand
        raise DataError(f"fps {text!r} is not a number; correct it or leave it empty")
    return float(text.replace(",", "."))
