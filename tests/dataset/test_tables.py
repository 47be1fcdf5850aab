"""What people's tables hold besides plain cells: each gives the right value, or one sentence that names the cell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openpyxl
import pytest
from openpyxl.styles import Font
from openpyxl.worksheet.formula import ArrayFormula

import mer
from mer.dataset.readers.coding import Columns, read_coding
from mer.dataset.readers.sheets import read_sheets
from mer.dataset.tables import read_table
from mer.errors import DataError
from mer.types import Manifest
from tests.support import exports

NEEDED = {name: (name,) for name in ("subject", "clip", "onset")}


@pytest.mark.parametrize("first", ["sep=;\r\n", "sep=;\n", "SEP=;\n", "sep=;;;\n"])
def test_a_first_line_that_names_the_separator_is_followed(tmp_path: Path, first: str) -> None:
    (tmp_path / "t.csv").write_text(f"{first}label;a,b\nhappy, very;3\n", encoding="utf-8", newline="")
    table = read_table(tmp_path / "t.csv")
    assert table.columns == ("label", "a,b")
    assert dict(table.rows[0].cells) == {"label": "happy, very", "a,b": "3"} and table.rows[0].where == "row 2 of t.csv"


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        (
            "subject,label",
            "s1\u200b,a",
            r"row 2 of t.csv: subject 's1\\u200b' has an .* U\+200B ZERO WIDTH SPACE; delete",
        ),
        (
            "subject,label",
            "s1,\u00ada",
            r"row 2 of t.csv: label '\\xada' has an invisible character, U\+00AD SOFT HYPHEN",
        ),
        ("sub\ufeffject,label", "s1,a", r"t.csv: column name 'sub\\ufeffject' has an .* U\+FEFF ZERO WIDTH NO-BREAK"),
        ("subject,label", "s1,a\u3164", r"label 'a\\u3164' has an invisible character, U\+3164 HANGUL FILLER; delete"),
        ("\u202esubject,label", "s1,a", r"t.csv: column name .* U\+202E RIGHT-TO-LEFT OVERRIDE; delete it"),
    ],
)
def test_an_invisible_character_is_named(tmp_path: Path, header: str, row: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / "t.csv").require(("subject", "label"))


def test_a_joiner_that_belongs_to_a_word_and_a_column_that_is_not_read_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("label,notes\nمی\u200cخندد,x\u200b\n", encoding="utf-8")
    table = read_table(tmp_path / "t.csv")
    table.require(("label",))
    assert table.rows[0]["label"] == "می\u200cخندد"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a workbook with a formula without a value, a hidden row and a hidden sheet."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (
        ("subject", "clip", "onset"),
        ("s1", "a", 3),
        ("s1", "b", "=C2+4"),
        ("s2", "c", 7),
        ("s2", "d", "#REF!"),
    ):
        sheet.append(row)
    sheet.row_dimensions[4].hidden = True
    other = book.create_sheet("more")
    other.append(("x", "y"))
    other.sheet_state = "hidden"
    book.save(tmp_path / "t.xlsx")
    return tmp_path / "t.xlsx"


def test_hidden_rows_and_sheets_are_read_and_marked(book: Path) -> None:
    first, other = read_sheets(book)
    assert (first.hidden, first.visible, other.visible) == ({4}, True, False)
    rows = read_coding(book, Columns(needed=NEEDED), None)
    assert [(row["clip"], row["onset"], row.hidden) for row in rows] == [
        ("a", "3", ""),
        ("b", "=C2+4", ""),
        ("c", "7", "sheet Sheet"),
        ("d", "#REF!", ""),
    ]


def test_an_invisible_character_of_a_workbook_is_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (("subject", "clip", "onset"), ("s1\u200b", "a", 3)):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(DataError, match=r"t.xlsx: row 2: subject 's1\\u200b' has an invisible character, U\+200B"):
        read_coding(tmp_path / "t.xlsx", Columns(needed=NEEDED), None)


def test_a_check_names_formulas_errors_and_hidden_rows(tmp_path: Path) -> None:
    root = exports.write("casme2", tmp_path / "db")
    (file,) = root.glob("*coding*.xlsx")
    book = openpyxl.load_workbook(file)
    sheet: Any = book.active
    heads = [str(cell.value) for cell in sheet[1]]
    onset, apex = heads.index("OnsetFrame") + 1, heads.index("ApexFrame") + 1
    sheet.cell(2, onset).value = "=1+1"
    sheet.cell(3, apex).value = "#N/A"
    sheet.row_dimensions[4].hidden = True
    book.save(file)
    manifest = exports.reader("casme2", root).load()
    formula, error = (exclusion.reason for exclusion in manifest.excluded)
    assert "cell D2 (onset) holds the formula =1+1 without a stored value; open the file in a spread" in formula
    assert "cell E3 (apex) holds the error #N/A of a spreadsheet program; correct its formula, or type" in error
    assert manifest.remarks[0] == (
        f"{file.name}, sheet {sheet.title}: row 4 is hidden in the file and read (1 of 4); delete those that must not "
        "count"
    )


def test_a_formula_in_a_table_of_ones_own_is_named(tmp_path: Path) -> None:
    lines = ["sample_id,subject,label,onset,apex,offset,path", "a,s1,x,=B1,2,3,a", "b,s2,y,1,2,3,b"]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    manifest = mer.component("dataset", "csv", table=str(tmp_path / "t.csv")).load()
    assert (
        "row 2 of t.csv: a: cell D2 (onset) holds the formula =B1 without a stored value" in manifest.excluded[0].reason
    )


HEADER = "sample_id,subject,label,onset,apex,offset,path"


def own(folder: Path, *lines: str, coding: str = "utf-8") -> Manifest:
    """Return a data set of one's own: two clips of folders with frames 1 to 5, and further lines."""
    for name in ("a", "b"):
        (folder / name).mkdir()
        for number in range(1, 6):
            cv2.imwrite(str(folder / name / f"{number}.png"), np.zeros((8, 8), np.uint8))
    text = "\n".join((HEADER, "a,s1,x,1,2,3,a", "b,s2,y,1,2,3,b", *lines)) + "\n"
    (folder / "t.csv").write_bytes(text.encode(coding))
    return mer.component("dataset", "csv", table=str(folder / "t.csv")).load()


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#BEZUG!", "#NV", "#DIV/0!", "#######"])
def test_an_error_is_no_class_of_its_own(tmp_path: Path, error: str) -> None:
    manifest = own(tmp_path, f"c,s3,{error},1,2,3,a")
    (fault,) = manifest.excluded
    assert f"row 4 of t.csv: c: cell C4 (label) holds the error {error} of a spreadsheet program" in fault.reason
    assert manifest.classes == ("x", "y")


@pytest.mark.parametrize("label", ["#1", "#happy", "# x"])
def test_a_label_with_a_hash_is_no_error(tmp_path: Path, label: str) -> None:
    assert label in own(tmp_path, f"c,s3,{label},1,2,3,a").classes


def test_a_header_that_is_repeated_is_no_clip(tmp_path: Path) -> None:
    manifest = own(tmp_path, HEADER, "c,s3,x,2,3,4,a")
    assert [sample.id for sample in manifest.samples] == ["a", "b", "c"] and not manifest.excluded
    assert manifest.remarks == ("row 4 of t.csv: the header is repeated, so no clip is read there; delete it",)


def test_a_decimal_comma_and_zeros_kept_by_an_equals_sign(tmp_path: Path) -> None:
    manifest = own(tmp_path, 'c,"=""007""",x,"2,0",3.0,4,a')
    assert (manifest.samples[2].subject, manifest.samples[2].onset, manifest.samples[2].apex) == ("csv/007", 2, 3)


def test_a_column_that_is_not_read_may_hold_anything(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("label,notes\nx,==> see\n", encoding="utf-8")
    table = read_table(tmp_path / "t.csv")
    table.rows[0].require_values(("label",))
    with pytest.raises(DataError, match=r"cell B2 \(notes\) holds the formula ==> see without"):
        table.rows[0].require_values()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("label\nx\n".encode("utf-16-le"), "the text has zero bytes, as UTF-16 without its mark"),
        (b"PK\x03\x04rest", "an Excel or OpenDocument workbook is no text; save it as 'CSV UTF-8'"),
        (b"\xd0\xcf\x11\xe0rest", r"a workbook of the old format .xls is no text; save it as 'CSV UTF-8'"),
        ("label\n高兴\n".encode("gbk"), "not UTF-8 text .byte 7.; save it as 'CSV UTF-8'"),
    ],
)
def test_what_is_no_unicode_text_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / "t.csv")


def test_utf_16_with_its_mark_is_read(tmp_path: Path) -> None:
    assert len(own(tmp_path, coding="utf-16").samples) == 2


def changed(tmp_path: Path, change: Callable[[Any], object]) -> Manifest:
    """Return CASME II in files, 4 clips in rows 2 to 5, with a changed sheet (D onset, E apex, H action units)."""
    root = exports.write("casme2", tmp_path / "db")
    (file,) = root.glob("*coding*.xlsx")
    book = openpyxl.load_workbook(file)
    change(book.active)
    book.save(file)
    return exports.reader("casme2", root).load()


def test_merged_cells_of_a_column_have_the_value_of_the_first(tmp_path: Path) -> None:
    subjects: list[Any] = []

    def change(sheet: Any) -> None:
        sheet["A3"].value = None
        sheet.merge_cells("A2:A3")
        subjects.append(sheet["A2"].value)

    manifest = changed(tmp_path, change)
    assert not manifest.excluded and manifest.samples[1].subject == f"casme2/sub{subjects[0]:02d}"
    assert "sheet Sheet1: each of the merged cells A2:A3 is read as the value of the first" in manifest.remarks[0]


def test_cells_merged_across_columns_are_named(tmp_path: Path) -> None:
    manifest = changed(tmp_path, lambda sheet: sheet.merge_cells("D3:E3"))
    (fault,) = manifest.excluded
    assert fault.reason.endswith("cell E3 (apex) is a part of the merged cells D3:E3; unmerge them and fill in each")


def test_dates_are_named_and_in_an_optional_column_a_remark(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["E3"].value, sheet["H4"].value = datetime(1900, 4, 21), datetime(2024, 4, 7)

    manifest = changed(tmp_path, change)
    (fault,) = manifest.excluded
    assert "cell E3 (apex) holds the date 1900-04-21; set the format of the cell to text or number" in fault.reason
    assert "cell H4 (action_units) holds the date 2024-04-07; set the format" in manifest.remarks[0]


def test_an_array_formula_without_a_value_is_named(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["E3"].value = ArrayFormula("E3", "=SUM(D3:F3)")

    (fault,) = changed(tmp_path, change).excluded
    assert "cell E3 (apex) holds the formula =SUM(D3:F3) without a stored value" in fault.reason


def test_hidden_columns_hidden_sheets_and_repeated_headers_are_remarks(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet.column_dimensions["E"].hidden = True
        sheet.append([cell.value for cell in sheet[1]])
        sheet.parent.create_sheet("front")
        sheet.sheet_state = "hidden"

    manifest = changed(tmp_path, change)
    assert len(manifest.samples) == 4
    said = ("row 6 of NAME: the header", "NAME: sheet Sheet1 is hidden in the file", "column E (apex) is hidden in the")
    for remark, part in zip(manifest.remarks[:3], said, strict=True):
        assert part in remark.replace("CASME2-coding-20140508.xlsx", "NAME")


def test_a_second_sheet_with_the_columns_is_a_remark(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet.parent.copy_worksheet(sheet).title = "edited"
        sheet.title = "first"

    assert "sheet first is read, and edited not; name one with dataset.sheet" in changed(tmp_path, change).remarks[0]


def test_an_old_workbook_under_a_new_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"\xd0\xcf\x11\xe0rest")
    with pytest.raises(DataError, match=r"an Excel file with a password, or one of the old format under the name"):
        read_sheets(tmp_path / "t.xlsx")


def test_a_lone_format_at_the_end_of_a_sheet_costs_nothing_and_escaped_line_ends_are_blanks(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (("subject", "clip", "onset"), ("s1_x000D_", "a", 3)):
        sheet.append(row)
    sheet["XFD200000"].font = Font(bold=True)  # 3 billion places
    book.save(tmp_path / "t.xlsx")
    (found,) = read_sheets(tmp_path / "t.xlsx")
    assert found.lines == ((1, ["subject", "clip", "onset"]), (2, ["s1", "a", "3"]))


def test_a_wide_header_is_not_repeated_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"x_{k}" for k in range(700)) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"column frame is missing; the header has x_0, .*, x_19, \.\.\.$"):
        read_table(path).require(["frame"])
