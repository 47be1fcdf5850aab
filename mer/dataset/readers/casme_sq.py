"""Data set `casme_sq`: CAS(ME)² (Qu et al. 2018, doi:10.1109/TAFFC.2017.2654440), 30 frames per second."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mer.dataset.interval import is_coded
from mer.dataset.readers.coding import Columns, Layout
from mer.dataset.readers.database import Database
from mer.dataset.readers.sheet_rows import sheet_remarks, sheet_row, with_remarks
from mer.dataset.readers.sheets import Sheet, chosen_sheet, find_table, read_sheets
from mer.dataset.tables import Row
from mer.errors import DataError, counted

__all__ = ["EVENT_COLUMNS", "UNKNOWN", "CasmeSq", "read_events"]

UNKNOWN = "?"  # the code of a video that the workbook does not name
EVENT_COLUMNS = ("person", "video", "onset", "apex", "offset", "action_units", "label", "type", "self_report")


@dataclass(frozen=True, kw_only=True)
class CasmeSq(Database):
    """CAS(ME)², its micro-expressions alone.

    Notes
    -----
    The workbook has three sheets without a header: the events; the number of a subject and the name of its folder; the
    name of a video and its code. Frames lie in ``s15/15_0101disgustingteeth``: subject, code, any text. An offset of 0
    means that it was not coded; the apex is used for it.
    """

    layout = Layout(
        title="CAS(ME)²",
        tables=("CAS(ME)^2code_final*.xlsx", "*code_final*.xlsx"),
        columns=Columns(needed={name: (name,) for name in ("onset", "apex", "offset", "label")}),
        folders={
            "raw": ("rawpic/{subject}/{number}_{code}*", "{subject}/{number}_{code}*"),
            "selected": ("selectedpic/{subject}/{video}", "selectedpic/{subject}/{number}_{code}*"),
            "cropped": ("cropped/{subject}/{number}_{code}*", "cropped/{subject}/{video}"),
        },
        labels={
            "happiness": "happiness",
            "surprise": "surprise",
            "disgust": "disgust",
            "anger": "anger",
            "fear": "fear",
            "sadness": "sadness",
            "others": "others",
            "other": "others",
            "positive": "positive",
            "negative": "negative",
        },
    )

    def rows(self, root: Path) -> tuple[Row, ...]:
        """Return the micro-expressions of the first sheet, with the names that the other two give.

        Raises
        ------
        DataError
            If the workbook lacks a sheet, or no row is a micro-expression.
        """
        path = find_table(root, self.table, self.layout.tables)
        micro = tuple(row for row in read_events(path, self.sheet) if row["type"].casefold().startswith("micro"))
        if not micro:
            raise DataError(f"{path}: no row of its first sheet is a micro-expression; is it the right file?")
        return micro

    def identity(self, row: Row) -> Mapping[str, str]:
        """Return the names as they are; `rows` has already made them."""
        return {"subject": row["subject"], "clip": row["clip"]}

    def names(self, row: Row) -> Mapping[str, str]:
        """Return what fills the templates."""
        numbers = re.sub(r"\D", "", row["subject"])
        return {**super().names(row), "number": numbers, "code": row["code"], "video": row["video"]}

    def sample_id(self, row: Row) -> str:
        """Return subject, video and onset: a video may hold several events."""
        return f"{row['subject']}_{row['clip']}_{row['onset'].zfill(5)}"


def read_events(path: Path, sheet: str | None) -> tuple[Row, ...]:
    """Return all rows of the sheet of events, with the names that the two other sheets give.

    The sheet of events is the one with the most columns; that of the subjects has no names of videos.

    Parameters
    ----------
    path : Path
        The database's workbook.
    sheet : str or None
        Name of the sheet of events; None looks for it.

    Returns
    -------
    tuple of Row
        With the columns of `EVENT_COLUMNS`, ``subject`` (``s15``), ``clip`` and ``code`` (``0101`` or `UNKNOWN`).

    Raises
    ------
    DataError
        If the workbook lacks one of its three sheets, or has none of that name.
    """
    sheets = read_sheets(path)
    if len(sheets) < 3:
        raise DataError(
            f"{path}: {counted(len(sheets), 'sheet')}, and the table of CAS(ME)² has three (events, subjects, codes "
            "of the videos); copy the file again from the database"
        )
    events = chosen_sheet(path, sheets, sheet) if sheet else max(sheets, key=_width)
    people, codes = _names([_pairs(one) for one in sheets if one is not events])
    places = {name: place for place, name in enumerate(EVENT_COLUMNS)}
    lines = [line for line in events.lines if str(line[1][0]).isdigit()]
    rows = [_named(sheet_row(path, events, line, places), people, codes) for line in lines]
    return with_remarks(rows, ("action_units", "self_report"), tuple(sheet_remarks(path, events, places)))


def _named(row: Row, people: Mapping[str, str], codes: Mapping[str, str]) -> Row:
    cells = dict(row.cells)
    if cells["offset"] == "0" or not is_coded(cells["offset"]):
        cells["offset"] = cells["apex"]
    subject = people.get(cells["person"], cells["person"])
    subject = f"s{subject}" if subject.isdigit() else subject
    film = cells["video"].casefold()
    code = codes.get(re.sub(r"_\d+$", "", film), codes.get(film, UNKNOWN))
    return replace(row, cells={**cells, "subject": subject, "clip": cells["video"], "code": code})


def _width(sheet: Sheet) -> int:
    return max((sum(map(bool, cells)) for _, cells in sheet.lines), default=0)


def _names(tables: Sequence[Mapping[str, str]]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the folders of the subjects and the codes of the videos, in whatever order their sheets are."""
    first, second = tables[:2]
    named = [sum(not re.fullmatch(r"s?\d+", name) for name in table) for table in (first, second)]
    return (second, first) if named[0] > named[1] else (first, second)


def _pairs(sheet: Sheet) -> dict[str, str]:
    """Return what a sheet translates: its first word of a line, in lower case → its last."""
    filled = [[cell for cell in cells if cell] for _, cells in sheet.lines]
    pairs = [(cells[0], cells[-1]) for cells in filled if len(cells) > 1]
    in_order = [pair[::-1] if _code_first(*pair) else pair for pair in pairs]
    return {name.casefold(): found for name, found in in_order}


def _code_first(first: str, last: str) -> bool:
    """Say whether the code of a video, all digits, precedes the video's name instead of following it."""
    return first.isdigit() and not re.fullmatch(r"s?\d+", last, re.IGNORECASE)
