"""Data set `fourdme`: 4DME (Li et al. 2022, doi:10.1109/TAFFC.2022.3182342), its grey videos."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.database import Database
from mer.dataset.tables import Row
from mer.errors import DataError
from mer.types import Sample
from mer.types.combined import JOIN, combined

__all__ = ["Fourdme"]

_FLAGS = {name: f"has_{name}" for name in ("positive", "surprise", "negative", "repression", "others")}


@dataclass(frozen=True, kw_only=True)
class Fourdme(Database):
    """4DME, the grey-scale micro-expressions; action units marked ``(k)`` are held all the time and left out.

    A clip may have several classes; its label then joins them, such as ``positive+surprise``. The table's five columns
    of flags decide where it has them, and the words of the column Emotion otherwise.
    """

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
            optional={
                "action_units": ("AUs", "AU"),
                **{column: (name.title(),) for name, column in _FLAGS.items()},
            },
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

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return the rows of the table, with a remark where flags and words differ."""
        return tuple(self._compared(row) for row in super().rows(root))

    def label(self, row: Row) -> str:
        """Return the classes of a row, joined."""
        for name, column in _FLAGS.items():
            if _flag(row, column) not in ("", "0", "1"):
                raise DataError(
                    f"the flag {name.title()} is {row[column]!r} and must be 0 or 1; correct it in the table"
                )
        words = self._words(row)
        if None in words and not _flagged(row):
            spelt = ", ".join(dict.fromkeys(self.layout.labels))
            raise DataError(
                f"label {row['label']!r} is unknown; known are {spelt}, joined by +: correct it in the table"
            )
        return combined(name for name in _FLAGS if name in (_flagged(row) or words))

    def _words(self, row: Row) -> list[str | None]:
        return [self.layout.labels.get(word.strip().casefold()) for word in row["label"].split(JOIN)]

    def _compared(self, row: Row) -> Row:
        flags = _flagged(row)
        if not flags or set(flags) == set(self._words(row)):
            return row
        told = f"{row.where}: Emotion is {row['label']!r} and the flags say {combined(flags)}, which counts"
        return replace(row, remarks=(*row.remarks, f"{told}; correct the table if that is wrong"))

    def _classes(self, samples: Sequence[Sample]) -> tuple[str, ...]:
        several = sorted({sample.label for sample in samples if JOIN in sample.label})
        return (*super()._classes(samples), *several)

    def action_units(self, row: Row) -> str:
        """Return the units that move."""
        units = [unit.strip() for unit in re.split(r"[+,]", row["action_units"])]
        return "+".join(unit for unit in units if unit and not unit.casefold().endswith("(k)"))


def _flag(row: Row, column: str) -> str:
    return row[column].removesuffix(".0")


def _flagged(row: Row) -> list[str]:
    """Return the classes whose flag is set."""
    return [name for name, column in _FLAGS.items() if _flag(row, column) == "1"]
