"""Data set `samm_lv`: SAMM Long Videos (Yap et al. 2020, doi:10.1109/FG47880.2020.00029), 200 frames per second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.long_readers.long_database import Key, LongDatabase, Video
from mer.dataset.long_readers.places import subfolders
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
    tables = ("SAMM_Long*.xls*", "SAMM_Long*.csv")
    places = ("SAMM_longvideos",)
    columns = Columns(
        needed={
            "subject": ("Subject",),
            "clip": ("Filename",),
            "onset": ("Onset", "Onset Frame"),
            "apex": ("Apex", "Apex Frame"),
            "offset": ("Offset", "Offset Frame"),
            "type": ("Type", "Micro/Macro", "Micro"),
        },
        optional={"action_units": ("Action Units", "AU"), "label": ("Estimated Emotion", "Emotion")},
    )

    def videos(self, place: Path) -> Iterator[Video]:
        """Yield the folders ``006_1``."""
        for folder in subfolders(place, r"\d+_\d+"):
            subject, name = folder.name.split("_")
            yield Video(subject=subject, name=name, folder=folder)

    def key(self, row: Row) -> Key:
        """Return the first two numbers of a name such as ``006_1_2``, the first of which is the subject.

        The column of the subject may be empty.

        Raises
        ------
        DataError
            If the row names another subject, or no video.
        """
        found = re.match(r"(\d+)[ _-]+(\d+)", row["clip"])
        if not found:
            raise DataError("the file name is not SUBJECT_VIDEO_EVENT, such as 006_1_2; correct it")
        if row["subject"] and unpadded_name(row["subject"]) != unpadded_name(found[1]):
            raise DataError(f"subject {row['subject']!r} is not that of the file name; correct one of the two")
        return unpadded_name(found[1]), unpadded_name(found[2])

    def example(self) -> str:
        """Return ``SAMM_longvideos/006_1``."""
        return "SAMM_longvideos/006_1"
