"""Data set `fourdme`: 4DME (Li et al. 2022, doi:10.1109/TAFFC.2022.3182342), its grey videos."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.database import Database
from mer.dataset.tables import Row

__all__ = ["Fourdme"]


@dataclass(frozen=True, kw_only=True)
class Fourdme(Database):
    """4DME, the grey-scale micro-expressions; action units marked ``(k)`` are held all the time and left out."""

    layout = Layout(
        title="4DME",
        tables=("4DME_Labelling_Micro*.xlsx", "4DME_Labelling_Micro*.csv"),
        columns=Columns(
            needed={
                "subject": ("sub_ID",),
                "clip": ("fold_name",),
                "onset": ("Onset",),
                "apex": ("Apex",),
                "offset": ("Offset",),
                "label": ("Emotion",),
            },
            optional={"action_units": ("AUs", "AU")},
        ),
        folders={"raw": ("gray_micro/{subject}/{clip}", "{subject}/{clip}"), "cropped": ("Cropped/{subject}/{clip}",)},
        labels={
            "positive": "positive",
            "surprise": "surprise",
            "negative": "negative",
            "repression": "repression",
            "others": "others",
            "other": "others",
        },
    )

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return the table's own names."""
        return {"subject": row["subject"], "clip": row["clip"]}

    def action_units(self, row: Row) -> str:
        """Return the units that move."""
        units = [unit.strip() for unit in re.split(r"[+,]", row["action_units"])]
        return "+".join(unit for unit in units if unit and not unit.casefold().endswith("(k)"))
