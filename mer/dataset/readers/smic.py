"""Data set `smic`: SMIC (Li et al. 2013, doi:10.1109/FG.2013.6553717), parts HS, VIS and NIR; folders are labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.folders import Folders
from mer.dataset.readers.smic_part import LABELS, SmicPart, padded
from mer.dataset.tables import Row
from mer.errors import DataError

__all__ = ["Smic"]


@dataclass(frozen=True, kw_only=True)
class Smic(SmicPart):
    """SMIC, clips cut to the expression."""

    layout = Layout(
        title="SMIC",
        tables=(),
        columns=Columns(needed={}),
        folders={
            "raw": (
                "{part}/{person}/micro/{label}/{clip}",
                "SMIC_all_raw/{part}/{person}/micro/{label}/{clip}",
                "{person}/micro/{label}/{clip}",
            ),
            "cropped": ("SMIC_all_cropped/{part}/{person}/micro/{label}/{clip}",),
        },
        labels=LABELS,
    )

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return ``s01`` for the folder ``s1`` as for ``s01``."""
        return {"subject": padded(row["subject"]), "clip": padded(row["clip"])}

    def names(self, row: Row) -> Mapping[str, str]:
        """Return what fills the templates."""
        return {**super().names(row), "person": row["subject"]}

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return one row per folder of a clip.

        Raises
        ------
        DataError
            If no folder fits the layout.
        """
        folders = Folders(root)
        found = [row for template in self.layout.folders[self.frames] for row in self._walk(folders, template)]
        if not found:
            first = self.layout.folders[self.frames][0].format(
                part=self.part, person="s1", label="negative", clip="s1_ne_01"
            )
            raise DataError(
                f"{root}: no clip is there as {first}; correct dataset.root, dataset.part or dataset.frames"
            )
        return tuple(found)

    def _walk(self, folders: Folders, template: str) -> Iterator[Row]:
        people, _, _ = template.partition("{person}")
        start = folders.find([people.strip("/")], {"part": self.part}) if people else folders.root
        if start is None:
            return
        for person in folders.listed(start):
            for label in _labels(folders, person):
                for clip in folders.listed(label):
                    cells = {"subject": person.name, "clip": clip.name, "label": label.name}
                    row = Row(where=str(clip.relative_to(folders.root)), cells=cells)
                    yield Row(where=row.where, cells={**cells, **self.identity(row)})


def _labels(folders: Folders, person: Path) -> list[Path]:
    return folders.listed(person / "micro") if re.fullmatch(r"s\d+", person.name, re.IGNORECASE) else []
