"""What the two releases of SMIC have in common: parts by camera, three classes, no apex, one spelling of names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mer.dataset.readers.database import Database
from mer.dataset.tables import Row
from mer.validation import require_choice

__all__ = ["LABELS", "SmicPart", "padded"]

LABELS: Mapping[str, str] = {name: name for name in ("negative", "positive", "surprise")}


@dataclass(frozen=True, kw_only=True)
class SmicPart(Database):
    """One part of a release of SMIC; no apex is annotated, so the middle frame is used.

    Attributes
    ----------
    part : {"HS", "VIS", "NIR"}
        Camera: high speed (100 frames per second), visible light or near infrared (25).
    """

    part: str

    def __post_init__(self) -> None:
        require_choice("dataset.part", self.part, ("HS", "VIS", "NIR"))
        super().__post_init__()

    def kinds_of_apex(self) -> tuple[str, ...]:
        """Return the middle alone."""
        return ("middle",)

    def names(self, row: Row) -> Mapping[str, str]:
        """Return what fills the templates."""
        return {**super().names(row), "part": self.part}


def padded(name: str) -> str:
    """Return ``s03_sur_01`` for ``s3_sur_01``, and ``s03`` for ``s3``."""
    return re.sub(r"^s(\d)(?!\d)", r"s0\1", name.strip(), flags=re.IGNORECASE)
