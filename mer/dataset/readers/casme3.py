"""Data set `casme3`: CAS(ME)³ (Li et al. 2023, doi:10.1109/TPAMI.2022.3174895), parts A and C, 30 frames per second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.damaged import Damaged, read_damaged
from mer.dataset.readers.database import Database
from mer.dataset.tables import Row
from mer.store.roles import place
from mer.validation import require_choice

__all__ = ["PART_A_COLUMNS", "Casme3"]

PART_A_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "subject": ("Subject",),
    "clip": ("Filename",),
    "onset": ("Onset",),
    "apex": ("Apex",),
    "offset": ("Offset",),
}
"""Columns that every table of part A has, see `mer.dataset.readers.coding.Columns`."""

_PART_A = Layout(
    title="CAS(ME)³ part A",
    tables=(
        "cas(me)3_part_A_ME_label*.xlsx",
        "cas(me)3_part_A_ME_label*.csv",
        "part_A/cas(me)3_part_A_ME_label*.xlsx",
    ),
    columns=Columns(
        needed={**PART_A_COLUMNS, "label": ("emotion",)},
        optional={"action_units": ("AU",), "objective": ("Objective class",)},
        sheets=("label",),
    ),
    folders={
        "raw": (
            "part_A/{subject}/{clip}/color",
            "{subject}/{clip}/color",
            "part_A/data/part_A/{subject}/{clip}/color",
            "part_A/{subject}/{clip}",
        ),
        "cropped": ("Cropped/{subject}/{clip}/color", "Cropped/{subject}/{clip}"),
    },
    labels={
        "happy": "happiness",
        "happiness": "happiness",
        "surprise": "surprise",
        "disgust": "disgust",
        "anger": "anger",
        "fear": "fear",
        "sad": "sadness",
        "sadness": "sadness",
        "others": "others",
        "other": "others",
    },
)
_PART_C = Layout(
    title="CAS(ME)³ part C",
    tables=("CAS(ME)3_part_C_ME*.xlsx", "CAS(ME)3_part_C_ME*.csv", "part_C/CAS(ME)3_part_C_ME*.xlsx"),
    columns=Columns(
        needed={
            "subject": ("sub",),
            "clip": ("count",),
            "onset": ("onset",),
            "offset": ("offset",),
            "label": ("emotion",),
        },
        optional={"action_units": ("au",)},
        sheets=("mockCrimeME",),
    ),
    folders={
        "raw": ("part_C/{subject}/{clip}/color", "part_C/{subject}/color", "{subject}/color", "part_C/{subject}"),
        "cropped": ("Cropped/{subject}/color", "Cropped/{subject}"),
    },
    labels={"negative": "negative", "positive": "positive", "surprise": "surprise", "others": "others"},
)


@dataclass(frozen=True, kw_only=True)
class Casme3(Database):
    """CAS(ME)³; one recording holds several events, so that subject, file and onset together name a clip.

    Attributes
    ----------
    part : {"A", "C"}
        A: 7 emotions, with apex; C (mock crime): 4 classes, without apex, so the middle frame is used.
    damaged : str, sequence of str or None
        The authors' lists of frames that are damaged or of bad quality, see `mer.dataset.readers.damaged`: a clip whose
        onset or apex is in one is faulty; other frames are a remark.
    """

    part: str
    damaged: str | Sequence[str] | None = place()

    def __post_init__(self) -> None:
        require_choice("dataset.part", self.part, ("A", "C"))
        lists = (self.damaged,) if isinstance(self.damaged, str) else self.damaged or ()
        object.__setattr__(self, "damaged", tuple(map(str, lists)))
        super().__post_init__()

    def patch_list(self) -> str:
        """Return the list of part A alone: no mistake of part C is known, and both parts have clips of one name."""
        return "casme3" if self.part == "A" else "casme3_c"

    def damaged_frames(self) -> Damaged:
        """Return the frames of the authors' lists."""
        return read_damaged(self.damaged or (), self._root())

    @property
    def layout(self) -> Layout:  # type: ignore[override]
        """That of the part."""
        return _PART_A if self.part == "A" else _PART_C

    def kinds_of_apex(self) -> tuple[str, ...]:
        """Return the middle alone for part C, which has no annotated apex."""
        return super().kinds_of_apex() if self.part == "A" else ("middle",)

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return the table's own names."""
        return {"subject": row["subject"], "clip": row["clip"]}

    def sample_id(self, row: Row) -> str:
        """Return subject, file and onset."""
        return f"{row['subject']}_{row['clip']}_{row['onset'].zfill(5)}"
