"""Data set `samm`: SAMM (Davison et al. 2018, doi:10.1109/TAFFC.2016.2573832), 200 frames/s, 2040×1088 grey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.database import Database
from mer.dataset.tables import Row

__all__ = ["Samm"]


@dataclass(frozen=True, kw_only=True)
class Samm(Database):
    """SAMM; frames keep the numbers of the long recording, with four digits in some clips and five in others."""

    layout = Layout(
        title="SAMM",
        tables=("SAMM*.xlsx", "SAMM*.csv"),
        columns=Columns(
            needed={
                "subject": ("Subject",),
                "clip": ("Filename",),
                "onset": ("Onset Frame",),
                "apex": ("Apex Frame",),
                "offset": ("Offset Frame",),
                "label": ("Estimated Emotion", "Emotion"),
            },
            optional={
                "action_units": ("Action Units", "AU"),
                "objective": ("Objective Classes", "Objective Class"),
                "micro": ("Micro", "Micro/Macro"),
            },
            sheets=("MICRO_ONLY",),
        ),
        folders={
            "raw": ("{subject}/{clip}", "SAMM/{subject}/{clip}"),
            "cropped": ("Cropped/{subject}/{clip}", "SAMM_CROP/{subject}/{clip}"),
        },
        labels={
            "happiness": "happiness",
            "surprise": "surprise",
            "disgust": "disgust",
            "anger": "anger",
            "contempt": "contempt",
            "fear": "fear",
            "sadness": "sadness",
            "other": "others",
            "others": "others",
        },
    )

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return the micro-expressions of a sheet that may also list macro-expressions."""
        return tuple(row for row in super().rows(root) if not row["micro"].casefold().startswith("macro"))

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return ``006``, which some spreadsheet programs turn into 6."""
        subject = row["subject"] or row["clip"].split("_")[0]
        return {"subject": subject.zfill(3) if subject.isdigit() else subject, "clip": row["clip"]}
