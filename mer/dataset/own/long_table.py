"""Data set `csv_long`: the user's own long videos, and a table with one row per expression in them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mer.dataset.depth import recordings_with_depth, require_depth
from mer.dataset.interval import is_coded, kind_named, require_order
from mer.dataset.long_videos import LongVideos
from mer.dataset.media import FrameFolder, VideoFile, list_frames, require_pattern
from mer.dataset.rows import frame_number
from mer.dataset.tables import Row, read_table
from mer.dataset.video import video_index
from mer.errors import ConfigError, DataError, counted
from mer.store.roles import place
from mer.types import Exclusion, Interval, Kind, Recording, Recordings
from mer.validation import require_number, user_path

__all__ = ["LongTable"]

_NEEDED = ("path", "subject", "onset", "offset")
_OPTIONAL = ("apex", "kind", "label", "fps")


@dataclass(frozen=True, kw_only=True)
class LongTable(LongVideos):
    """A table with the columns path, subject, onset, offset; optional apex, kind, label and fps.

    Attributes
    ----------
    name : str
        Name of the data set; prefix of the subjects' names.
    table : str or None
        The CSV, one row per expression; a row whose onset and offset are empty names a video without one.
    root : str or None
        Folder that `path` is relative to; None is the folder of the CSV.
    pattern : str or None
        Regular expression of a frame's file name, see `mer.dataset.media.list_frames`.
    depth : int or None
        Significant bits of 16-bit frames; None finds them, see `mer.dataset.depth`.
    longest_micro : float
        Longest micro-expression, s from onset to offset, where the table does not say the kind.

    Notes
    -----
    Frames of a video count from 0, those of a folder as their files are numbered. A folder needs the column fps. A
    video has its own clock; where the column is filled in, it counts instead: a camera may be faster than its video.
    """

    name: str
    table: str | None = place()
    root: str | None = place()
    pattern: str | None
    depth: int | None
    longest_micro: float

    clips: ClassVar[str] = "csv"

    def __post_init__(self) -> None:
        require_pattern(self.pattern)
        require_depth(self.depth)
        require_number("dataset.longest_micro", self.longest_micro, low=0, above=True)

    def recordings(self) -> Recordings:
        """Read the table and look how many frames every video has.

        Raises
        ------
        ConfigError
            If no table is given.
        DataError
            If the table cannot be used as a whole; a faulty video or expression becomes an `Exclusion`.
        """
        if not self.table:
            raise ConfigError("dataset.table: which table? Give dataset.table=FILE, a CSV with one row per expression")
        table = read_table(user_path("dataset.table", self.table))
        table.require(_NEEDED, _OPTIONAL)
        base = user_path("dataset.root", self.root) if self.root else table.path.parent
        rows: dict[Path, list[Row]] = {}
        for row in table.rows:
            if not row["path"]:
                raise DataError(f"{row.where}: path is empty; fill it in")
            path = user_path("path", row["path"].replace("\\", "/"), base=base)
            rows.setdefault(Path(os.path.normpath(path)), []).append(row)
        excluded: list[Exclusion] = []
        found: list[Recording] = []
        for path, some in rows.items():
            try:
                found.append(self._recording(path, some, excluded))
            except DataError as error:
                where = "" if str(error).startswith(some[0].where) else f"{some[0].where}: "
                excluded.append(Exclusion(sample_id=_name(some), reason=f"{where}{error}", fault=True))
        files = [one.clip.file for one in found if isinstance(one.clip, VideoFile)]
        remarks = [remark for file in files for remark in video_index(file).remarks]
        notes = {"remarks": [*table.remarks, *remarks]}
        whole = Recordings(recordings=tuple(found), excluded=tuple(excluded), notes=notes)
        return recordings_with_depth(whole, self.depth)

    def _recording(self, path: Path, rows: Sequence[Row], excluded: list[Exclusion]) -> Recording:
        where, name = rows[0].where, _name(rows)
        clip, first, last, fps = self._frames(where, path, _one(rows, "fps"))
        subject = _one(rows, "subject")
        if not subject:
            raise DataError(f"{where}: subject is empty; fill it in")
        events: dict[tuple[int, int, Kind], Interval] = {}
        for row in rows:
            if not (is_coded(row["onset"]) or is_coded(row["offset"])):
                continue
            try:
                row.require_values((*_NEEDED, *_OPTIONAL))
                event = self._event(row, first, last, fps)
                if events.setdefault((event.onset, event.offset, event.kind), event) is not event:
                    raise DataError("an earlier row has the same expression; remove one of the two")
            except DataError as error:
                excluded.append(Exclusion(sample_id=name, reason=f"{row.where}: {error}", fault=True))
        return Recording(
            id=name,
            dataset=self.name,
            subject=f"{self.name}/{subject}",
            first=first,
            last=last,
            fps=fps,
            events=tuple(sorted(events.values(), key=lambda event: event.onset)),
            clip=clip,
        )

    def _frames(self, where: str, path: Path, fps: str) -> tuple[FrameFolder | VideoFile, int, int, float]:
        """Return a video, its first and last frame and its frames per second."""
        if path.is_dir():
            frames = list_frames(path, self.pattern)
            first, last = min(frames), max(frames)
            lost = sorted(set(range(first, last + 1)) - set(frames))
            if lost:
                frames_are = counted(len(lost), "frame")
                raise DataError(f"{where}: {path} lacks {frames_are}, the first is {lost[0]}; copy the folder again")
            if first == last:
                raise DataError(f"{where}: {path} has 1 frame, so there is no motion to find; correct path")
            return FrameFolder(folder=path, frames=frames), first, last, _rate(where, fps)
        if not path.is_file():
            raise DataError(f"{where}: no folder or video {path}; correct path, or say with dataset.root where it is")
        times = video_index(path).times
        if len(times) < 2 or times[-1] <= times[0]:
            raise DataError(
                f"{where}: {path} has {counted(len(times), 'frame')}, so there is no motion to find; correct path"
            )
        rate = _rate(where, fps) if fps else (len(times) - 1) / float(times[-1] - times[0])
        return VideoFile(file=path, first=0), 0, len(times) - 1, rate

    def _event(self, row: Row, first: int, last: int, fps: float) -> Interval:
        onset, offset = frame_number(row, "onset"), frame_number(row, "offset")
        apex = frame_number(row, "apex") if is_coded(row["apex"]) else None
        require_order(onset, onset if apex is None else apex, offset)
        if onset < first or offset > last:
            raise DataError(f"frames {onset} to {offset} are not all in the video, {first} to {last}; correct the row")
        kind: Kind = "micro" if (offset - onset) / fps <= self.longest_micro else "macro"
        if row["kind"]:
            named = kind_named(row["kind"])
            if named is None:
                raise DataError(f"kind {row['kind']!r} is neither micro nor macro; correct it or leave it empty")
            kind = named
        return Interval(onset=onset, apex=apex, offset=offset, kind=kind, label=row["label"])


def _name(rows: Sequence[Row]) -> str:
    return rows[0]["path"].replace("\\", "/")


def _one(rows: Sequence[Row], column: str) -> str:
    """Return what all rows of a video say; a row may leave it empty."""
    found = sorted({row[column] for row in rows} - {""})
    if len(found) > 1:
        raise DataError(f"{rows[0].where}: the rows of {rows[0]['path']} have the {column} {' and '.join(found[:3])}; "
                        "a video has one")  # fmt: skip
    return found[0] if found else ""


def _rate(where: str, text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) == 0:
        said = f"fps {text!r} is not a number above 0" if text else "fps is empty"
        raise DataError(f"{where}: {said}; a folder of frames needs the frames per second of the camera")
    return float(text)
