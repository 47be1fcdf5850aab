"""What the readers of all databases share: from the rows of an annotation table to samples, each fault one sentence."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from mer.checks import require_choice, require_number
from mer.dataset.coding import Columns, read_coding
from mer.dataset.folders import Folders
from mer.dataset.media import FrameFolder, list_frames
from mer.dataset.names import require_one_spelling, unpadded_name
from mer.dataset.patches import apply_patches, load_patches
from mer.dataset.points import StoredPoints
from mer.dataset.sheets import find_table
from mer.dataset.tables import Row
from mer.errors import ConfigError, DataError
from mer.types import Exclusion, Manifest, Sample

__all__ = ["AnnotatedFolder", "Database", "Layout", "frame_number"]

_APEX = ("annotated", "middle")
_OBJECTIVE = {str(number): roman for number, roman in enumerate(("I", "II", "III", "IV", "V", "VI", "VII"), start=1)}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What is particular to a database on disk.

    Attributes
    ----------
    title : str
        As its authors write it.
    tables : tuple of str
        Names of the annotation file under the root, with ``*``; empty where there is none.
    columns : Columns
    folders : mapping of str to tuple of str
        For each choice of `frames`, where the frames of a clip are, see `mer.dataset.folders.Folders.find`.
    labels : mapping of str to str
        Spelling in the table or of the folder, in lower case → class, in the order of the scores.
    """

    title: str
    tables: tuple[str, ...]
    columns: Columns
    folders: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class AnnotatedFolder(FrameFolder):
    """A folder of frames with what the database's table says beside the frames.

    Attributes
    ----------
    name : str
        The clip's own name.
    action_units : str
        As the table writes them; empty where it has none.
    """

    name: str
    action_units: str


@dataclass(frozen=True, kw_only=True)
class Database(ABC):
    """A database of clips in folders of frames with one annotation table.

    Attributes
    ----------
    name : str
        Name of the data set; stands before the subjects' names.
    root : str or None
        Folder of the database.
    table, sheet : str or None
        Annotation file (relative to the root) and its sheet; None finds the database's own.
    frames : str
        Which frames: ``raw`` or ``cropped``, where the database has both.
    labels : {"emotion", "objective"}
        What the class is: the emotion that the coders estimated, or the objective class of the action units.
    apex : {"annotated", "middle"}
        "middle" takes the frame halfway between onset and offset.
    landmarks : str or None
        Folder under the root with stored landmarks, one ``.npy`` or ``.csv`` a folder of frames.
    patches : str or None
        Known mistakes: ``default``, a YAML of the user, or None.
    pattern : str or None
        Regular expression of a frame's file name, see `mer.dataset.media.list_frames`.
    fps : float
        Frames a second.
    """

    name: str
    root: str | None
    table: str | None
    sheet: str | None
    frames: str
    labels: str
    apex: str
    landmarks: str | None
    patches: str | None
    pattern: str | None
    fps: float

    layout: ClassVar[Layout]

    def __post_init__(self) -> None:
        require_choice("dataset.frames", self.frames, tuple(self.layout.folders))
        require_choice("dataset.labels", self.labels, self.kinds_of_label())
        require_choice("dataset.apex", self.apex, self.kinds_of_apex())
        require_number("dataset.fps", self.fps, low=0, above=True)
        if self.pattern is not None:
            _check_pattern(self.pattern)

    def kinds_of_label(self) -> tuple[str, ...]:
        """Return what `labels` can be."""
        every = {**self.layout.columns.needed, **self.layout.columns.optional}
        return ("emotion", "objective") if "objective" in every else ("emotion",)

    def kinds_of_apex(self) -> tuple[str, ...]:
        """Return what `apex` can be."""
        return _APEX

    @property
    def entry(self) -> Literal["frames"]:
        """The samples enter with frames."""
        return "frames"

    def load(self) -> Manifest:
        """Read the annotations and look which frames exist; no frame is opened.

        Raises
        ------
        ConfigError
            Where no root is given.
        DataError
            Where the root or the table cannot be used as a whole; a row at fault becomes an `Exclusion`.
        """
        root = self._root()
        rows, report = apply_patches(self.rows(root), load_patches(self.patch_list(), self.patches))
        reading = _Reading(database=self, folders=Folders(root))
        for row in rows:
            reading.add(row)
        require_one_spelling((sample.subject for sample in reading.samples), str(root))
        return Manifest(
            samples=tuple(reading.samples),
            classes=self._classes(reading.samples),
            excluded=tuple(reading.excluded),
            notes={
                "apex_source": "annotated" if self.apex == "annotated" else "middle of onset and offset",
                "frame_source": self.frames,
                "labels": self.labels,
                "rows": len(rows),
                "patches": list(report),
                "remarks": [*self.unnamed(reading), *reading.remarks],
            },
        )

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return the rows of the table with one spelling of subjects and clips."""
        columns = self.layout.columns
        table = find_table(root, self.table, self.layout.tables)
        found = read_coding(table, columns, self.sheet)
        return tuple(Row(where=row.where, cells={**row.cells, **self.identity(row)}) for row in found)

    def patch_list(self) -> str:
        """Return the name of the list of known mistakes that ships with mer."""
        return type(self).__name__.lower()

    @abstractmethod
    def identity(self, row: Row) -> Mapping[str, str]:
        """Return the cells ``subject`` and ``clip`` of a row in the one spelling that is used from here on."""

    def names(self, row: Row) -> Mapping[str, str]:
        """Return what fills the templates of folders."""
        return {"subject": row["subject"], "clip": row["clip"], "label": row["label"].strip().casefold()}

    def sample_id(self, row: Row) -> str:
        """Return the id of a clip; the subject's name stands in front unless the clip's own name holds it."""
        subject, clip = row["subject"], row["clip"]
        return clip if unpadded_name(clip).startswith(unpadded_name(subject)) else f"{subject}_{clip}"

    def label(self, row: Row) -> str:
        """Return the class of a row.

        Raises
        ------
        DataError
            Where the table's word is unknown.
        """
        if self.labels == "objective":
            return _objective(row)
        known = self.layout.labels
        if row["label"].strip().casefold() not in known:
            spelt = ", ".join(dict.fromkeys(known))
            raise DataError(f"label {row['label']!r} is unknown; known are {spelt}: correct it in the table")
        return known[row["label"].strip().casefold()]

    def action_units(self, row: Row) -> str:
        """Return the coded action units, as the table writes them."""
        return row["action_units"]

    def unnamed(self, reading: _Reading) -> list[str]:
        """Return a remark for every clip on disk that no row of the table names."""
        named = set(reading.listed)
        parents = sorted({folder.parent for folder in named})
        lone = [path for parent in parents for path in reading.folders.listed(parent) if path not in named]
        return [f"{path}: no row of the table names this folder; its frames are not used" for path in lone]

    def _classes(self, samples: Sequence[Sample]) -> tuple[str, ...]:
        order = _OBJECTIVE.values() if self.labels == "objective" else self.layout.labels.values()
        occurring = {sample.label for sample in samples}
        return tuple(name for name in dict.fromkeys(order) if name in occurring)

    def _root(self) -> Path:
        if not self.root:
            variable = f"MER_{self.name.upper()}_ROOT"
            raise ConfigError(
                f"dataset.root: where is {self.layout.title}? Give dataset.root=FOLDER, or set the environment "
                f"variable {variable}"
            )
        root = Path(self.root).expanduser().absolute()
        if not root.is_dir():
            raise DataError(f"{root}: no such folder; correct dataset.root, the folder of {self.layout.title}")
        return root


@dataclass(kw_only=True)
class _Reading:
    """One pass over the rows."""

    database: Database
    folders: Folders
    samples: list[Sample] = field(default_factory=list)
    excluded: list[Exclusion] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    listed: dict[Path, Mapping[int, Path]] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Turn a row into a sample, or into one sentence that says why not."""
        name = self.database.sample_id(row) if row["clip"] else row.where
        try:
            self.samples.append(self._sample(row, name))
        except DataError as error:
            twice = name if name not in {e.sample_id for e in self.excluded[-1:]} else row.where
            self.excluded.append(Exclusion(sample_id=twice, reason=f"{row.where}: {name}: {error}", fault=True))

    def _sample(self, row: Row, name: str) -> Sample:
        empty = [column for column in ("subject", "clip") if not row[column]]
        if empty:
            raise DataError(f"the cell {empty[0]} is empty; fill it in")
        first = self._seen.setdefault(name, row.where)
        if first != row.where:
            raise DataError(f"the same clip stands in {first}; remove one of the two rows")
        label = self.database.label(row)
        folder = self._folder(row)
        onset, apex, offset = self._interval(row, self.listed[folder])
        self._check_frames(name, folder, onset, apex, offset)
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

    def _interval(self, row: Row, frames: Mapping[int, Path]) -> tuple[int, int, int]:
        if not row["onset"] and not row["offset"] and "onset" not in self.database.layout.columns.needed:
            return _whole_clip(list(frames))
        onset, offset = frame_number(row, "onset"), frame_number(row, "offset")
        middle = self.database.apex == "middle"
        apex = (onset + offset) // 2 if middle else frame_number(row, "apex")
        for early, late, a, b in (
            ("onset", "offset", onset, offset),
            ("onset", "apex", onset, apex),
            ("apex", "offset", apex, offset),
        ):
            if a > b:
                raise DataError(f"{early} {a} is after {late} {b}; correct the table, or leave the clip out")
        if apex == onset:
            raise DataError(f"apex and onset are both frame {apex}: no motion lies between them; correct the apex")
        return onset, apex, offset

    def _folder(self, row: Row) -> Path:
        templates = self.database.layout.folders[self.database.frames]
        names = self.database.names(row)
        folder = self.folders.find(templates, names)
        if folder is None:
            tried = " or ".join(template.format_map(names) for template in templates[:2])
            raise DataError(
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
        if missing:
            self.remarks.append(
                f"{name}: {len(missing)} of the frames {onset} to {offset}, the first {missing[0]}, are not in {held}; "
                "only onset and apex are needed, unless frames= asks for more"
            )

    def _points(self, folder: Path) -> StoredPoints | None:
        if self.database.landmarks is None:
            return None
        store = self.folders.root / self.database.landmarks
        stem = store / folder.relative_to(self.folders.root)
        found = [p for suffix in (".npy", ".csv") if (p := stem.with_name(stem.name + suffix)).is_file()]
        return StoredPoints(path=found[0], first=min(self.listed[folder])) if found else None


def frame_number(row: Row, column: str) -> int:
    """Return a cell as a frame number.

    Raises
    ------
    DataError
        Where it is empty or anything else than a whole number.
    """
    text = row[column]
    if text in ("", "/", "-"):
        raise DataError(f"{column} is missing ({text or 'empty'}); fill it in, or leave the clip out")
    if not re.fullmatch(r"\d+(\.0+)?", text):
        raise DataError(f"{column} {text!r} is not a frame number; correct the table")
    return int(text.partition(".")[0])


def _whole_clip(numbers: Sequence[int]) -> tuple[int, int, int]:
    """Return first, middle and last of the frames, for a database whose clips are cut to the expression."""
    first, last = min(numbers), max(numbers)
    if last == first:
        raise DataError(f"the folder holds frame {first} alone; copy the others")
    return first, (first + last) // 2, last


def _objective(row: Row) -> str:
    text = row["objective"].strip().upper()
    name = _OBJECTIVE.get(text, text)
    if name not in _OBJECTIVE.values():
        raise DataError(f"objective class {row['objective']!r} is not a number from 1 to 7; correct the table")
    return name


def _check_pattern(pattern: Any) -> None:
    try:
        groups = re.compile(str(pattern)).groups
    except re.error as error:
        raise ConfigError(f"dataset.pattern={pattern}: not a regular expression ({error})") from error
    if not groups:
        raise ConfigError(f"dataset.pattern={pattern}: put brackets around the frame number, as in img(\\d+)\\.jpg")
