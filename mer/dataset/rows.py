"""What the readers of all tables share: each row becomes a sample, or one sentence that says why not."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mer.dataset.tables import Row
from mer.errors import DataError
from mer.types import Exclusion, Sample

__all__ = ["FramesNotFoundError", "RowReader", "frame_number"]


class FramesNotFoundError(DataError):
    """The folder or the video of a clip does not exist."""


@dataclass(kw_only=True)
class RowReader(ABC):
    """Turns the rows of a table into samples or exclusions; lists each folder once.

    Attributes
    ----------
    columns : sequence of str or None
        The columns that are read; None means all of a row.
    samples : list of Sample
    excluded : list of Exclusion
    listed : dict
        Every folder of frames or video that was found → the frames of a folder.
    """

    columns: Sequence[str] | None = None
    samples: list[Sample] = field(default_factory=list)
    excluded: list[Exclusion] = field(default_factory=list)
    listed: dict[Path, Mapping[int, Path]] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)

    def read(self, rows: Sequence[Row], table: str, otherwise: str) -> None:
        """Read all rows; if no clip has its frames, one sentence says so instead of one per clip.

        Parameters
        ----------
        rows : sequence of Row
        table, otherwise : str
            For that sentence: whose clips they are, and what may be wrong instead of ``dataset.root``.
        """
        taken: set[str] = set()
        lost: list[Exclusion] = []
        for row in rows:
            name = self.name(row)
            try:
                row.require_values(self.columns)
                self.samples.append(self.sample(row, name))
            except DataError as error:
                reason = f"{row.where}: {error}" if name == row.where else f"{row.where}: {name}: {error}"
                unique = name if name not in taken else row.where
                self.excluded.append(Exclusion(sample_id=unique, reason=reason, fault=True))
                taken.add(name)
                if isinstance(error, FramesNotFoundError):
                    lost.append(self.excluded[-1])
        if len(lost) > 1 and not self.listed:
            self._group(lost, f"none of the {len(rows)} clips of {table}", otherwise)

    @abstractmethod
    def name(self, row: Row) -> str:
        """Return the id of a row's clip."""

    @abstractmethod
    def sample(self, row: Row, name: str) -> Sample:
        """Return the sample of a row.

        Raises
        ------
        DataError
            Without the row's number, which `read` adds.
        """

    def require_new(self, row: Row, name: str) -> None:
        """Raise DataError for an id that another row has."""
        first = self._seen.setdefault(name, row.where)
        if first != row.where:
            raise DataError(f"clip {name} is also in {first}; remove one of the two rows, or rename one of the clips")

    def _group(self, lost: list[Exclusion], none: str, otherwise: str) -> None:
        first, _, _ = lost[0].reason.rpartition("; ")
        text = f"{none} has its frames; the first: {first}; set dataset.root "
        text += f"to the folder that contains them, or {otherwise}"
        whole = Exclusion(sample_id="", reason=text, fault=True)
        alone = set(lost)
        self.excluded = [whole, *(exclusion for exclusion in self.excluded if exclusion not in alone)]


def frame_number(row: Row, column: str) -> int:
    """Return a cell as a frame number.

    Raises
    ------
    DataError
        If it is empty or anything else than a whole number.
    """
    text = row[column]
    if text in ("", "/", "-"):
        raise DataError(f"{column} is missing ({text or 'empty'}); fill it in, or leave the clip out")
    # Spreadsheets that once held an empty cell in a column write its whole numbers as 112.0; some languages as 112,0.
    found = re.fullmatch(r"(\d+)(\.0+|,0)?", text)
    if not found:
        raise DataError(f"{column} {text!r} is not a frame number; correct the table")
    return int(found.group(1))
