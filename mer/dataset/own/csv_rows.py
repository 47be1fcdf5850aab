"""The rows of a user's table: each becomes a clip, or one sentence that says what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from mer.dataset.images import IMAGE_SUFFIXES
from mer.dataset.interval import require_order
from mer.dataset.media import FrameFolder, VideoFile, list_frames
from mer.dataset.points import StoredPoints
from mer.dataset.tables import Row
from mer.errors import DataError
from mer.types import Exclusion, Sample
from mer.validation import user_path

__all__ = ["COLUMNS", "RowReader"]

COLUMNS = ("sample_id", "subject", "label", "onset", "offset", "path")


@dataclass(kw_only=True)
class RowReader:
    """Turns rows into samples or exclusions; lists each folder once.

    The fields are those of `mer.dataset.own.csv_table.CsvTable`; `middle` says that the apex is halfway.
    """

    name: str
    classes: tuple[str, ...]
    folder: Path
    pattern: str | None
    first_frame: int
    middle: bool
    samples: list[Sample] = field(default_factory=list)
    excluded: list[Exclusion] = field(default_factory=list)
    _seen: dict[str, str] = field(default_factory=dict)
    _listed: dict[Path, dict[int, Path]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Read one row."""
        try:
            self.samples.append(self._sample(row))
        except DataError as error:
            reason = str(error) if str(error).startswith(row.where) else f"{row.where}: {error}"
            self.excluded.append(Exclusion(sample_id=row["sample_id"] or row.where, reason=reason, fault=True))

    def _sample(self, row: Row) -> Sample:
        self._check_texts(row)
        onset, apex, offset = self._frames(row)
        clip = self._clip(row)
        if isinstance(clip, FrameFolder):
            for index in (onset, apex, offset):
                clip.path(index)
        return Sample(
            id=row["sample_id"],
            dataset=self.name,
            subject=f"{self.name}/{row['subject']}",
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
            raise DataError(f"{row.where}: {', '.join(empty)} is empty")
        first = self._seen.setdefault(row["sample_id"], row.where)
        if first != row.where:
            raise DataError(f"{row.where}: sample_id {row['sample_id']} is also that of {first}; rename one")
        if row["label"] not in self.classes:
            raise DataError(
                f"{row.where}: label {row['label']!r} is unknown; known are {', '.join(self.classes)}: correct it, or "
                "add it to dataset.classes (and to drop=[...] to leave its clips out)"
            )

    def _frames(self, row: Row) -> tuple[int, int, int]:
        onset, offset = _whole(row, "onset"), _whole(row, "offset")
        if not self.middle and not row["apex"]:
            raise DataError(
                f"{row.where}: apex is missing; give it, or take the middle frame of all clips with dataset.apex=middle"
            )
        apex = (onset + offset) // 2 if self.middle else _whole(row, "apex")
        require_order(onset, apex, offset, where=f"{row.where}: ")
        return onset, apex, offset

    def _clip(self, row: Row) -> FrameFolder | VideoFile:
        path = user_path("path", row["path"].replace("\\", "/"), base=self.folder)
        if path.is_dir():
            if path not in self._listed:
                self._listed[path] = list_frames(path, self.pattern)
            frames = self._listed[path]
            return FrameFolder(folder=path, frames=frames, points=self._points(row, first=min(frames)))
        if not path.is_file():
            raise DataError(
                f"{row.where}: no folder or video {path}; correct path, or say with dataset.root where it is"
            )
        if path.suffix.lower() in IMAGE_SUFFIXES:
            raise DataError(f"{row.where}: {path} is a single image; give the folder of the frames")
        first = self.first_frame
        return VideoFile(file=path, first=first, points=self._points(row, first=first))

    def _points(self, row: Row, *, first: int) -> StoredPoints | None:
        if not row["landmarks"]:
            return None
        path = user_path("landmarks", row["landmarks"].replace("\\", "/"), base=self.folder)
        if not path.is_file() or path.suffix.lower() not in (".csv", ".npy"):
            raise DataError(f"{row.where}: landmarks {path} is not a .csv or .npy file; correct it or leave it empty")
        return StoredPoints(path=path, first=first)


def _whole(row: Row, column: str) -> int:
    text = row[column]
    # Spreadsheets that once held an empty cell in a column write its whole numbers as 112.0.
    if not re.fullmatch(r"\d+(\.0+)?", text):
        raise DataError(f"{row.where}: {column} {text!r} is not a frame number")
    return int(text.partition(".")[0])


def _fps(row: Row) -> float:
    text = row["fps"]
    if not text:
        return 0.0
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise DataError(f"{row.where}: fps {text!r} is not a number; correct it or leave it empty")
    return float(text)
