"""What people's tables hold besides plain cells: each gives the right value, or one sentence that names the cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

import mer
from mer.dataset.readers.coding import Columns, read_coding
from mer.dataset.readers.sheets import read_sheets
from mer.dataset.tables import read_table
from mer.errors import DataError
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
    assert (
        "cell D2 (onset) holds the formula =1+1 without a stored value; open the file in a spreadsheet program and save it"
        in formula
    )
    assert (
        "cell E3 (apex) holds the error #N/A of a spreadsheet program; correct its formula, or type the value" in error
    )
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
