"""Tables of long databases as other people's copies spell them; the frames are empty files, which are not opened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import pytest

import mer
from mer.types import Interval, Recordings

SAMM = ("Subject", "Filename", "Onset", "Apex", "Offset", "Type", "Estimated Emotion")
ROW = ("006", "006_1_2", 10, 15, 30, "Micro - 1/2", "Anger")
CASME_SQ = [(1, "anger1_1", 10, 15, 30, "4+7", "anger", "micro-expression", "anger")]
PEOPLE, FILMS = [(1, 15)], [("anger1", "0401")]


def read(
    name: str, root: Path, folder: str, sheets: Mapping[str, Sequence[tuple[object, ...]]], table: str
) -> Recordings:
    (root / folder).mkdir(parents=True)
    for number in range(1, 41):
        (root / folder / f"img{number:03d}.jpg").touch()
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(root / table)
    found: Recordings = mer.component("dataset", name, root=str(root), fps=30).recordings()
    return found


def samm(root: Path, *rows: tuple[object, ...]) -> Recordings:
    return read("samm_lv", root, "SAMM_longvideos/006_1", {"any": [SAMM, *rows]}, "SAMM_LongVideos_V1.xlsx")


def casme_sq(root: Path, **sheets: Sequence[tuple[object, ...]]) -> Recordings:
    return read("casme_sq_long", root, "rawpic/s15/15_0401girlcrashing", sheets, "CAS(ME)^2code_final.xlsx")


def changed(**cells: object) -> tuple[object, ...]:
    return tuple(cells.get(name, value) for name, value in zip(SAMM, ROW, strict=True))


def event(**fields: object) -> Interval:
    usual = {"onset": 10, "apex": 15, "offset": 30, "kind": "micro", "label": "anger"}
    return Interval(**{**usual, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ({"Type": "1/2 MICRO"}, {}),
        ({"Type": "ME"}, {}),
        ({"Type": "MaE"}, {"kind": "macro"}),
        ({"Type": " macroexpression "}, {"kind": "macro"}),
        ({"Apex": "N/A"}, {"apex": None}),
        ({"Apex": -1}, {"apex": None}),
        ({"Apex": "nan"}, {"apex": None}),
        ({"Offset": -1}, {"offset": 15}),
        ({"Offset": "0.0"}, {"offset": 15}),
        ({"Onset": " 10 ", "Apex": "15.0", "Offset": 30.0}, {}),
        ({"Subject": None}, {}),
        ({"Subject": 6, "Filename": "6_1.mp4"}, {}),
    ],
)
def test_cells_are_read_in_other_spellings(cells: dict[str, object], wanted: dict[str, object], tmp_path: Path) -> None:
    found = samm(tmp_path, changed(**cells), ("Note: 006 wore glasses",))
    assert not found.excluded
    assert found.recordings[0].events == (event(**wanted),)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"Type": "Micro/Macro"}, "type 'Micro/Macro' is neither micro nor macro; correct it"),
        ({"Filename": "video 1"}, "the file name is not SUBJECT_VIDEO_EVENT, such as 006_1_2; correct it"),
        ({"Filename": None}, "the cell with the name of the file is empty; fill it in"),
        ({"Filename": "006_7_1"}, "row 2 of SAMM_LongVideos_V1.xlsx: 006 006_7_1: 1 row is of a video whose folder"),
    ],
)
def test_cells_that_could_mean_anything_are_not_read(cells: dict[str, object], sentence: str, tmp_path: Path) -> None:
    found = samm(tmp_path, changed(**cells))
    assert [sentence in left.reason for left in found.excluded] == [True]
    assert not found.recordings[0].events


def test_offsets_that_are_not_coded_are_counted(tmp_path: Path) -> None:
    found = samm(tmp_path, changed(Offset=0), changed(Onset=11, Offset="/"), changed(Onset=12))
    (remark,) = found.notes["remarks"]
    assert remark == "2 offsets not coded, so the apex stands for it; the first in row 2 of SAMM_LongVideos_V1.xlsx"


def test_the_sheets_of_casme_sq_may_stand_in_any_order_with_names_in_any_case(tmp_path: Path) -> None:
    found = casme_sq(tmp_path / "1", films=[("Anger1", 401)], people=PEOPLE, events=CASME_SQ)
    usual = casme_sq(tmp_path / "2", events=CASME_SQ, people=PEOPLE, films=FILMS)
    for one in (found, usual):
        assert not one.excluded and one.recordings[0].events == (event(),)


def test_a_video_of_casme_sq_without_a_code_is_named(tmp_path: Path) -> None:
    found = casme_sq(tmp_path, events=CASME_SQ, people=PEOPLE, films=[("anger2", "0402")])
    assert re.search(
        "row 1 of .*: anger1_1: no sheet of the workbook gives this video a code", found.excluded[0].reason
    )


def test_the_frames_of_casme3_need_no_folder_of_their_own(tmp_path: Path) -> None:
    head = ("Subject", "Filename", "Onset", "Apex", "Offset", "Expression type", "emotion")
    rows = [head, ("spNO.1", "a", 10, 15, 30, "Micro-expression", "Anger"), (None, "a", 1, 2, 3, "Micro", "Anger")]
    found = read("casme3_long", tmp_path, "part_A/SPNO.1/A", {"any": rows}, "cas(me)3_part_A_v2.xlsx")
    assert found.recordings[0].events == (event(),)
    assert [left.reason for left in found.excluded] == [
        "row 3 of cas(me)3_part_A_v2.xlsx: a: the cell subject is empty; fill it in"
    ]


def test_a_video_of_one_frame_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "SAMM_longvideos" / "007_1").mkdir(parents=True)
    (tmp_path / "SAMM_longvideos" / "007_1" / "1.jpg").touch()
    found = samm(tmp_path, ROW)
    assert [one.id for one in found.recordings] == ["006_1"]
    assert "007_1 has 1 frame, so there is no motion to find; copy the others" in found.excluded[0].reason


def test_videos_that_are_not_there_are_one_problem(tmp_path: Path) -> None:
    lost = [changed(Subject=f"{k:03d}", Filename=f"{k:03d}_1_1") for k in range(10, 16)]
    found = samm(tmp_path, ROW, *lost, lost[0])
    assert [left.reason for left in found.excluded] == [
        "row 3 of SAMM_LongVideos_V1.xlsx: 010 010_1_1: 7 rows are of 6 videos whose folders, such as "
        "SAMM_longvideos/006_1, are not there (010 010_1_1, 011 011_1_1, 012 012_1_1, ...); copy them, or correct "
        "dataset.root"
    ]
