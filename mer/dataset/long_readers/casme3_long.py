"""Data set `casme3_long`: CAS(ME)³ part A (Li et al. 2023, doi:10.1109/TPAMI.2022.3174895), 30 frames per second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.long_readers.long_database import Key, LongDatabase, Video
from mer.dataset.long_readers.places import subfolders
from mer.dataset.names import unpadded_name
from mer.dataset.readers.casme3 import PART_A_COLUMNS
from mer.dataset.readers.coding import Columns
from mer.dataset.tables import Row
from mer.errors import DataError

__all__ = ["Casme3Long"]


@dataclass(frozen=True, kw_only=True)
class Casme3Long(LongDatabase):
    """CAS(ME)³ part A, micro- and macro-expressions; the frames of a video lie in ``part_A/spNO.1/a/color``."""

    title = "CAS(ME)³ part A, long videos"
    clips = "casme3"
    tables = ("CAS(ME)3_part_A_v*.xls*", "CAS(ME)3_part_A_v*.csv")
    places = ("part_A",)
    columns = Columns(
        needed={**PART_A_COLUMNS, "type": ("Expression type",)},
        optional={"action_units": ("AU",), "label": ("emotion",)},
        sheets=("AU+Emotion",),
    )

    def videos(self, place: Path) -> Iterator[Video]:
        """Yield the folders ``spNO.1/a/color``, or ``spNO.1/a`` where it has no such folder."""
        for subject in subfolders(place, r"spNO\.?\d+"):
            for folder in subfolders(subject):
                color = subfolders(folder, "color")
                yield Video(subject=subject.name, name=folder.name, folder=color[0] if color else folder)

    def key(self, row: Row) -> Key:
        """Return the table's own names.

        Raises
        ------
        DataError
            If the subject is missing.
        """
        if not row["subject"]:
            raise DataError("the cell subject is empty; fill it in")
        return unpadded_name(row["subject"]), unpadded_name(row["clip"])

    def example(self) -> str:
        """Return ``part_A/spNO.1/a/color``."""
        return "part_A/spNO.1/a/color"
