"""Data set `smic_e`: SMIC-E, the longer clips around SMIC's events (Li et al. 2018, doi:10.1109/TAFFC.2017.2667642)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.smic_part import LABELS, SmicPart, padded
from mer.dataset.tables import Row

__all__ = ["SmicE"]

_PLACES = ("", "{part}_long/", "{part}_long/SMIC-{part}-E/", "SMIC-E_raw image/{part}_long/")
_EVENTS = (2, 3)  # further events of a clip that the table has columns for
_EMPTY = ("", "0", "/", "-")


def _layout(part: str) -> Layout:
    name = f"SMIC-{part}-E_annotation*"
    events = {f"{what}{k}": (f"{what.title()}{k}F",) for k in _EVENTS for what in ("onset", "offset")}
    return Layout(
        title="SMIC-E",
        tables=tuple(place.format(part=part) + name + end for place in _PLACES for end in (".xlsx", ".csv")),
        columns=Columns(
            needed={
                "subject": ("Subject",),
                "clip": ("Filename",),
                "onset": ("OnsetF",),
                "offset": ("OffsetF",),
                "label": ("Emotion",),
            },
            optional=events,
            sheets=(part,),
        ),
        folders={
            "raw": (
                "SMIC-E_raw image/{part}_long/SMIC-{part}-E/{subject}/{clip}",
                "{part}_long/SMIC-{part}-E/{subject}/{clip}",
                "{part}_long/SMIC-{part}-E/{part}/{subject}/{clip}",
                "SMIC-{part}-E/{subject}/{clip}",
                "{subject}/{clip}",
            )
        },
        labels=LABELS,
    )


@dataclass(frozen=True, kw_only=True)
class SmicE(SmicPart):
    """SMIC-E; a clip holds up to three events, each a sample."""

    @property
    def layout(self) -> Layout:  # type: ignore[override]
        """That of the part."""
        return _layout(self.part)

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return ``s03`` and ``s03_sur_01`` for 3 and ``s3_sur_01``, as in the shorter clips of SMIC."""
        subject = re.sub(r"^s(?=\d)", "", row["subject"], flags=re.IGNORECASE)
        return {"subject": f"s{int(subject):02d}" if subject.isdigit() else subject, "clip": padded(row["clip"])}

    def sample_id(self, row: Row) -> str:
        """Return the clip's name, ``s03_sur_01``; that of its second event is ``s03_sur_01_2``."""
        return f"{super().sample_id(row)}_{row['event']}" if row["event"] else super().sample_id(row)

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return one row per event; notes below the table are left out."""
        return tuple(event for row in super().rows(root) for event in _events(row))


def _events(row: Row) -> Iterator[Row]:
    if not any(row[column] for column in ("clip", "onset", "offset", "label")):
        return
    yield row
    for k in _EVENTS:
        further = {what: row[f"{what}{k}"] for what in ("onset", "offset")}
        if any(cell not in _EMPTY for cell in further.values()):
            yield replace(row, cells={**row.cells, **further, "event": str(k)})
