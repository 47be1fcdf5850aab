"""Data set `csv`: the user's own table, one row per clip, pointing at frame folders or video files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mer.dataset.depth import require_depth, with_depth
from mer.dataset.media import require_pattern
from mer.dataset.names import require_one_spelling
from mer.dataset.own.csv_rows import COLUMNS, OPTIONAL, CsvRows
from mer.dataset.tables import Table, read_table
from mer.errors import ConfigError, DataError
from mer.store.roles import place
from mer.types import Manifest
from mer.validation import require_choice, require_integer, require_names, user_path

__all__ = ["CsvTable"]

_APEX = ("annotated", "middle")


@dataclass(frozen=True, kw_only=True)
class CsvTable:
    """A table with the columns sample_id, subject, label, onset, apex, offset, path; optional landmarks and fps.

    Attributes
    ----------
    name : str
        Name of the data set; prefix of the subjects' names.
    table : str or None
        The CSV.
    root : str or None
        Folder that `path` and `landmarks` are relative to; None is the folder of the CSV.
    classes : sequence of str or None
        Labels in the order of the scores; None takes all that occur, sorted.
    pattern : str or None
        Regular expression of a frame's file name, see `mer.dataset.media.list_frames`.
    first_frame : int
        Number of the first frame of a video, and of the first entry of an ``.npy`` of its landmarks.
    apex : {"annotated", "middle"}
        "middle" takes the frame halfway between onset and offset and needs no column apex.
    depth : int or None
        Significant bits of 16-bit frames; None finds them, see `mer.dataset.depth`.

    Notes
    -----
    A landmarks file is a CSV with the columns frame, x0, y0, ... x67, y67, or an ``.npy`` of shape (frames, 68, 2)
    that begins with the first frame of the clip's folder or video.
    """

    name: str
    table: str | None = place()
    root: str | None = place()
    classes: Sequence[str] | None
    pattern: str | None
    first_frame: int
    apex: Literal["annotated", "middle"]
    depth: int | None

    def __post_init__(self) -> None:
        require_choice("dataset.apex", self.apex, _APEX)
        require_integer("dataset.first_frame", self.first_frame, low=0)
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(str(name) for name in self.classes))
            require_names("dataset.classes", self.classes)
        require_pattern(self.pattern)
        require_depth(self.depth)

    @property
    def entry(self) -> Literal["frames"]:
        """The samples enter with frames."""
        return "frames"

    def load(self) -> Manifest:
        """Read the table and look which frames exist; frames are opened only to find the depth of 16-bit files.

        Raises
        ------
        ConfigError
            If no table is given.
        DataError
            If the table cannot be used as a whole; a faulty row becomes an `Exclusion`.
        """
        if not self.table:
            raise ConfigError("dataset.table: which table? Give dataset.table=FILE, a CSV with one row per clip")
        table = read_table(user_path("dataset.table", self.table))
        needed = COLUMNS if self.apex == "middle" else (*COLUMNS, "apex")
        table.require(needed, OPTIONAL)
        classes = self._classes(table)
        reader = CsvRows(
            columns=(*needed, *OPTIONAL),
            dataset=self.name,
            classes=classes,
            folder=self._folder(table),
            pattern=self.pattern,
            first_frame=self.first_frame,
            middle=self.apex == "middle",
        )
        reader.read(table.rows, table.path.name, "correct the column path")
        require_one_spelling("subject", (sample.subject for sample in reader.samples), str(table.path))
        manifest = Manifest(
            samples=tuple(reader.samples),
            classes=classes,
            excluded=tuple(reader.excluded),
            notes={
                "apex_source": "annotated" if self.apex == "annotated" else "middle of onset and offset",
                "frame_source": "as listed in the table",
                "remarks": table.remarks,
            },
        )
        return with_depth(manifest, self.depth)

    def _classes(self, table: Table) -> tuple[str, ...]:
        if self.classes is not None:
            return tuple(self.classes)
        labels = [row["label"] for row in table.rows if row["label"] and "label" not in row.faults]
        found = set(labels)
        require_one_spelling("label", labels, str(table.path))
        if len(found) < 2:
            raise DataError(
                f"{table.path}: {len(found)} label is left ({', '.join(found) or 'none'}); a classifier needs two: "
                "check the column label"
            )
        return tuple(sorted(found))

    def _folder(self, table: Table) -> Path:
        folder = user_path("dataset.root", self.root) if self.root else table.path.parent
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; correct dataset.root")
        return folder
