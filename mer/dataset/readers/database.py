"""What the readers of all databases share: from the rows of an annotation table to samples, each fault one sentence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from mer.dataset.depth import require_depth, with_depth
from mer.dataset.media import require_pattern
from mer.dataset.names import require_one_spelling, unpadded_name
from mer.dataset.readers.coding import Layout, read_coding
from mer.dataset.readers.damaged import Damaged, clip_key
from mer.dataset.readers.folders import Folders, database_root
from mer.dataset.readers.patches import apply_patches, load_patches
from mer.dataset.readers.reading import Reading
from mer.dataset.readers.sheets import find_table
from mer.dataset.tables import Row
from mer.errors import DataError, first_of
from mer.store.roles import place
from mer.types import Manifest, Sample
from mer.validation import require_choice, require_number

__all__ = ["Database"]

_APEX = ("annotated", "middle")
_OBJECTIVE = {str(number): roman for number, roman in enumerate(("I", "II", "III", "IV", "V", "VI", "VII"), start=1)}


@dataclass(frozen=True, kw_only=True)
class Database(ABC):
    """A database of clips in folders of frames with one annotation table.

    Attributes
    ----------
    name : str
        Name of the data set; prefix of the subjects' names.
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
        Frames per second.
    depth : int or None
        Significant bits of 16-bit frames; None finds them, see `mer.dataset.depth`.
    """

    name: str
    root: str | None = place()
    table: str | None = place()
    sheet: str | None
    frames: str
    labels: str
    apex: str
    landmarks: str | None = place()
    patches: str | None = place()
    pattern: str | None
    fps: float
    depth: int | None

    layout: ClassVar[Layout]

    def __post_init__(self) -> None:
        require_choice("dataset.frames", self.frames, tuple(self.layout.folders))
        require_choice("dataset.labels", self.labels, self.kinds_of_label())
        require_choice("dataset.apex", self.apex, self.kinds_of_apex())
        require_number("dataset.fps", self.fps, low=0, above=True)
        require_pattern(self.pattern)
        require_depth(self.depth)

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
        """Read the annotations and look which frames exist; frames are opened only to find the depth of 16-bit files.

        Raises
        ------
        ConfigError
            If no root is given.
        DataError
            If the root or the table cannot be used as a whole; a faulty row becomes an `Exclusion`.
        """
        root = self._root()
        rows, report = apply_patches(self.rows(root), load_patches(self.patch_list(), self.patches))
        damaged = self.damaged_frames()
        reading = Reading(database=self, folders=Folders(root), damaged=damaged)
        reading.read(rows, self.layout.title, "choose another dataset.frames")
        require_one_spelling("subject", (sample.subject for sample in reading.samples), str(root))
        manifest = Manifest(
            samples=tuple(reading.samples),
            classes=self._classes(reading.samples),
            excluded=tuple(reading.excluded),
            notes={
                "apex_source": "annotated" if self.apex == "annotated" else "middle of onset and offset",
                "frame_source": self.frames,
                "labels": self.labels,
                "rows": len(rows),
                "patches": list(report),
                "remarks": [*_of_table(rows), *_none_listed(damaged, rows), *self.unnamed(reading), *reading.remarks],
            },
        )
        return with_depth(manifest, self.depth)

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return the rows of the table with one spelling of subjects and clips."""
        columns = self.layout.columns
        table = find_table(root, self.table, self.layout.tables)
        found = read_coding(table, columns, self.sheet)
        return tuple(replace(row, cells={**row.cells, **self.identity(row)}) for row in found)

    def patch_list(self) -> str:
        """Return the name of the list of known mistakes that ships with mer."""
        return type(self).__name__.lower()

    def damaged_frames(self) -> Damaged:
        """Return the frames that the database's authors name as damaged."""
        return {}

    @abstractmethod
    def identity(self, row: Row) -> Mapping[str, str]:
        """Return the cells ``subject`` and ``clip`` of a row in the one spelling that is used from here on."""

    def names(self, row: Row) -> Mapping[str, str]:
        """Return what fills the templates of folders."""
        return {"subject": row["subject"], "clip": row["clip"], "label": row["label"].strip().casefold()}

    def sample_id(self, row: Row) -> str:
        """Return the id of a clip; the subject's name is put in front unless the clip's own name contains it."""
        subject, clip = row["subject"], row["clip"]
        return clip if unpadded_name(clip).startswith(unpadded_name(subject)) else f"{subject}_{clip}"

    def label(self, row: Row) -> str:
        """Return the class of a row.

        Raises
        ------
        DataError
            If the table's word is unknown.
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

    def unnamed(self, reading: Reading) -> list[str]:
        """Return a remark for every clip on disk that no row of the table names."""
        named = set(reading.listed)
        parents = sorted({folder.parent for folder in named})
        lone = [path for parent in parents for path in reading.folders.listed(parent) if path not in named]
        return [
            f"{path}: no usable row of the table leads to this folder; compare its place and name with the table"
            for path in lone
        ]

    def _classes(self, samples: Sequence[Sample]) -> tuple[str, ...]:
        order = _OBJECTIVE.values() if self.labels == "objective" else self.layout.labels.values()
        occurring = {sample.label for sample in samples}
        return tuple(name for name in dict.fromkeys(order) if name in occurring)

    def _root(self) -> Path:
        return database_root(self.root, self.name, self.layout.title)


def _of_table(rows: Sequence[Row]) -> list[str]:
    """Return the remarks on the table, and one on rows that are hidden: a filter may have been meant to omit them."""
    remarks = list(dict.fromkeys(remark for row in rows for remark in row.remarks))
    for sheet in dict.fromkeys(row.hidden for row in rows if row.hidden):
        hidden = list(dict.fromkeys(row.where for row in rows if row.hidden == sheet))
        numbers = first_of([where.split()[1] for where in hidden], 5)
        rows_are = f"rows {numbers} are" if len(hidden) > 1 else f"row {numbers} is"
        remarks.append(
            f"{hidden[0].partition(' of ')[2]}, {sheet}: {rows_are} hidden in the file and read ({len(hidden)} of "
            f"{len(rows)}); delete those that must not count"
        )
    return remarks


def _none_listed(damaged: Damaged, rows: Sequence[Row]) -> list[str]:
    """Return a remark where lists of damaged frames have no subject of the table: they are of other recordings."""
    listed = {subject for subject, _ in damaged}
    if not listed or any(clip_key(row["subject"], row["clip"])[0] in listed for row in rows):
        return []
    return [
        f"dataset.damaged: none of the {len(listed)} subjects of the lists, such as {min(listed)}, is in the table; "
        "give the lists of this part of the database"
    ]


def _objective(row: Row) -> str:
    text = row["objective"].strip().upper()
    name = _OBJECTIVE.get(text, text)
    if name not in _OBJECTIVE.values():
        raise DataError(f"objective class {row['objective']!r} is not a number from 1 to 7; correct the table")
    return name
