"""Data set `casme2`: CASME II (Yan et al. 2014, doi:10.1371/journal.pone.0086041), 200 frames per second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mer.dataset.names import unpadded_name
from mer.dataset.readers.coding import Columns, Layout, read_coding
from mer.dataset.readers.database import Database
from mer.dataset.readers.sheets import find_table
from mer.dataset.tables import Row
from mer.store.roles import place

__all__ = ["Casme2"]

_OBJECTIVE = Columns(
    needed={"subject": ("Subject",), "clip": ("Filename",), "objective": ("Objective Class", "Objective Classes")}
)


@dataclass(frozen=True, kw_only=True)
class Casme2(Database):
    """CASME II; the objective classes are in a table of their own, `objective`.

    Attributes
    ----------
    objective : str or None
        The table of the objective classes; None finds it under the root. Read if `labels` needs it.
    """

    objective: str | None = place()

    layout = Layout(
        title="CASME II",
        tables=("CASME2-coding*.xlsx", "CASME2-coding*.csv"),
        columns=Columns(
            needed={
                "subject": ("Subject",),
                "clip": ("Filename",),
                "onset": ("OnsetFrame",),
                "apex": ("ApexFrame",),
                "offset": ("OffsetFrame",),
                "label": ("Estimated Emotion", "Emotion"),
            },
            optional={"action_units": ("Action Units", "AU")},
            sheets=("Sheet1",),
        ),
        folders={
            "raw": (
                "CASME2_RAW_selected/{subject}/{clip}",
                "CASME2-RAW/{subject}/{clip}",
                "CASME2_RAW/{subject}/{clip}",
                "{subject}/{clip}",
            ),
            "cropped": ("Cropped/{subject}/{clip}",),
        },
        labels={
            "happiness": "happiness",
            "surprise": "surprise",
            "disgust": "disgust",
            "repression": "repression",
            "fear": "fear",
            "sadness": "sadness",
            "others": "others",
            "other": "others",
        },
    )

    def kinds_of_label(self) -> tuple[str, ...]:
        """Return emotion and objective class."""
        return "emotion", "objective"

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return ``sub04`` for the table's 4."""
        subject = row["subject"]
        return {"subject": f"sub{int(subject):02d}" if subject.isdigit() else subject, "clip": row["clip"]}

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return the rows, with the objective class of each if requested."""
        rows = super().rows(root)
        if self.labels != "objective":
            return rows
        names = ("CASME2-ObjectiveClasses*.xlsx", "CASME2-ObjectiveClasses*.csv")
        table = find_table(root, self.objective, names, "dataset.objective")
        known = {self._key(row): row["objective"] for row in read_coding(table, _OBJECTIVE, None)}
        return tuple(replace(r, cells={**r.cells, "objective": known.get(self._key(r), "")}) for r in rows)

    def _key(self, row: Row) -> tuple[str, str]:
        names = self.identity(row)
        return unpadded_name(names["subject"]), unpadded_name(names["clip"])
