"""Data set `casme_sq_long`: CAS(ME)², long videos (Qu et al. 2018, doi:10.1109/TAFFC.2017.2654440), 30 frames/s."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.long_readers.long_database import Key, LongDatabase, Video
from mer.dataset.long_readers.places import subfolders
from mer.dataset.names import unpadded_name
from mer.dataset.readers.casme_sq import EVENT_COLUMNS, UNKNOWN, read_events
from mer.dataset.readers.coding import Columns
from mer.dataset.readers.sheets import find_table
from mer.dataset.tables import Row
from mer.errors import DataError

__all__ = ["CasmeSqLong"]


@dataclass(frozen=True, kw_only=True)
class CasmeSqLong(LongDatabase):
    """CAS(ME)², micro- and macro-expressions; the frames of a video lie in ``rawpic/s15/15_0101disgustingteeth``."""

    title = "CAS(ME)², long videos"
    clips = "casme_sq"
    places = ("rawpic", "longVideoFaceCropped")
    tables = ("CAS(ME)^2code_final*.xlsx", "*code_final*.xlsx")
    columns = Columns(needed={name: (name,) for name in EVENT_COLUMNS})

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return all rows of the workbook, with the names that its other sheets give."""
        return read_events(find_table(root, self.table, self.tables), self.sheet)

    def videos(self, place: Path) -> Iterator[Video]:
        """Yield the folders ``s15/15_0101…``."""
        for subject in subfolders(place, r"s\d+"):
            for folder in subfolders(subject, r"\d+_\d+.*"):
                code = re.findall(r"\d+", folder.name)[1]
                yield Video(subject=subject.name, name=code, folder=folder)

    def key(self, row: Row) -> Key:
        """Return the folder of the subject and the code of the video.

        Raises
        ------
        DataError
            If the workbook gives the video no code.
        """
        if row["code"] == UNKNOWN:
            raise DataError("no sheet of the workbook gives this video a code; correct its name or add the code")
        return unpadded_name(row["subject"]), unpadded_name(row["code"])

    def example(self) -> str:
        """Return ``rawpic/s15/15_0101disgustingteeth``."""
        return "rawpic/s15/15_0101disgustingteeth"
