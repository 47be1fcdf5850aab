"""Databases of long videos, from files in their own layout."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import openpyxl
import pytest

import mer
from mer.cli import main
from mer.errors import ConfigError, DataError
from mer.types import Recordings

LAYOUTS = ("samm_lv", "casme_sq_long", "casme3_long")
WORDS = (
    "dataset.look.subjects=2",
    "dataset.look.size=64",
    "dataset.seconds=12",
    "dataset.micro=10",
    "dataset.macro=10",
)


def made() -> Recordings:
    look = {"subjects": 2, "size": 64}
    return mer.component("dataset", "synthetic_long", look=look, seconds=12, micro=10, macro=10).recordings()


def read(name: str, root: Path, **fields: object) -> Recordings:
    found: Recordings = mer.component("dataset", name, root=str(root), **{"fps": 30, **fields}).recordings()
    return found


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("long_databases")
    for layout in LAYOUTS:
        words = ["data", "export", f"layout={layout}", "dataset=synthetic_long", "format=bmp", *WORDS]
        assert main([*words, f"output={folder / layout}"]) == 0
    return {layout: folder / layout for layout in LAYOUTS}


@pytest.fixture
def copy(roots: dict[str, Path], tmp_path: Path) -> Path:
    """Return a copy of SAMM Long Videos to spoil."""
    return shutil.copytree(roots["samm_lv"], tmp_path / "copy")


def change(path: Path, row: int, column: int, value: str | int) -> None:
    book = openpyxl.load_workbook(path)
    book.worksheets[0].cell(row, column).value = value
    book.save(path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_exported_layout_is_read_back_to_the_last_frame(layout: str, roots: dict[str, Path]) -> None:
    found, truth = read(layout, roots[layout]), made()
    assert not found.excluded
    assert len(found.recordings) == len(truth.recordings) == 4
    for one, true in zip(found.recordings, truth.recordings, strict=True):
        assert (one.first, one.last, one.fps) == (1, true.frames, 30)
        plain = [(e.onset, e.apex, e.offset, e.kind) for e in one.events]
        wanted = [(e.onset, e.apex, e.offset, e.kind) for e in (event.shifted(1) for event in true.events)]
        assert plain == sorted(wanted)
        if layout != "samm_lv":  # whose table names no emotions
            assert sorted(e.label for e in one.events) == sorted(e.label or "others" for e in true.events)
        assert (one.clip.read(5) == true.clip.read(4)).all()
    assert len({one.subject for one in found.recordings}) == 2


def test_one_run_spots_in_an_exported_database(roots: dict[str, Path], tmp_path: Path) -> None:
    words = ["run", "task=spot", "dataset=casme3_long", f"dataset.root={roots['casme3_long']}", "tracking=off"]
    assert main([*words, f"home={tmp_path}", f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    assert (tmp_path / "run" / "intervals.csv").is_file()


FAULTS = [
    ((2, 6, 99999), r"row 2 of SAMM.*: 001_1: frames \d+ to 99999 are not all in the video, 1 to 360; correct"),
    ((2, 4, 9999), r"row 2 of SAMM.*onset 9999 is after offset"),
    ((2, 4, "x"), r"onset 'x' is not a frame number"),
    ((2, 8, "Blink"), r"type 'Blink' is neither micro nor macro"),
    ((2, 2, "001_9_1"), r"1 row is of a video whose folder, such as SAMM_longvideos/006_1, is not there"),
    ((2, 1, "002"), r"row 2 of SAMM.*: 001_1_1: subject '002' is not that of the file name; correct one of the two"),
]


@pytest.mark.parametrize(("cell", "sentence"), FAULTS, ids=[str(cell) for cell, _ in FAULTS])
def test_a_faulty_row_is_left_out_with_one_sentence(
    cell: tuple[int, int, str | int], sentence: str, copy: Path
) -> None:
    change(copy / "SAMM_LongVideos_V2_Release.xlsx", *cell)
    found = read("samm_lv", copy)
    (fault,) = found.excluded
    assert re.search(sentence, fault.reason)
    assert sum(len(r.events) for r in found.recordings) == sum(len(r.events) for r in made().recordings) - 1


def test_a_row_that_stands_twice_is_one_expression(copy: Path) -> None:
    path = copy / "SAMM_LongVideos_V2_Release.xlsx"
    book = openpyxl.load_workbook(path)
    book.worksheets[0].append([cell.value for cell in book.worksheets[0][2]])
    book.save(path)
    found = read("samm_lv", copy)
    (fault,) = found.excluded
    assert "001_1: an earlier row has the same expression; remove one of the two" in fault.reason
    assert sum(len(r.events) for r in found.recordings) == sum(len(r.events) for r in made().recordings)


def test_an_offset_of_0_was_not_coded_and_the_apex_stands_for_it(copy: Path) -> None:
    change(copy / "SAMM_LongVideos_V2_Release.xlsx", 2, 6, 0)
    apex = made().recordings[0].events[0].apex
    assert apex is not None
    assert apex + 1 in [e.offset for e in read("samm_lv", copy).recordings[0].events]


def test_a_video_that_lacks_a_frame_is_left_out(copy: Path) -> None:
    (copy / "SAMM_longvideos" / "001_1" / "001_1_00007.bmp").unlink()
    found = read("samm_lv", copy)
    assert len(found.recordings) == 3
    assert "001_1 lacks frame 7; copy it again" in found.excluded[0].reason


def test_a_video_without_a_row_has_no_expression_and_counts(copy: Path) -> None:
    shutil.copytree(copy / "SAMM_longvideos" / "001_1", copy / "SAMM_longvideos" / "003_4")
    assert read("samm_lv", copy).recordings[-1].events == ()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_without_videos_and_no_folder_are_named(layout: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder of frames such as .* is there; correct dataset.root"):
        read(layout, tmp_path)
    with pytest.raises(DataError, match=r"no such folder; correct dataset.root"):
        read(layout, tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=f"set the environment variable MER_{layout.upper()}_ROOT"):
        mer.component("dataset", layout, root=None).recordings()
    with pytest.raises(ConfigError, match="it holds long videos"):
        mer.component("dataset", layout).load()


def test_the_published_table_of_casme3_is_read_whole(data_root: Path, tmp_path: Path) -> None:
    name = "CAS(ME)3_part_A_v2.xls"
    source = data_root / "casme3_annotation" / name
    if not source.is_file():
        pytest.skip(f"the sheets of CAS(ME)³ are not in {data_root}")
    shutil.copy(source, tmp_path / name)
    (tmp_path / "part_A" / "spNO.1" / "a" / "color").mkdir(parents=True)
    made = mer.component("dataset", "casme3_long", root=str(tmp_path))
    rows = made.rows(tmp_path)
    kinds = [row["type"] for row in rows]
    assert (len(rows), kinds.count("Micro-expression"), kinds.count("Macro-expression")) == (4206, 860, 3346)
    assert len({made.key(row) for row in rows}) == 956


def test_the_sheet_of_events_can_be_named(roots: dict[str, Path]) -> None:
    found = read("casme_sq_long", roots["casme_sq_long"], sheet="CASFEcode_final")
    assert sum(len(r.events) for r in found.recordings) == sum(len(r.events) for r in made().recordings)
    with pytest.raises(DataError, match=r"there is no sheet 'events'; there are CASFEcode_final, naming rule1, naming"):
        read("casme_sq_long", roots["casme_sq_long"], sheet="events")


def test_folders_and_tables_are_found_in_any_case_and_deeper(roots: dict[str, Path], tmp_path: Path) -> None:
    for layout, inner, book in (
        ("samm_lv", "SAMM_longvideos", "SAMM_LongVideos_V2_Release.xlsx"),
        ("casme_sq_long", "rawpic", "CAS(ME)^2code_final(Updated).xlsx"),
        ("casme3_long", "part_A", "CAS(ME)3_part_A_v2.xlsx"),
    ):
        root = tmp_path / layout
        shutil.copytree(roots[layout] / inner, root / "unpacked" / inner.upper().replace("_", " "))
        shutil.copy(roots[layout] / book, root / "unpacked" / book.lower())
        assert _events(read(layout, root)) == _events(read(layout, roots[layout]))


def _events(found: Recordings) -> list[object]:
    assert not found.excluded
    return [(r.id, r.events) for r in found.recordings]
