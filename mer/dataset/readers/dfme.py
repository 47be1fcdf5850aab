"""Data set `dfme`: DFME (Zhao et al. 2024, doi:10.1109/TAFFC.2023.3341918), as its challenge of 2024 gives it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.database import Database
from mer.dataset.tables import Row

__all__ = ["Dfme"]


@dataclass(frozen=True, kw_only=True)
class Dfme(Database):
    """DFME; one folder of frames per clip, named by subject and number, such as ``sub0003_01``.

    The layout is inferred from published code that reads the database and from the page of the challenge: names of
    folders and of the columns Filename, Subject, OnsetFrame, ApexFrame and Emotion. That the third frame is called
    OffsetFrame is a guess.
    """

    layout = Layout(
        title="DFME",
        tables=tuple(
            f"{folder}{name}*.{suffix}"
            for folder in ("", "train_data/")
            for name in ("coding", "CCAC2024")
            for suffix in ("xlsx", "csv")
        ),
        columns=Columns(
            needed={
                "subject": ("Subject",),
                "clip": ("Filename",),
                "onset": ("OnsetFrame", "Onset"),
                "apex": ("ApexFrame", "Apex"),
                "offset": ("OffsetFrame", "Offset"),
                "label": ("Emotion", "Estimated Emotion"),
            },
            optional={"action_units": ("Action Units", "AUs", "AU")},
        ),
        folders={
            "raw": (
                "train_data/{clip}",
                "train_data/train_data/{clip}",
                "test_data_A/{clip}",
                "test_data_B/{clip}",
                "{clip}",
            ),
            "cropped": ("Cropped/{clip}",),
        },
        labels={name: name for name in ("happiness", "anger", "contempt", "disgust", "fear", "sadness", "surprise")},
    )

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return the table's own names."""
        return {"subject": row["subject"], "clip": row["clip"]}
