"""Data set `video`: one video of a face, as a single clip or as several intervals of a long recording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mer.dataset.interval import require_order
from mer.dataset.media import VideoFile
from mer.dataset.names import require_one_spelling
from mer.dataset.points import StoredPoints
from mer.dataset.tables import Row, Table, read_table
from mer.dataset.video import video_index
from mer.errors import ConfigError, DataError
from mer.store.roles import place
from mer.types import Exclusion, Manifest, Sample
from mer.validation import require_choice, user_path

__all__ = ["Video"]

_TEXTS = ("apex", "label", "subject", "sample_id")  # columns of the intervals that may be left out


@dataclass(frozen=True, kw_only=True)
class Video:
    """A video and when the expressions happen in it.

    Attributes
    ----------
    name : str
    file : str or None
        The video.
    intervals : str or None
        CSV with the columns onset and offset, and if you have them apex, label, subject, sample_id; None takes the one
        clip that `onset`, `apex` and `offset` describe.
    unit : {"frames", "seconds"}
        Of onset, apex and offset; frames count from 0; seconds are those of the file's own clock.
    onset, apex, offset : number or None
        None is the first frame, the middle between the two others, the last frame.
    subject, label : str
        Where the intervals do not say.
    landmarks : str or None
        Stored landmarks of the frames, see `mer.dataset.points.StoredPoints`.

    Notes
    -----
    Seconds are looked up among the time stamps of the frames, so that a variable frame rate does no harm.
    """

    name: str
    file: str | None = place()
    intervals: str | None = place()
    unit: str
    onset: float | None
    apex: float | None
    offset: float | None
    subject: str
    label: str
    landmarks: str | None = place()

    def __post_init__(self) -> None:
        require_choice("dataset.unit", self.unit, ("frames", "seconds"))
        if self.intervals and any(value is not None for value in (self.onset, self.apex, self.offset)):
            raise ConfigError("dataset.intervals: give either the table, or dataset.onset, apex and offset, not both")

    @property
    def entry(self) -> Literal["frames"]:
        """The samples enter with frames."""
        return "frames"

    def load(self) -> Manifest:
        """Read the intervals and the time stamps of the video.

        Raises
        ------
        ConfigError
            If no video is given.
        DataError
            If the video or the table cannot be read; a faulty interval becomes an `Exclusion`.
        """
        if not self.file:
            raise ConfigError("dataset.file: which video? Give dataset.file=FILE")
        file = user_path("dataset.file", self.file)
        index = video_index(file)
        samples: list[Sample] = []
        excluded: list[Exclusion] = []
        table = self._table()
        for row in self._rows(table):
            try:
                row.require_values(("onset", "offset", *_TEXTS))
                samples.append(self._sample(row, file, index.times))
            except DataError as error:
                excluded.append(Exclusion(sample_id=row["sample_id"], reason=f"{row.where}: {error}", fault=True))
        where = str(table.path if table else file)
        require_one_spelling("subject", (sample.subject for sample in samples), where)
        require_one_spelling("label", (sample.label for sample in samples), where)
        return Manifest(
            samples=tuple(samples),
            classes=tuple(sorted({sample.label for sample in samples})),
            excluded=tuple(excluded),
            notes={
                "apex_source": "annotated, or else the middle of onset and offset",
                "frame_source": file.name,
                "remarks": (*index.remarks, *(table.remarks if table else ())),
            },
        )

    def _table(self) -> Table | None:
        if not self.intervals:
            return None
        table = read_table(user_path("dataset.intervals", self.intervals))
        table.require(("onset", "offset"), _TEXTS)
        return table

    def _rows(self, table: Table | None) -> Sequence[Row]:
        if table is None:
            given = {"onset": self.onset, "apex": self.apex, "offset": self.offset}
            cells = {name: "" if value is None else str(value) for name, value in given.items()}
            return [Row(where="dataset.onset, apex, offset", cells={**cells, "sample_id": Path(self.file or "").stem})]
        stem = Path(self.file or "").stem
        return [
            replace(row, cells={**row.cells, "sample_id": row["sample_id"] or f"{stem}_{number:03d}"})
            for number, row in enumerate(table.rows, start=1)
        ]

    def _sample(self, row: Row, file: Path, times: NDArray[np.float64]) -> Sample:
        onset = self._frame(row, "onset", times, empty=0)
        offset = self._frame(row, "offset", times, empty=len(times) - 1)
        apex = self._frame(row, "apex", times, empty=(onset + offset) // 2)
        require_order(onset, apex, offset)
        points = StoredPoints(path=user_path("dataset.landmarks", self.landmarks), first=0) if self.landmarks else None
        return Sample(
            id=row["sample_id"],
            dataset=self.name,
            subject=f"{self.name}/{row['subject'] or self.subject}",
            label=row["label"] or self.label,
            onset=onset,
            apex=apex,
            offset=offset,
            fps=_rate(times),
            clip=VideoFile(file=file, first=0, points=points),
        )

    def _frame(self, row: Row, column: str, times: NDArray[np.float64], *, empty: int) -> int:
        text = row[column]
        if not text:
            return empty
        if not re.fullmatch(r"\d+(\.\d+)?", text):
            comma = ", decimals with a point" if "," in text else ""
            raise DataError(f"{column} {text!r} is not a number of {self.unit}; correct it{comma}")
        value = float(text)
        if self.unit == "seconds":
            if value > times[-1] + (times[-1] - times[0]) / max(len(times) - 1, 1):
                raise DataError(f"{column} {text} s is after the end of the video, {times[-1]:.3f} s; correct it")
            return int(np.abs(times - value).argmin())
        if not value.is_integer() or value >= len(times):
            raise DataError(
                f"{column} {text} is not a frame of the video, whose frames are 0 to {len(times) - 1}; correct it"
            )
        return int(value)


def _rate(times: NDArray[np.float64]) -> float:
    span = float(times[-1] - times[0])
    return (len(times) - 1) / span if span > 0 else 0.0
