"""Data set `samm_lv`: SAMM Long Videos (Yap et al. 2020, doi:10.1109/FG47880.2020.00029), 200 frames per second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.long_readers.long_database import Key, LongDatabase, Video
from mer.dataset.names import unpadded_name
from mer.dataset.readers.coding import Columns
from mer.dataset.tables import Row
from mer.errors import DataError

__all__ = ["SammLongVideos"]


@dataclass(frozen=True, kw_only=True)
class SammLongVideos(LongDatabase):
    """SAMM Long Videos: a folder ``006_1`` is video 1 of subject 006; the table's ``006_1_2`` is event 2 in it."""

    title = "SAMM Long Videos"
    clips = "samm"
    tables = ("SAMM_LongVideos*.xlsx", "SAMM_LongVideos*.csv", "SAMM_Long*.xlsx")
    columns = Columns(
        needed={
            "subject": ("Subject",),
            "clip": ("Filename",),
            "onset": ("Onset", "Onset Frame"),
            "apex": ("Apex", "Apex Frame"),
            "offset": ("Offset", "Offset Frame"),
            "type": ("Type", "Micro/Macro", "Micro"),
        },
        optional={"action_units": ("Action Units", "AU")},
    )

    def videos(self, root: Path) -> Iterator[Video]:
        """Yield the folders ``SAMM_longvideos/006_1``, or ``006_1`` in the root itself."""
        inside = next((root / name for name in ("SAMM_longvideos", "SAMM_Longvideos") if (root / name).is_dir()), root)
        for folder in sorted(inside.iterdir()):
            found = re.fullmatch(r"(\d+)_(\d+)", folder.name)
            if found and folder.is_dir():
                yield Video(subject=found[1], name=found[2], folder=folder)

    def key(self, row: Row) -> Key:
        """Return the first two numbers of a name such as ``006_1_2``, the first of which is the subject.

        Raises
        ------
        DataError
            If the row names another subject.
        """
        parts = row["clip"].split("_")
        subject, video = unpadded_name(parts[0]), unpadded_name(parts[1]) if len(parts) > 1 else ""
        if unpadded_name(row["subject"]) != subject:
            raise DataError(f"subject {row['subject']!r} is not that of the file name; correct one of the two")
        return subject, video

    def example(self) -> str:
        """Return ``SAMM_longvideos/006_1``."""
        return "SAMM_longvideos/006_1"
