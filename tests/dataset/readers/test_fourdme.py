"""4DME: classes from the flags or the words of the table, and what is said where they differ."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

import mer
from mer.dataset.check import check_manifest
from mer.dataset.readers.coding import read_coding
from mer.dataset.readers.fourdme import Fourdme
from mer.types import Manifest
from tests.support import exports

FLAGS = "Positive,Negative,Surprise,Repression,Others"


def read(folder: Path, *rows: str, flags: bool = True) -> Manifest:
    """Return what is read of a table whose rows are ``Emotion`` and, where the table has them, the flags."""
    header = "sub_ID,fold_name,Onset,Apex,Offset,Emotion" + (f",{FLAGS}" if flags else "")
    for number in range(len(rows)):
        frames = folder / "gray_micro" / "s1" / f"c{number}"
        frames.mkdir(parents=True)
        for name in (1, 2, 3):
            (frames / f"{name}.png").touch()
    lines = [header, *(f"s1,c{number},1,2,3,{row}" for number, row in enumerate(rows))]
    (folder / "4DME_Labelling_Micro_release v1.csv").write_text("\n".join(lines), encoding="utf-8")
    return mer.component("dataset", "fourdme", root=str(folder)).load()


def test_words_joined_by_plus_are_several_classes(tmp_path: Path) -> None:
    found = read(tmp_path, "Surprise+Positive", "Negative", "others", "surprise + negative", flags=False)
    assert [s.label for s in found.samples] == ["positive+surprise", "negative", "others", "surprise+negative"]
    assert found.classes == ("negative", "others", "positive+surprise", "surprise+negative")
    assert not found.remarks


def test_flags_decide_and_a_difference_is_a_remark(tmp_path: Path) -> None:
    found = read(tmp_path, "Positive,1,0,0,0,0", "Positive,1,0,1.0,0,", "Negative,,,,,")
    assert [s.label for s in found.samples] == ["positive", "positive+surprise", "negative"]
    assert found.remarks == (
        "row 3 of 4DME_Labelling_Micro_release v1.csv: Emotion is 'Positive' and the flags say positive+surprise, "
        "which counts; correct the table if that is wrong",
    )


def test_a_flag_that_is_no_number_and_an_unknown_word_are_named(tmp_path: Path) -> None:
    found = read(tmp_path, "Negative,0,1,0,0,0", "Positive,x,0,0,0,0", "Joy+Surprise,0,0,0,0,0")
    assert [s.label for s in found.samples] == ["negative"]
    flag, word = (e.reason for e in found.faults)
    assert "the flag Positive is 'x' and must be 0 or 1; correct it in the table" in flag
    assert "label 'Joy+Surprise' is unknown; known are positive, surprise" in word


def test_an_export_has_clips_with_two_classes(tmp_path: Path) -> None:
    root = exports.write("fourdme", tmp_path / "db", subjects=3, clips=12)
    found = exports.reader("fourdme", root).load()
    assert "surprise+negative" in {s.label for s in found.samples} and not found.remarks


def test_the_sheet_of_the_database(tmp_path: Path) -> None:
    """Read the annotation sheet of a copy that MER_FOURDME_ROOT names; frames are not needed."""
    sheets = sorted(Path(os.environ.get("MER_FOURDME_ROOT", tmp_path)).glob("4DME_Labelling_Micro*.xlsx"))
    if not sheets:
        pytest.skip("4DME is not here: set MER_FOURDME_ROOT to its folder")
    reader = mer.component("dataset", "fourdme", root=str(sheets[0].parent))
    rows = reader.rows(sheets[0].parent)
    assert len(rows) == len(read_coding(sheets[0], Fourdme.layout.columns, None)) >= 267
    assert all(reader.label(row) for row in rows)


def test_the_check_asks_of_each_class_whether_two_subjects_show_it(tmp_path: Path) -> None:
    labels = {"s1": ("negative+surprise", "others"), "s2": ("negative", "surprise"), "s3": ("negative", "surprise")}
    (labelled,) = read(tmp_path, "Negative,,,,,").samples
    samples = [
        replace(labelled, id=f"{subject}{number}", subject=subject, label=label)
        for subject, shown in labels.items()
        for number, label in enumerate(shown)
    ]
    given = Manifest(samples=tuple(samples), classes=())
    manifest = mer.component("protocol", "fourdme")(given, mer.component("dataset", "fourdme"))
    blocks = [finding.what for finding in check_manifest(manifest) if finding.level == "blocks"]
    assert [text.split(":")[0] for text in blocks] == ["class positive", "class repression", "class others"]
