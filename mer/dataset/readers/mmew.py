"""Data set `mmew` (Ben et al., doi:10.1109/TPAMI.2021.3067464): 7 classes, 90 frames per second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.database import Database
from mer.dataset.tables import Row

__all__ = ["Mmew"]


@dataclass(frozen=True, kw_only=True)
class Mmew(Database):
    """MMEW, in the layout of its release and in the one of its web page.

    Notes
    -----
    The frames of clips labelled "others" lie in a folder "repression". The subject is the first part of the clip's
    name, so that a table in which the column Subject differs cannot split a person.
    """

    layout = Layout(
        title="MMEW",
        tables=("MMEW_Micro_Exp*.xlsx", "MMEW_Micro_Exp*.csv"),
        columns=Columns(
            needed={
                "subject": ("Subject",),
                "clip": ("Filename",),
                "onset": ("OnsetFrame", "Onset"),
                "apex": ("ApexFrame", "Apex"),
                "offset": ("OffsetFrame", "Offset"),
                "label": ("Estimated Emotion", "Emotion"),
            },
            optional={"action_units": ("Action Units", "AU"), "remarks": ("remarks",)},
            sheets=("Sheet1",),
        ),
        folders={
            "raw": (
                "Micro_Expression/{label}/{clip}",
                "Micro_Expression/{subject}/{label}/{clip}",
                "{subject}/{label}/{clip}",
                "{label}/{clip}",
            ),
            "cropped": ("Cropped/{label}/{clip}", "Cropped/{subject}/{label}/{clip}"),
        },
        labels={
            "happiness": "happiness",
            "surprise": "surprise",
            "disgust": "disgust",
            "anger": "anger",
            "fear": "fear",
            "sadness": "sadness",
            "others": "others",
            "other": "others",
        },
    )

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return the subject from the clip's name, ``S03`` of ``S03-01-002``."""
        subject = row["clip"].split("-")[0] if "-" in row["clip"] else row["subject"]
        return {"subject": f"S{int(subject):02d}" if subject.isdigit() else subject.upper(), "clip": row["clip"]}

    def names(self, row: Row) -> Mapping[str, str]:
        """Return what fills the templates; the folder of "others" is called "repression"."""
        label = self.layout.labels.get(row["label"].casefold(), row["label"])
        return {**super().names(row), "label": "repression" if label == "others" else label}
