"""CAS(ME)³: the sheets and the lists of damaged frames as its authors publish them."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest

import mer
from mer.dataset.readers.damaged import read_damaged
from mer.errors import DataError
from tests.support import exports

PART_A = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
LISTS = ("error_info_damaged_image_partA.txt", "image_with_bad_quality_partA.txt")


@pytest.fixture(scope="session")
def sheets(data_root: Path) -> Path:
    folder = data_root / "casme3_annotation"
    if not folder.is_dir():
        pytest.skip(f"the sheets of CAS(ME)³ are not in {data_root}")
    return folder


@pytest.fixture(scope="module")
def part_a(sheets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a root with the real sheet, and onset, apex and offset of each row as links to one picture."""
    root = tmp_path_factory.mktemp("casme3")
    cv2.imwrite(str(root / "one.jpg"), np.zeros((16, 16), np.uint8))
    shutil.copy(sheets / PART_A, root)
    for subject, clip, *numbers in openpyxl.load_workbook(sheets / PART_A)["label"].iter_rows(
        min_row=2, max_col=5, values_only=True
    ):
        folder = root / "part_A" / str(subject) / str(clip) / "color"
        folder.mkdir(parents=True, exist_ok=True)
        for number in {str(value).strip() for value in numbers}:
            if not (folder / f"{number}.jpg").exists():
                os.link(root / "one.jpg", folder / f"{number}.jpg")
    return root


def test_all_rows_of_part_a_are_read_and_each_fault_has_its_reason(part_a: Path) -> None:
    manifest = mer.component("dataset", "casme3", root=str(part_a)).load()
    assert len(manifest.samples) + len(manifest.excluded) == manifest.notes["rows"] == 860
    reasons = Counter(
        "still" if "there is no motion between them" in e.reason else "missing" if "is not in" in e.reason else e.reason
        for e in manifest.excluded
    )
    assert reasons == {"still": 55, "missing": 2}  # two numbers that are repaired, whose frames were not made here
    assert len({s.subject for s in manifest.samples}) == 93
    counts = Counter(s.label for s in manifest.samples)
    assert counts == {
        **{"disgust": 245, "surprise": 183, "others": 133, "fear": 82, "sadness": 56, "anger": 55, "happiness": 49}
    }


def test_a_clip_whose_onset_the_authors_call_damaged_is_named(part_a: Path, sheets: Path) -> None:
    lists = [str(sheets / name) for name in LISTS]
    plain, listed = (mer.component("dataset", "casme3", root=str(part_a), damaged=d).load() for d in ([], lists))
    left_out = {e.sample_id: e.reason for e in listed.excluded if e not in plain.excluded}
    assert sorted(left_out) == ["spNO.214_b_00005", "spNO.214_k_00004"]
    assert "onset frame 5 is damaged according to image_with_bad_quality_partA.txt" in left_out["spNO.214_b_00005"]


def test_the_authors_lists_are_read_whole(sheets: Path) -> None:
    """130 lines name 121 frames: 9 of them twice."""
    opened, quality = (read_damaged([str(sheets / name)]) for name in LISTS)
    assert sum(map(len, opened.values())) == 121 and 498 in opened["spno.3", "j"]
    assert sum(map(len, quality.values())) == 964 and 1294 in quality["spno.138", "a"]


def test_a_line_that_names_no_frame_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("spNO.3 J 498.jpg  the image cannot open\n\nwhat is this\n")
    with pytest.raises(DataError, match=r"list.txt: line 3, 'what is this', names no frame; write SUBJECT CLIP"):
        read_damaged([str(tmp_path / "list.txt")])


def test_damaged_frames_between_onset_and_offset_are_a_remark(tmp_path: Path) -> None:
    root = exports.write("casme3", tmp_path / "db")
    sample = exports.reader("casme3", root).load().samples[0]
    subject, clip, _ = sample.id.split("_")
    between = next(n for n in range(sample.onset + 1, sample.offset) if n != sample.apex)
    (tmp_path / "list.txt").write_text(f"{subject} {clip.upper()} {between}.jpg\n")
    manifest = exports.reader("casme3", root, damaged=[str(tmp_path / "list.txt")]).load()
    assert sample.id in {s.id for s in manifest.samples}
    (remark,) = [r for r in manifest.remarks if "damaged" in r]
    assert remark.startswith(
        f"{sample.id}: 1 of the frames {sample.onset} to {sample.offset}, the first {between}, are"
    )


def test_part_c_is_read_and_has_no_known_mistakes_of_part_a(sheets: Path, tmp_path: Path) -> None:
    shutil.copy(sheets / "CAS(ME)3_part_C_ME.xlsx", tmp_path)
    cv2.imwrite(str(tmp_path / "one.jpg"), np.zeros((16, 16), np.uint8))
    rows = list(
        openpyxl.load_workbook(tmp_path / "CAS(ME)3_part_C_ME.xlsx")["mockCrimeME"].iter_rows(
            min_row=2, values_only=True
        )
    )
    for subject, _, onset, offset, *_ in rows:
        folder = tmp_path / "part_C" / str(subject) / "color"
        folder.mkdir(parents=True, exist_ok=True)
        for number in {onset, (int(str(onset)) + int(str(offset))) // 2, offset}:
            if not (folder / f"{number}.jpg").exists():
                os.link(tmp_path / "one.jpg", folder / f"{number}.jpg")
    manifest = mer.component("dataset", "casme3", part="C", apex="middle", root=str(tmp_path)).load()
    assert len(manifest.samples) + len(manifest.excluded) == 165 and not manifest.notes["patches"]


def test_one_list_in_the_root_of_the_database_and_a_path_of_windows(tmp_path: Path) -> None:
    root = exports.write("casme3", tmp_path / "db")
    sample = exports.reader("casme3", root).load().samples[0]
    subject, clip, _ = sample.id.split("_")
    (root / "list.txt").write_text(f"D:\\RGB\\{subject}\\{clip}\\color\\{sample.apex}.jpg  broken\n")
    manifest = exports.reader("casme3", root, damaged="list.txt").load()
    (fault,) = manifest.excluded
    assert fault.sample_id == sample.id
    assert f"apex frame {sample.apex} is damaged according to list.txt; leave the clip out" in fault.reason


def test_a_list_of_other_subjects_is_a_remark(tmp_path: Path) -> None:
    root = exports.write("casme3", tmp_path / "db")
    (root / "list.txt").write_text("other J 498.jpg\n")
    remarks = exports.reader("casme3", root, damaged="list.txt").load().remarks
    assert "dataset.damaged: none of the 1 subjects of the lists, such as other, is in the table" in remarks[0]
    assert not exports.reader("casme3", root, damaged=None).load().excluded


def test_the_workbook_of_long_videos_has_no_emotion_and_is_refused_for_clips(sheets: Path, tmp_path: Path) -> None:
    shutil.copy(sheets / "CAS(ME)3_part_A_v2.xls", tmp_path / "events.xls")
    with pytest.raises(DataError, match=r"there is no sheet label; there are AU\+Emotion, eye blink: name it with"):
        mer.component("dataset", "casme3", root=str(tmp_path), table="events.xls").load()
