"""What the readers of databases of long videos share: folders of frames become recordings, rows of a table events."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mer.dataset.depth import recordings_with_depth, require_depth
from mer.dataset.interval import is_coded, kind_named, require_order
from mer.dataset.long_readers.places import likely_places
from mer.dataset.long_videos import LongVideos
from mer.dataset.media import FrameFolder, list_frames, require_pattern
from mer.dataset.names import unpadded_name
from mer.dataset.readers.coding import Columns, read_coding
from mer.dataset.readers.folders import database_root
from mer.dataset.readers.sheets import find_table
from mer.dataset.rows import frame_number
from mer.dataset.tables import Row
from mer.errors import DataError, counted, first_of
from mer.store.roles import place
from mer.types import Exclusion, Interval, Recording, Recordings
from mer.validation import require_number

__all__ = ["LongDatabase", "Video"]

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Video:
    """A folder of frames: names of the subject and of the video as the database writes them."""

    subject: str
    name: str
    folder: Path

    @property
    def key(self) -> Key:
        """Return the names without padding zeros and case, by which rows and folders are compared."""
        return unpadded_name(self.subject), unpadded_name(self.name)


@dataclass(frozen=True, kw_only=True)
class LongDatabase(LongVideos, ABC):
    """A database of long videos.

    Attributes
    ----------
    name : str
        Name of the data set; prefix of the subjects' names.
    root : str or None
        Folder of the database.
    table : str or None
        Annotation file, relative to the root; None looks for the database's own.
    sheet : str or None
        Sheet of a workbook; None looks for the database's own.
    pattern : str or None
        Regular expression of a frame's file name, see `mer.dataset.media.list_frames`.
    depth : int or None
        Significant bits of 16-bit frames; None finds them, see `mer.dataset.depth`.
    fps : float
        Frames per second.

    Notes
    -----
    Every folder of frames is a recording, also one in which no expression was coded. Intervals that overlap are kept,
    as in the evaluation of MEGC: a macro-expression may hold a micro-expression.
    """

    name: str
    root: str | None = place()
    table: str | None = place()
    sheet: str | None
    pattern: str | None
    depth: int | None
    fps: float

    title: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]
    places: ClassVar[tuple[str, ...]]
    """Usual names of the folder that holds those of the videos, see `likely_places`."""
    columns: ClassVar[Columns]

    def __post_init__(self) -> None:
        require_number("dataset.fps", self.fps, low=0, above=True)
        require_pattern(self.pattern)
        require_depth(self.depth)

    def recordings(self) -> Recordings:
        """Read the table and list the frames of every video; frames are opened only to find the depth of 16-bit files.

        Raises
        ------
        ConfigError
            If no root is given.
        DataError
            If the root or the table cannot be used as a whole; a faulty row or video becomes an `Exclusion`.
        """
        root = database_root(self.root, self.name, self.title)
        found = (list(self.videos(place)) for place in likely_places(root, self.places))
        videos = sorted(next(filter(None, found), []), key=lambda video: video.key)
        if not videos:
            raise DataError(f"{root}: no folder of frames such as {self.example()} is there; correct dataset.root")
        reading = _Reading(database=self)
        rows = self.rows(root)
        reading.read(videos, rows)
        remarks = [*dict.fromkeys(remark for row in rows for remark in row.remarks), *reading.remarks()]
        whole = Recordings(
            recordings=tuple(reading.recordings),
            excluded=tuple(reading.excluded),
            notes={"rows": len(rows), "remarks": remarks},
        )
        return recordings_with_depth(whole, self.depth)

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return the rows of the table, with the columns subject, clip, onset, apex, offset and type."""
        return read_coding(find_table(root, self.table, self.tables), self.columns, self.sheet)

    @abstractmethod
    def videos(self, place: Path) -> Iterator[Video]:
        """Yield the folders of frames in one of the `likely_places`."""

    @abstractmethod
    def key(self, row: Row) -> Key:
        """Return the subject and video of a row, as in `Video.key`.

        Raises
        ------
        DataError
            If the row contradicts itself.
        """

    @abstractmethod
    def example(self) -> str:
        """Return how the folder of a video is called, for messages."""


@dataclass(kw_only=True)
class _Reading:
    """One pass over the videos and the rows of a table."""

    database: LongDatabase
    recordings: list[Recording] = field(default_factory=list)
    excluded: list[Exclusion] = field(default_factory=list)
    without_offset: list[Row] = field(default_factory=list)

    def remarks(self) -> list[str]:
        """Return what a user should know of rows that are read all the same."""
        if not self.without_offset:
            return []
        some, first = self.without_offset, self.without_offset[0].where
        return [f"{counted(len(some), 'offset')} not coded, so the apex stands for it; the first in {first}"]

    def read(self, videos: Sequence[Video], rows: Sequence[Row]) -> None:
        by_key: dict[Key, list[Row]] = {}
        for row in rows:
            if not (row["clip"] or row["onset"] or row["offset"]):
                continue  # a note below the table
            try:
                if not row["clip"]:
                    raise DataError("the cell with the name of the file is empty; fill it in")
                by_key.setdefault(self.database.key(row), []).append(row)
            except DataError as error:
                self._leave_out(row, row["clip"], str(error))
        found = {video.key for video in videos}
        self._without_folder([some for key, some in by_key.items() if key not in found])
        for video in videos:
            self._take(video, by_key.get(video.key, ()))

    def _without_folder(self, lost: Sequence[Sequence[Row]]) -> None:
        """Leave out the rows of videos that are not there, in one sentence."""
        if not lost:
            return
        names = [" ".join(dict.fromkeys(filter(None, (rows[0]["subject"], rows[0]["clip"])))) for rows in lost]
        count, example = sum(map(len, lost)), self.database.example()
        text = (
            f"{counted(count, 'row is', 'rows are')} of a video whose folder, such as {example}, is not there; copy it"
        )
        if len(lost) > 1:
            videos = f"{len(lost)} videos whose folders, such as {example}, are not there ({first_of(names, 3)})"
            text = f"{count} rows are of {videos}; copy them"
        self._leave_out(lost[0][0], names[0], f"{text}, or correct dataset.root")

    def _take(self, video: Video, rows: Sequence[Row]) -> None:
        name = f"{video.subject}_{video.name}"
        try:
            frames = _whole(video.folder, list_frames(video.folder, self.database.pattern))
        except DataError as error:
            self.excluded.append(Exclusion(sample_id=name, reason=f"{name}: {error}", fault=True))
            return
        first, last = min(frames), max(frames)
        self.recordings.append(
            Recording(
                id=name,
                dataset=self.database.name,
                subject=f"{self.database.name}/{video.subject}",
                first=first,
                last=last,
                fps=self.database.fps,
                events=tuple(sorted(self._events(name, rows, first, last), key=lambda e: (e.onset, e.offset))),
                clip=FrameFolder(folder=video.folder, frames=frames),
            )
        )

    def _events(self, name: str, rows: Sequence[Row], first: int, last: int) -> Iterator[Interval]:
        seen: set[tuple[int, int, str]] = set()
        for row in rows:
            try:
                row.require_values()
                event = self._event(row, first, last)
                if (ends := (event.onset, event.offset, event.kind)) in seen:
                    raise DataError("an earlier row has the same expression; remove one of the two")
                seen.add(ends)
                yield event
            except DataError as error:
                self._leave_out(row, name, str(error))

    def _event(self, row: Row, first: int, last: int) -> Interval:
        kind = kind_named(row["type"])
        if kind is None:
            raise DataError(f"type {row['type']!r} is neither micro nor macro; correct it")
        onset, apex = frame_number(row, "onset"), _coded(row, "apex")
        offset = _coded(row, "offset")
        if offset is None:
            if apex is None:
                raise DataError("neither apex nor offset is coded; fill one in, or leave the row out")
            self.without_offset.append(row)
            offset = apex
        require_order(onset, onset if apex is None else apex, offset)
        if onset < first or offset > last:
            raise DataError(f"frames {onset} to {offset} are not all in the video, {first} to {last}; correct the row")
        return Interval(onset=onset, apex=apex, offset=offset, kind=kind, label=row["label"].casefold())

    def _leave_out(self, row: Row, name: str, reason: str) -> None:
        self.excluded.append(Exclusion(sample_id=name, reason=f"{row.where}: {name}: {reason}", fault=True))


def _whole(folder: Path, frames: Mapping[int, Path]) -> Mapping[int, Path]:
    if len(frames) == 1:
        raise DataError(f"{folder} has 1 frame, so there is no motion to find; copy the others")
    lost = sorted(set(range(min(frames), max(frames) + 1)) - set(frames))
    if lost:
        raise DataError(
            f"{folder} lacks frame {lost[0]}{f' and {len(lost) - 1} more' * (len(lost) > 1)}; copy it again"
        )
    return frames


def _coded(row: Row, column: str) -> int | None:
    """Return the frame of a cell; None where none is coded, for which these databases also write 0."""
    if not is_coded(row[column]) or re.fullmatch(r"0+([.,]0*)?", row[column]):
        return None
    return frame_number(row, column)
