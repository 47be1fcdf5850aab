"""Generated long videos as the files of a database: frames in its folders, and its table of expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.export.part import Sheets
from mer.dataset.export.write import write_frame, write_whole, write_workbook
from mer.dataset.synthetic.long import SyntheticLong
from mer.errors import ConfigError
from mer.types import Interval, Recording, Recordings
from mer.validation import require_choice

__all__ = ["LONG_LAYOUTS", "export_long"]

_Event = tuple["Placed", int, Interval]  # an event is counted from 1 in its video


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A video under the database's names: which one of which subject, both counted from 1."""

    recording: Recording
    subject: int
    number: int


@dataclass(frozen=True, kw_only=True)
class LongLayout:
    """The layout of a database of long videos; frames count from 1.

    Attributes
    ----------
    folder : callable
        Video → folder of its frames under the root.
    frame : callable
        (video, number) → name of a frame without extension.
    table : str
        Name of the workbook.
    sheets : callable
        Events → sheet → rows of cells.
    """

    folder: Callable[[Placed], str]
    frame: Callable[[Placed, int], str]
    table: str
    sheets: Callable[[Sequence[_Event]], Sheets]


def _samm(events: Sequence[_Event]) -> Sheets:
    head = ("Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type")
    rows = [
        (
            *(f"{v.subject:03d}", f"{v.subject:03d}_{v.number}_{at}", v.number, e.onset, e.apex, e.offset, e.frames),
            "Macro" if e.kind == "macro" else "Micro - 1/2",
        )
        for v, at, e in events
    ]
    return {"FACS": [head, *rows]}


def _casme_sq(events: Sequence[_Event]) -> Sheets:
    """Return three sheets without a header, as in the database: events, folders of subjects, codes of videos."""
    rows = [
        (v.subject, f"film{v.number}_{at}", e.onset, e.apex, e.offset, "", e.label or "others", f"{e.kind}-expression")
        for v, at, e in events
    ]
    people = sorted({(v.subject, f"s{v.subject + 14}") for v, _, _ in events})
    films = sorted({(f"film{v.number}", f"{v.number:02d}01") for v, _, _ in events})
    return {"CASFEcode_final": rows, "naming rule1": people, "naming rule2": films}


def _casme3(events: Sequence[_Event]) -> Sheets:
    head = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type", "Objective class", "emotion")
    rows = [
        (f"spNO.{v.subject}", _letter(v), e.onset, e.apex, e.offset, "", f"{e.kind.title()}-expression", "VII", e.label)
        for v, _, e in events
    ]
    return {"AU+Emotion": [head, *rows]}


def _letter(video: Placed) -> str:
    return chr(ord("a") + video.number - 1)


LONG_LAYOUTS: Mapping[str, LongLayout] = {
    "samm_lv": LongLayout(
        folder=lambda v: f"SAMM_longvideos/{v.subject:03d}_{v.number}",
        frame=lambda v, n: f"{v.subject:03d}_{v.number}_{n:05d}",
        table="SAMM_LongVideos_V2_Release.xlsx",
        sheets=_samm,
    ),
    "casme_sq_long": LongLayout(
        folder=lambda v: f"rawpic/s{v.subject + 14}/{v.subject + 14}_{v.number:02d}01film{v.number}",
        frame=lambda v, n: f"img{n}",
        table="CAS(ME)^2code_final(Updated).xlsx",
        sheets=_casme_sq,
    ),
    "casme3_long": LongLayout(
        folder=lambda v: f"part_A/spNO.{v.subject}/{_letter(v)}/color",
        frame=lambda v, n: f"{n}",
        table="CAS(ME)3_part_A_v2.xlsx",
        sheets=_casme3,
    ),
}


def export_long(
    dataset: SyntheticLong, layout: str, output: Path, *, suffix: str, advance: Callable[[], None]
) -> Recordings:
    """Write the videos.

    Parameters
    ----------
    dataset : SyntheticLong
    layout : str
        One of `LONG_LAYOUTS`.
    output : Path
        A folder that does not exist yet, or is empty.
    suffix : {"png", "bmp", "tif", "jpg"}
        Format of the frames; all but jpg keep every grey level.
    advance : callable
        Called after every frame.

    Returns
    -------
    Recordings
        What was written, frames counted from 0.

    Raises
    ------
    ConfigError
        For a layout of clips, or more videos per person than the database has names for.
    DataError
        If the folder is not empty.
    """
    require_choice("layout", layout, tuple(LONG_LAYOUTS))
    most = 26  # letters
    if dataset.videos > most:
        raise ConfigError(f"dataset.videos={dataset.videos}: at most {most} per person can be exported")
    recordings = dataset.recordings()
    placed = [
        Placed(recording=r, subject=at // dataset.videos + 1, number=at % dataset.videos + 1)
        for at, r in enumerate(recordings.recordings)
    ]
    with write_whole(output) as staging:
        _write(staging, LONG_LAYOUTS[layout], placed, suffix, advance)
    return recordings


def _write(root: Path, layout: LongLayout, placed: Sequence[Placed], suffix: str, advance: Callable[[], None]) -> None:
    for video in placed:
        folder = root / layout.folder(video)
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(video.recording.first, video.recording.last + 1):
            write_frame(folder / f"{layout.frame(video, index + 1)}.{suffix}", video.recording.clip.read(index))
            advance()
    events = [
        (video, at, event.shifted(1)) for video in placed for at, event in enumerate(video.recording.events, start=1)
    ]
    write_workbook(root / layout.table, layout.sheets(events))
