"""One pass over the rows of an annotation table: each becomes a sample, or one sentence that says why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mer.dataset.interval import require_order
from mer.dataset.media import FrameFolder, list_frames
from mer.dataset.points import StoredPoints
from mer.dataset.readers.coding import Layout
from mer.dataset.readers.damaged import Damaged, clip_key
from mer.dataset.readers.folders import Folders
from mer.dataset.rows import FramesNotFoundError, RowReader, frame_number
from mer.dataset.tables import Row
from mer.errors import DataError
from mer.types import Sample

__all__ = ["AnnotatedFolder", "Reading"]


class Source(Protocol):
    """What a pass needs from a database; the properties are fields of `mer.dataset.readers.database.Database`."""

    @property
    def name(self) -> str: ...
    @property
    def layout(self) -> Layout: ...
    @property
    def frames(self) -> str: ...
    @property
    def apex(self) -> str: ...
    @property
    def landmarks(self) -> str | None: ...
    @property
    def pattern(self) -> str | None: ...
    @property
    def fps(self) -> float: ...

    def names(self, row: Row) -> Mapping[str, str]:
        """Return what fills the templates of folders."""

    def sample_id(self, row: Row) -> str:
        """Return the id of a clip."""

    def label(self, row: Row) -> str:
        """Return the class of a row."""

    def action_units(self, row: Row) -> str:
        """Return the coded action units."""


@dataclass(frozen=True, kw_only=True)
class AnnotatedFolder(FrameFolder):
    """A folder of frames with what the database's table says besides the frames.

    Attributes
    ----------
    name : str
        The clip's own name.
    action_units : str
        As the table writes them; empty where it has none.
    """

    name: str
    action_units: str


@dataclass(kw_only=True)
class Reading(RowReader):
    """One pass over the rows of a database's table.

    Attributes
    ----------
    database : Source
    folders : Folders
        Under the root.
    damaged : mapping
        Frames that the database's authors name as damaged, by subject and clip.
    remarks : list of str
        What does not fit and yet stops nothing.
    """

    database: Source
    folders: Folders
    damaged: Damaged = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def name(self, row: Row) -> str:
        """Return the database's id of the clip; the row where it has none."""
        return self.database.sample_id(row) if row["clip"] else row.where

    def sample(self, row: Row, name: str) -> Sample:
        """Return the sample of a row; faults of the table are named before those of the frames."""
        empty = [column for column in ("subject", "clip") if not row[column]]
        if empty:
            raise DataError(f"the cell {empty[0]} is empty; fill it in")
        self.require_new(row, name)
        label = self.database.label(row)
        interval = self._interval(row)
        folder = self._folder(row)
        onset, apex, offset = interval or _whole_clip(list(self.listed[folder]))
        self._check_frames(name, folder, onset, apex, offset)
        self._check_damage(row, name, onset, apex, offset)
        return Sample(
            id=name,
            dataset=self.database.name,
            subject=f"{self.database.name}/{row['subject']}",
            label=label,
            onset=onset,
            apex=apex,
            offset=offset,
            fps=self.database.fps,
            clip=AnnotatedFolder(
                folder=folder,
                frames=self.listed[folder],
                points=self._points(folder),
                name=row["clip"],
                action_units=self.database.action_units(row),
            ),
        )

    def _interval(self, row: Row) -> tuple[int, int, int] | None:
        """Return onset, apex and offset; None where a database has no column for them."""
        if not row["onset"] and not row["offset"] and "onset" not in self.database.layout.columns.needed:
            return None
        onset, offset = frame_number(row, "onset"), frame_number(row, "offset")
        middle = self.database.apex == "middle"
        apex = (onset + offset) // 2 if middle else frame_number(row, "apex")
        require_order(onset, apex, offset)
        if apex == onset:
            raise DataError(f"apex and onset are both frame {apex}: there is no motion between them; correct the apex")
        return onset, apex, offset

    def _folder(self, row: Row) -> Path:
        templates = self.database.layout.folders[self.database.frames]
        names = self.database.names(row)
        folder = self.folders.find(templates, names)
        if folder is None:
            tried = " or ".join(template.format_map(names) for template in templates[:2])
            raise FramesNotFoundError(
                f"no folder {tried} under {self.folders.root}; copy the clip's frames there, or correct dataset.root "
                "or dataset.frames"
            )
        if folder not in self.listed:
            self.listed[folder] = list_frames(folder, self.database.pattern)
        return folder

    def _check_frames(self, name: str, folder: Path, onset: int, apex: int, offset: int) -> None:
        frames = self.listed[folder]
        held = f"{folder}, which holds {len(frames)} frames from {min(frames)} to {max(frames)}"
        for what, number in (("onset", onset), ("apex", apex)):
            if number not in frames:
                raise DataError(f"{what} frame {number} is not in {held}; copy the frame, or correct the table")
        missing = [number for number in range(onset, offset + 1) if number not in frames]
        if offset in missing:
            middle = ": the apex, taken halfway to it, may be wrong" if self.database.apex == "middle" else ""
            after = f" ({offset - max(frames)} after the last)" if offset > max(frames) else ""
            text = f"offset frame {offset}{after} is not in {held}{middle}; correct the table or copy the frames"
        elif missing:
            text = (
                f"{len(missing)} of the frames {onset} to {offset}, the first {missing[0]}, are not in {held}; only "
                "onset and apex are needed, unless frames= needs more"
            )
        if missing:
            self.remarks.append(f"{name}: {text}")

    def _check_damage(self, row: Row, name: str, onset: int, apex: int, offset: int) -> None:
        damaged = self.damaged.get(clip_key(row["subject"], row["clip"]), {})
        for what, number in (("onset", onset), ("apex", apex)):
            if number in damaged:
                raise DataError(
                    f"{what} frame {number} is damaged according to {damaged[number]}; leave the clip "
                    "out, or take the line out of the list"
                )
        inside = [number for number in sorted(damaged) if onset <= number <= offset]
        if inside:
            self.remarks.append(
                f"{name}: {len(inside)} of the frames {onset} to {offset}, the first {inside[0]}, are damaged "
                f"according to {damaged[inside[0]]}; only onset and apex are needed, unless frames= needs more"
            )

    def _points(self, folder: Path) -> StoredPoints | None:
        if self.database.landmarks is None:
            return None
        store = self.folders.root / self.database.landmarks
        stem = store / folder.relative_to(self.folders.root)
        found = [p for suffix in (".npy", ".csv") if (p := stem.with_name(stem.name + suffix)).is_file()]
        return StoredPoints(path=found[0], first=min(self.listed[folder])) if found else None


def _whole_clip(numbers: Sequence[int]) -> tuple[int, int, int]:
    """Return first, middle and last of the frames, for a database whose clips are cut to the expression."""
    first, last = min(numbers), max(numbers)
    if last == first:
        raise DataError(f"the folder holds frame {first} alone; copy the others")
    return first, (first + last) // 2, last
