"""Databases broken on purpose: each fault is one clear sentence or a row of the check, none a traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PIL import Image

from mer.cli import main
from mer.errors import ConfigError, DataError
from tests.support import exports

TABLE = "CASME2-coding-20140508.xlsx"
CLIP = "CASME2_RAW_selected/sub01/EP01_01"
Break = Callable[[Path], object]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exports.write("casme2", tmp_path_factory.mktemp("faults") / "whole", subjects=2, clips=2)


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "db"))


def edit(root: Path, row: int, column: str, value: object) -> Path:
    """Write a cell; row 1 is the header."""
    book = openpyxl.load_workbook(root / TABLE)
    sheet = book["Sheet1"]
    names = [cell.value for cell in sheet[1]]
    sheet.cell(row=row, column=names.index(column) + 1).value = value  # type: ignore[assignment]
    book.save(root / TABLE)
    return root / TABLE


def change(root: Path, do: Callable[[Any], object]) -> None:
    book = openpyxl.load_workbook(root / TABLE)
    do(book)
    book.save(root / TABLE)


def frames(root: Path) -> list[Path]:
    return sorted((root / CLIP).iterdir(), key=lambda path: int(path.stem.removeprefix("img")))


def apex(root: Path) -> Path:
    return root / CLIP / f"img{load(root).samples[0].apex}.png"


def load(root: Path, **fields: Any) -> Any:
    return exports.reader("casme2", root, **fields).load()


# ---- the table as a whole ------------------------------------------------------------------------------------------


def save_as(root: Path, name: str, data: bytes) -> None:
    (root / TABLE).unlink()
    (root / name).write_bytes(data)


WHOLE: dict[str, tuple[Break, dict[str, Any], str]] = {
    "no root": (shutil.rmtree, {}, r"db: no such folder; correct dataset\.root, the folder of CASME II"),
    "no table": (
        lambda root: (root / TABLE).unlink(),
        {},
        r"no annotation file CASME2-coding\*\.xlsx or .* is there; copy it there, or name it with dataset\.table",
    ),
    "two tables": (
        lambda root: shutil.copy(root / TABLE, root / "CASME2-coding-20190701.xlsx"),
        {},
        r"holds 2 annotation files \(CASME2-coding-20140508\.xlsx, .*\); say which one with dataset\.table=NAME",
    ),
    "table of another name": (
        lambda root: None,
        {"table": "x.xlsx"},
        r"x\.xlsx: no such table; correct dataset\.table",
    ),
    "text file for a table": (
        lambda root: (root / "notes.txt").write_text("x"),
        {"table": "notes.txt"},
        r"not a table; dataset\.table must be an \.xlsx, \.xls or \.csv file",
    ),
    "half-copied table": (
        lambda root: (root / TABLE).write_bytes((root / TABLE).read_bytes()[:3000]),
        {},
        r"no Excel workbook can be read from it; it is cut short or of another format: copy it again",
    ),
    "empty file": (lambda root: (root / TABLE).write_bytes(b""), {}, "no Excel workbook can be read from it"),
    "old Excel": (
        lambda root: save_as(root, "old.xls", b"\xd0\xcf\x11\xe0"),
        {"table": "old.xls"},
        r"no workbook of the old format \.xls can be read from it .*; save it as \.xlsx",
    ),
    "CSV not Unicode": (
        lambda root: save_as(root, "CASME2-coding.csv", "Subject,Filename,Höhe\n1,é,2\n".encode("latin-1")),
        {},
        r"CASME2-coding\.csv: not UTF-8 text",
    ),
    "sheet missing": (
        lambda root: None,
        {"sheet": "MICRO_ONLY"},
        r"there is no sheet 'MICRO_ONLY'; there are Sheet1: correct dataset\.sheet",
    ),
    "all sheets of other names": (
        lambda root: change(root, lambda book: (book["Sheet1"].delete_cols(2), book.create_sheet("b"))),
        {},
        r"column Filename is missing; the header in row 1 has Subject, OnsetFrame, .*: give the column its name back",
    ),
    "renamed column": (
        lambda root: edit(root, 1, "ApexFrame", "Peak"),
        {},
        r"column ApexFrame is missing; the header in row 1 has .*Peak",
    ),
    "no header": (
        lambda root: change(root, lambda book: book["Sheet1"].delete_rows(1)),
        {},
        r"no header line with the columns Subject, Filename, .* is among the first 40 rows",
    ),
    "header alone": (
        lambda root: change(root, lambda book: book["Sheet1"].delete_rows(2, 9)),
        {},
        r"no row follows the header in row 1; copy the file again",
    ),
    "empty workbook": (
        lambda root: change(root, lambda book: book["Sheet1"].delete_rows(1, 9)),
        {},
        "the workbook is empty; copy it again",
    ),
    "one person under two names": (
        lambda root: (
            edit(root, 4, "Subject", "Sub1"),
            (root / "CASME2_RAW_selected/sub02/EP01_01").rename(root / "CASME2_RAW_selected/sub01/EP09"),
            edit(root, 4, "Filename", "EP09"),
        ),
        {},
        r"subjects casme2/Sub1 \(1 clip\) and casme2/sub01 \(\d clips?\) look like one person; spell them alike",
    ),
    "two columns that both fit": (
        lambda root: change(root, lambda book: book["Sheet1"].cell(1, 12, "apex frame")),
        {},
        r"columns E \(ApexFrame\) and L \(apex frame\) of the header in row 1 can both be 'ApexFrame'; rename",
    ),
    "no objective classes": (
        lambda root: (root / "CASME2-ObjectiveClasses.xlsx").unlink(),
        {"labels": "objective"},
        r"no annotation file CASME2-ObjectiveClasses\*\.xlsx .*dataset\.objective=FILE",
    ),
    "patches missing": (lambda root: None, {"patches": "x.yaml"}, r"dataset\.patches=.*x\.yaml: cannot be read"),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_table_that_cannot_be_used_is_one_sentence(kind: str, root: Path) -> None:
    spoil, fields, message = WHOLE[kind]
    spoil(root)
    with pytest.raises(DataError, match=message) as caught:
        load(root, **fields)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {subject: a, clip: b}", "entry 1 lacks field, new, old, reason, source; add it"),
        ("subject: a", "must be a list of entries with clip, field, new"),
        ("- [", "cannot be read"),
        (
            "- {subject: a, clip: b, field: size, old: 1, new: 2, reason: r, source: s}",
            "entry 1 names the field size; it can be onset, apex",
        ),
    ],
)
def test_patches_of_the_user_are_checked(text: str, message: str, root: Path) -> None:
    (root / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load(root, patches=str(root / "mine.yaml"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"frames": "croped"}, r"dataset\.frames=croped: no such choice; dataset\.frames can be raw, cropped"),
        ({"apex": "spotted"}, r"dataset\.apex=spotted: no such choice; dataset\.apex can be annotated, middle"),
        ({"fps": 0}, r"dataset\.fps=0: must be a number, above 0"),
        ({"pattern": "img.jpg"}, r"dataset\.pattern=img\.jpg: put brackets around the frame number"),
        ({"pattern": "("}, r"dataset\.pattern=\(: not a regular expression"),
    ],
)
def test_settings_are_refused_before_any_file_is_read(fields: dict[str, Any], message: str, whole: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        exports.reader("casme2", whole, **fields)


def test_without_a_root_the_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch, whole: Path) -> None:
    import mer

    monkeypatch.delenv("MER_CASME2_ROOT", raising=False)
    with pytest.raises(ConfigError, match=r"where is CASME II\? .* environment variable MER_CASME2_ROOT"):
        mer.component("dataset", "casme2").load()
    monkeypatch.setenv("MER_CASME2_ROOT", str(whole))
    assert len(mer.component("dataset", "casme2").load().samples) == 4


# ---- rows and frames: each fault leaves the other clips alone ------------------------------------------------------


def shrink(path: Path, share: float = 0.5) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def loop(root: Path) -> None:
    shutil.rmtree(root / CLIP)
    (root / CLIP).symlink_to(root / CLIP)


def empty_folder(root: Path) -> None:
    shutil.rmtree(root / CLIP)
    (root / CLIP).mkdir()


def file_for_folder(root: Path) -> None:
    shutil.rmtree(root / CLIP)
    (root / CLIP).write_text("x")


ROWS: dict[str, tuple[Break, str]] = {
    "text in a number column": (lambda r: edit(r, 2, "OnsetFrame", "six"), r"onset 'six' is not a frame number"),
    "half a frame": (lambda r: edit(r, 2, "OnsetFrame", 6.5), r"onset '6\.5' is not a frame number"),
    "negative frame": (lambda r: edit(r, 2, "OnsetFrame", -3), r"onset '-3' is not a frame number"),
    "no onset": (lambda r: edit(r, 2, "OnsetFrame", None), r"onset is missing \(empty\); fill it in"),
    "apex /": (lambda r: edit(r, 2, "ApexFrame", "/"), r"apex is missing \(/\)"),
    "apex before onset": (lambda r: edit(r, 2, "ApexFrame", 1), r"onset \d+ is after apex 1; correct one of them"),
    "apex after offset": (lambda r: edit(r, 2, "ApexFrame", 999), r"apex 999 is after offset \d+"),
    "offset before onset": (lambda r: edit(r, 2, "OffsetFrame", 2), r"onset \d+ is after offset 2"),
    "apex equals onset": (
        lambda r: edit(r, 2, "ApexFrame", load(r).samples[0].onset),
        r"apex and onset are both frame \d+: there is no motion between them; correct the apex",
    ),
    "unknown label": (
        lambda r: edit(r, 2, "Estimated Emotion", "hapiness"),
        r"label 'hapiness' is unknown; known are happiness, surprise",
    ),
    "no label": (lambda r: edit(r, 2, "Estimated Emotion", None), r"label '' is unknown"),
    "no subject": (lambda r: edit(r, 2, "Subject", None), r"the cell subject is empty; fill it in"),
    "same clip twice": (
        lambda r: (edit(r, 3, "Filename", "EP01_01"),),
        r"row 3 of CASME2-coding.*: .*clip sub01_EP01_01 is also in row 2 of .*; remove one of the two rows",
    ),
    "folder missing": (
        lambda r: shutil.rmtree(r / CLIP),
        r"no folder CASME2_RAW_selected/sub01/EP01_01 or .* under .*; copy the clip's frames there",
    ),
    "folder empty": (empty_folder, r"EP01_01: no image with a number in its name; check the path"),
    "link loop": (loop, r"no folder CASME2_RAW_selected/sub01/EP01_01"),
    "file for a folder": (file_for_folder, r"no folder CASME2_RAW_selected/sub01/EP01_01"),
    "apex frame missing": (
        lambda r: apex(r).unlink(),
        r"apex frame \d+ is not in .*EP01_01, which holds \d+ frames from 1",
    ),
    "one number twice": (
        lambda r: shutil.copy(apex(r), apex(r).with_name(f"img0{apex(r).name[3:]}")),
        r"are both frame \d+; remove one",
    ),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_at_fault_is_named_and_leaves_the_others_alone(kind: str, root: Path) -> None:
    spoil, message = ROWS[kind]
    spoil(root)
    manifest = load(root)
    assert len(manifest.samples) == 3
    (fault,) = manifest.excluded
    assert fault.fault and "\n" not in fault.reason
    assert fault.reason.startswith("row ")
    import re

    assert re.search(message, fault.reason), fault.reason


# ---- what the check alone sees -------------------------------------------------------------------------------------


def check(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, list[dict[str, str]]]:
    """Run the command as a user does; return its status, its output in one line and the rows of its CSV."""
    import csv

    output = root.parent / "check"
    status = main(
        [
            "data",
            "check",
            "dataset=casme2",
            f"dataset.root={root}",
            f"output={output}",
            "workers=1",
            "landmarks=stored",
            *words,
        ]
    )
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    with (output / "findings.csv").open(encoding="utf-8", newline="") as file:
        return status, said.out, list(csv.DictReader(file))


def small(path: Path) -> None:
    import cv2
    import numpy as np

    path.write_bytes(cv2.imencode(".png", np.zeros((32, 32), np.uint8))[1].tobytes())


def between(root: Path) -> Path:
    """Return a frame between onset and apex, which no run of these settings reads."""
    sample = load(root).samples[0]
    return root / CLIP / f"img{sample.onset + 1}.png"


FRAMES: dict[str, tuple[Break, str, str]] = {
    "zero bytes": (lambda r: apex(r).write_bytes(b""), "blocks", "the image file is empty (0 bytes)"),
    "half-copied": (lambda r: shrink(apex(r)), "blocks", "cut short"),
    "text for an image": (lambda r: apex(r).write_text("hello"), "blocks", "no image can be decoded"),
    "another size": (lambda r: small(apex(r)), "blocks", "is 32×32 pixels and others are 64×64"),
    "zero bytes between": (lambda r: between(r).write_bytes(b""), "warning", "the image file is empty"),
    "half-copied between": (lambda r: shrink(between(r), 0.9), "warning", "the image is cut short after"),
    "another size between": (lambda r: small(between(r)), "warning", "is 32×32 pixels"),
    "offset after the last file": (lambda r: edit(r, 2, "OffsetFrame", 600), "warning", "offset frame 600 ("),
    "frame missing between": (lambda r: between(r).unlink(), "warning", "1 of the frames"),
    "folder without a row": (
        lambda r: shutil.copytree(r / CLIP, r / "CASME2_RAW_selected/sub01/EP77"),
        "warning",
        "EP77: no usable row of the table leads to this folder",
    ),
    "landmarks cut short": (
        lambda r: shrink(r / "mer_landmarks" / f"{CLIP}.npy", 0.3),
        "blocks",
        "not a readable .npy file of landmarks",
    ),
    "no landmarks": (
        lambda r: shutil.rmtree(r / "mer_landmarks"),
        "blocks",
        "4 of 4 clips have no stored landmarks for their onset",
    ),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_the_check_names_what_is_wrong_with_the_frames(
    kind: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, level, message = FRAMES[kind]
    spoil(root)
    status, _, rows = check(root, capsys)
    (row,) = [row for row in rows if message in row["what"]]
    assert row["level"] == level
    assert row["next_step"] or level == "warning"
    assert (status == 1) >= (level == "blocks")


def test_an_offset_after_the_last_file_is_not_there(root: Path) -> None:
    last = load(root).samples[0].clip
    number = max(last.frames)
    edit(root, 2, "OffsetFrame", number + 40)
    (remark,) = load(root).remarks
    assert remark.startswith(f"sub01_EP01_01: offset frame {number + 40} (40 after the last) is not in {root / CLIP}, ")
    assert remark.endswith(f" to {number}; correct the table or copy the frames")


def test_the_check_tells_what_was_repaired(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound = load(root).samples[0].apex
    edit(root, 2, "ApexFrame", "/")
    names = "subject: sub01, clip: EP01_01, field: apex, old: invalid"
    mine = root / "mine.yaml"
    mine.write_text(f"- {{{names}, new: {sound}, reason: not coded, source: me}}\n", encoding="utf-8")
    _, said, rows = check(root, capsys, f"dataset.patches={mine}")
    assert said.startswith("casme2: 4 usable clips")
    (row,) = [row for row in rows if row["level"] == "repaired"]
    assert row["what"] == f"sub01/EP01_01: apex / → {sound} in row 2 of {TABLE}; not coded (me)"


def test_a_frame_without_permission_blocks(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, real = apex(root), Image.open

    def refusing(path: Any) -> Any:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("mer.dataset.image_header.Image.open", refusing)
    status, _, rows = check(root, capsys)
    assert status == 1
    assert any("the image cannot be read (Permission denied)" in row["what"] for row in rows)


def test_a_folder_without_permission_is_a_row(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.iterdir

    def refusing(self: Path) -> Any:
        if self == root / CLIP:
            raise PermissionError(13, "Permission denied")
        return real(self)

    monkeypatch.setattr(Path, "iterdir", refusing)
    (fault,) = load(root).excluded
    assert "the folder cannot be listed (Permission denied)" in fault.reason


def test_a_whole_database_passes_and_says_what_it_holds(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import csv

    status, said, rows = check(root, capsys, "protocol=three_classes")
    assert "casme2: " in said and "usable clips of 2 subjects" in said
    assert {row["level"] for row in rows} <= {"blocks", "left out", "skipped", "warning"}
    assert all("class" in row["what"] for row in rows if row["level"] == "blocks")
    assert status == any(row["level"] == "blocks" for row in rows)
    with (root.parent / "check" / "annotations.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert first["sample_id"].startswith("sub0") and first["action_units"] and Path(first["path"]).is_dir()
    assert set(first) >= {"subject", "clip", "onset", "apex", "offset", "fps", "label"}


# ---- what looks odd and is fine ------------------------------------------------------------------------------------


def rename_frames(root: Path, name: Callable[[int], str]) -> None:
    for path in frames(root):
        path.rename(path.with_name(name(int(path.stem.removeprefix("img")))))


FINE: dict[str, Break] = {
    "capital ending": lambda r: rename_frames(r, lambda n: f"img{n}.PNG"),
    "four digits": lambda r: rename_frames(r, lambda n: f"img{n:04d}.png"),
    "cropped names": lambda r: rename_frames(r, lambda n: f"reg_img{n}.png"),
    "notes below the table": lambda r: change(
        r, lambda book: book["Sheet1"].append([None, None, None, "these are notes"])
    ),
    "lines above the header": lambda r: change(r, lambda book: book["Sheet1"].insert_rows(1, 7)),
    "numbers as text": lambda r: edit(r, 2, "OnsetFrame", str(load(r).samples[0].onset)),
    "blanks around a name": lambda r: edit(r, 2, "Filename", " EP01_01 "),
    "capitals in a label": lambda r: edit(r, 2, "Estimated Emotion", load(r).samples[0].label.upper()),
    "lock file of Excel": lambda r: (r / f"~${TABLE}").write_bytes(b"lock"),
    "shadow of macOS": lambda r: (r / CLIP / "._img3.png").write_bytes(b"x"),
    "folder in capitals": lambda r: (r / CLIP).rename(r / "CASME2_RAW_selected/sub01/ep01_01"),
    "folder without zeros": lambda r: (r / "CASME2_RAW_selected/sub01").rename(r / "CASME2_RAW_selected/sub1"),
    "Chinese in the path": lambda r: r.rename(r.with_name("数据 集")),
    "headings in other case": lambda r: edit(r, 1, "ApexFrame", "APEX  FRAME"),
}


@pytest.mark.parametrize("kind", FINE)
def test_what_looks_odd_but_is_clear_is_read(kind: str, root: Path) -> None:
    FINE[kind](root)
    place = root if root.exists() else root.with_name("数据 集")
    manifest = load(place)
    assert len(manifest.samples) == 4 and not manifest.excluded
    assert manifest.samples[0].clip.read(manifest.samples[0].apex).shape == (64, 64)
    assert manifest.samples[0].clip.landmarks(manifest.samples[0].onset) is not None or kind.startswith("folder")


def test_the_data_verb_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        (["data"], "mer data: missing action; choose one of check, show, export"),
        (["data", "chek"], "mer data chek: no such action; did you mean check?"),
        (["data", "check", "mmew"], "mmew: not understood; write group.setting=value; if the value has quotes"),
        (["data", "check", "dataset=mew"], "dataset=mew: no such option; choose one of casme"),
        (["data", "export", "output=x"], "mer data export needs layout=..."),
        (["data", "export", "layout=mmew", "output=x", "dataset=mmew"], "only the synthetic data sets can be exported"),
        (["data", "check", "dataset=casme2", "protocol=mmew_4", "dataset.root=/nowhere"], "no such folder"),
    ):
        assert main(words) in (1, 2)
        assert message in capsys.readouterr().err


def test_a_contact_sheet_a_subject(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apex(root).write_bytes(b"")
    words = [f"dataset.root={root}", f"output={root.parent / 'show'}"]
    assert main(["data", "show", "dataset=casme2", *words]) == 0
    assert sorted(p.name for p in (root.parent / "show").iterdir()) == ["casme2_sub01.png", "casme2_sub02.png"]
    assert main(["data", "show", "dataset=casme2", *words, "subject=sub01", "landmarks=none"]) == 0
    assert (root.parent / "show" / "casme2_sub01_2.png").exists(), "the earlier sheet is kept"
    assert main(["data", "show", "dataset=casme2", *words, "subject=sub09"]) == 2
    assert "subject=sub09: no such subject; choose one of sub01, sub02" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["数据 集", "CAS(ME)^2, raw", "a=b", "it's", "x [1] {2}", "back\\slash", "end\\"])
def test_a_path_may_hold_any_sign(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = root.rename(root.with_name(name))
    assert check(place, capsys)[1].startswith("casme2: 4 usable clips of 2 subjects")
