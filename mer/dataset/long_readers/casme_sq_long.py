"""Data set `casme_sq_long`: CAS(ME)², long videos (Qu et al. 2018, doi:10.1109/TAFFC.2017.2654440), 30 frames/s."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.long_readers.long_database import Key, LongDatabase, Video
from mer.dataset.names import unpadded_name
from mer.dataset.readers.casme_sq import EVENT_COLUMNS, read_events
from mer.dataset.readers.coding import Columns
from mer.dataset.readers.sheets import find_table
from mer.dataset.tables import Row

__all__ = ["CasmeSqLong"]


@dataclass(frozen=True, kw_only=True)
class CasmeSqLong(LongDatabase):
    """CAS(ME)², micro- and macro-expressions; the frames of a video lie in ``rawpic/s15/15_0101disgustingteeth``."""

    title = "CAS(ME)², long videos"
    clips = "casme_sq"
    tables = ("CAS(ME)^2code_final*.xlsx", "*code_final*.xlsx")
    columns = Columns(needed={name: (name,) for name in EVENT_COLUMNS})

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return all rows of the workbook, with the names that its other sheets give."""
        return read_events(find_table(root, self.table, self.tables), self.sheet)

    def videos(self, root: Path) -> Iterator[Video]:
        """Yield the folders ``s15/15_0101…`` of ``rawpic``, or of the root itself."""
        inside = root / "rawpic" if (root / "rawpic").is_dir() else root
        for folder in sorted(inside.glob("s*/*_*")):
            found = re.match(r"\d+_(\d+)", folder.name)
            if found and folder.is_dir():
                yield Video(subject=folder.parent.name, name=found[1], folder=folder)

    def key(self, row: Row) -> Key:
        """Return the folder of the subject and the code of the video."""
        return unpadded_name(row["subject"]), unpadded_name(row["code"])

    def example(self) -> str:
        """Return ``rawpic/s15/15_0101disgustingteeth``."""
        return "rawpic/s15/15_0101disgustingteeth"
