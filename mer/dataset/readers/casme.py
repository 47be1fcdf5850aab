"""Data set `casme`: CASME (Yan et al. 2013, doi:10.1109/FG.2013.6553799), 60 frames per second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.database import Database
from mer.dataset.tables import Row

__all__ = ["Casme"]


@dataclass(frozen=True, kw_only=True)
class Casme(Database):
    """CASME; ApexF2, where a second apex was coded, is not used."""

    layout = Layout(
        title="CASME",
        tables=("CASME*.xlsx", "CASME*.csv", "CASME*.xls"),
        columns=Columns(
            needed={
                "subject": ("Subject",),
                "clip": ("Filename",),
                "onset": ("OnsetF", "OnsetFrame"),
                "apex": ("ApexF1", "ApexF", "ApexFrame"),
                "offset": ("OffsetF", "OffsetFrame"),
                "label": ("Emotion", "Estimated Emotion"),
            },
            optional={"action_units": ("AU", "Action Units")},
        ),
        folders={
            "raw": ("CASME_raw_selected/{subject}/{clip}", "raw/{subject}/{clip}", "{subject}/{clip}"),
            "cropped": ("Cropped/{subject}/{clip}",),
        },
        labels={
            "happiness": "happiness",
            "surprise": "surprise",
            "disgust": "disgust",
            "repression": "repression",
            "fear": "fear",
            "sadness": "sadness",
            "contempt": "contempt",
            "tense": "tense",
        },
    )

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return ``sub03`` for the table's 3."""
        subject = row["subject"]
        return {"subject": f"sub{int(subject):02d}" if subject.isdigit() else subject, "clip": row["clip"]}
