"""Data set csv: what a good table gives, and one sentence for every bad one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

import mer
from mer.config.catalogue import conf_dir
from mer.dataset.own.csv_table import CsvTable
from mer.errors import ConfigError, DataError
from mer.frames import OnsetApex
from mer.types import Manifest

SETTINGS = {
    key: value
    for key, value in yaml.safe_load((conf_dir() / "dataset" / "csv.yaml").read_text(encoding="utf-8")).items()
    if key != "_target_"
}
COLUMNS = ("sample_id", "subject", "label", "onset", "apex", "offset", "path")
GOOD: Mapping[str, str] = {
    "sample_id": "c1",
    "subject": "s1",
    "label": "joy",
    "onset": "3",
    "apex": "5",
    "offset": "8",
    "path": "clips/a b",
}


def dataset(table: Path | None, **fields: Any) -> CsvTable:
    return CsvTable(**{**SETTINGS, "table": str(table) if table else None, **fields})


def table(
    folder: Path,
    *rows: Mapping[str, str],
    columns: Sequence[str] = COLUMNS,
    separator: str = ",",
    encoding: str = "utf-8",
) -> Path:
    """Write a table whose rows differ from the good one as given, and the frames 3 to 8 of the good one's clip."""
    clip = folder / "clips" / "a b"
    clip.mkdir(parents=True, exist_ok=True)
    for number in range(3, 9):
        image = np.full((6, 8), number, np.uint8)
        (clip / f"img{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    lines = [separator.join(columns)]
    lines += [separator.join({**GOOD, **row}.get(column, "") for column in columns) for row in rows]
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


SECOND = {"sample_id": "c2", "subject": "s2", "label": "fear"}


def only_fault(manifest: Manifest) -> str:
    faults = [exclusion.reason for exclusion in manifest.excluded if exclusion.fault]
    assert len(faults) == 1
    return faults[0]


# ---- good tables ---------------------------------------------------------------------------------------------------


def test_a_row_becomes_a_sample(tmp_path: Path) -> None:
    path = table(tmp_path, {"fps": "90"}, SECOND, columns=(*COLUMNS, "fps"))
    manifest = dataset(path).load()
    first, second = manifest.samples
    assert (first.id, first.dataset, first.subject, first.label) == ("c1", "csv", "csv/s1", "joy")
    assert (first.onset, first.apex, first.offset) == (3, 5, 8)
    assert (first.fps, second.fps) == (90.0, 0.0)
    assert manifest.classes == ("fear", "joy")
    assert manifest.notes["apex_source"] == "annotated"
    assert not manifest.excluded
    assert dataset(path).entry == "frames"
    pair = OnsetApex()(first)
    assert (pair.onset[0, 0], pair.apex[0, 0]) == (3, 5)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_and_encodings_of_spreadsheets(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = ({"subject": "王", "label": "喜"}, SECOND)
    manifest = dataset(table(tmp_path, *rows, separator=separator, encoding=encoding)).load()
    assert [sample.subject for sample in manifest.samples] == ["csv/王", "csv/s2"]


def test_headers_in_capitals_blanks_numbers_with_point_and_backslashes(tmp_path: Path) -> None:
    path = table(tmp_path, {"onset": " 3.0", "path": "clips\\a b"}, SECOND)
    path.write_text(path.read_text().replace("sample_id", " Sample_ID ").replace("c2,", "\nc2,"), encoding="utf-8")
    assert [sample.onset for sample in dataset(path).load().samples] == [3, 3]


def test_the_root_may_be_elsewhere(tmp_path: Path) -> None:
    path = table(tmp_path, {"path": "a b"}, {**SECOND, "path": "a b"})
    assert len(dataset(path, root=str(tmp_path / "clips")).load().samples) == 2
    with pytest.raises(DataError, match=r"no such folder; correct dataset.root"):
        dataset(path, root=str(tmp_path / "absent")).load()


def test_classes_keep_the_given_order(tmp_path: Path) -> None:
    path = table(tmp_path, {}, SECOND, {"sample_id": "c3", "label": "others"})
    manifest = dataset(path, classes=["joy", "others", "fear"]).load()
    assert manifest.classes == ("joy", "others", "fear")
    assert manifest.excluded == ()
    assert dataset(path).load().classes == ("fear", "joy", "others")


def test_the_middle_needs_no_apex(tmp_path: Path) -> None:
    path = table(tmp_path, {}, SECOND, columns=[column for column in COLUMNS if column != "apex"])
    with pytest.raises(DataError, match="column apex is missing"):
        dataset(path).load()
    manifest = dataset(path, apex="middle").load()
    assert [sample.apex for sample in manifest.samples] == [5, 5]
    assert manifest.notes["apex_source"] == "middle of onset and offset"


def test_landmarks_of_a_folder_count_from_its_first_frame(tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", np.arange(6)[:, None, None] + np.zeros((6, 68, 2)))
    path = table(tmp_path, {"landmarks": "points.npy"}, SECOND, columns=(*COLUMNS, "landmarks"))
    first, second = dataset(path).load().samples
    landmarks = first.clip.landmarks(5)
    assert landmarks is not None and landmarks.xy[0, 0] == 2
    assert second.clip.landmarks(5) is None


def test_a_video_row(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for value in range(0, 200, 20):
        writer.write(np.full((48, 64, 3), value, np.uint8))
    writer.release()
    path = table(tmp_path, {"path": "v.avi"}, {**SECOND, "path": "v.avi", "apex": "90", "offset": "99"})
    good, beyond = dataset(path).load().samples
    pair = OnsetApex()(good)
    assert pair.onset.mean() == pytest.approx(60, abs=3)
    assert pair.apex.mean() == pytest.approx(100, abs=3)
    with pytest.raises(DataError, match=r"frame 90 is not in .*v.avi, whose last frame is 9"):
        OnsetApex()(beyond)


# ---- bad rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"onset": "6"}, "row 4 of table.csv: c3: onset 6 is after apex 5"),
        ({"apex": "9"}, "row 4 of table.csv: c3: apex 9 is after offset 8"),
        ({"apex": ""}, "row 4 of table.csv: c3: apex is missing; give it, or take the middle frame"),
        ({"onset": "2"}, "row 4 of table.csv: c3: frame 2 is not in"),
        ({"offset": "9"}, "which holds 6 frames from 3 to 8"),
        ({"onset": "three"}, "row 4 of table.csv: c3: onset 'three' is not a frame number"),
        ({"onset": "-3"}, "onset '-3' is not a frame number"),
        ({"onset": "3.5"}, "onset '3.5' is not a frame number"),
        ({"subject": ""}, "row 4 of table.csv: c3: subject is empty"),
        ({"sample_id": "", "path": ""}, "row 4 of table.csv: sample_id, path is empty"),
        ({"sample_id": "c1"}, "row 4 of table.csv: c1: clip c1 is also in row 2 of table.csv; remove one"),
        ({"label": "Joy"}, "row 4 of table.csv: c3: label 'Joy' is unknown; known are joy, fear"),
        ({"path": "absent"}, "row 4 of table.csv: c3: no folder or video"),
        ({"path": "clips"}, "row 4 of table.csv: c3: "),
        ({"path": "clips/a b/img3.png"}, "img3.png is a single image; give the folder"),
        ({"fps": "fast"}, "fps 'fast' is not a number"),
        ({"landmarks": "absent.npy"}, "absent.npy is not a .csv or .npy file"),
    ],
)
def test_a_bad_row_is_one_sentence_and_leaves_the_others(tmp_path: Path, row: Mapping[str, str], reason: str) -> None:
    path = table(tmp_path, {}, SECOND, {"sample_id": "c3", **row}, columns=(*COLUMNS, "fps", "landmarks"))
    manifest = dataset(path, classes=["joy", "fear"]).load()
    assert reason in only_fault(manifest)
    assert [sample.id for sample in manifest.samples] == ["c1", "c2"]


def test_without_an_apex_onset_and_offset_still_need_an_order(tmp_path: Path) -> None:
    path = table(tmp_path, {"onset": "8", "offset": "3"}, SECOND)
    assert "onset 8 is after" in only_fault(dataset(path, apex="middle").load())


# ---- bad tables ----------------------------------------------------------------------------------------------------


def test_the_option_builds_it(tmp_path: Path) -> None:
    path = str(table(tmp_path, {}, SECOND))
    assert len(mer.component("dataset", "csv", table=path).load().samples) == 2


def test_no_table_is_a_question_with_the_answer() -> None:
    with pytest.raises(ConfigError, match=r"dataset.table=FILE"):
        dataset(None).load()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the table is empty"),
        (b"\n\n  \n", "the table is empty"),
        (b"sample_id,subject\nc1,s1\n", "column label, onset, .* is missing; the header has sample_id, subject"),
        (b"sample_id,subject,label,onset,apex,offset,path\n", "no row follows the header"),
        (b"sample_id,subject,label,onset,apex,offset,path,label\nc,s,j,1,2,3,p,j\n", "column label occurs twice"),
        (b"sample_id,subject,label,onset,apex,offset,path\nc,s,j,1,2,3,p,q\n", "row 2 of .* has 8 cells"),
        ("sample_id,王".encode("gbk"), r"not UTF-8 text \(byte 11\); save it as 'CSV UTF-8'"),
        (b"sample_id,subject,label,onset,apex,offset,path\nc,s,joy,1,2,3,p\n", "1 label is left .joy."),
    ],
)
def test_a_table_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"table.csv.*{message}|{message}"):
        dataset(path).load()


def test_an_absent_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.csv: the table cannot be read"):
        dataset(tmp_path / "absent.csv").load()


def test_one_class_under_two_names_is_refused_with_both_counts(tmp_path: Path) -> None:
    third = {**SECOND, "sample_id": "third", "label": "Happy"}
    with pytest.raises(DataError, match=r"labels Happy \(1 clip\) and happy \(2 clips\) look like one class"):
        dataset(table(tmp_path, {"label": "happy"}, {**SECOND, "label": "happy"}, third)).load()


def test_one_person_under_two_names_would_leak(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"subjects csv/S01 \(1 clip\) and csv/s1 \(1 clip\) look like one person"):
        dataset(table(tmp_path, {}, {**SECOND, "subject": "S01"})).load()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"apex": "spotted"}, "dataset.apex=spotted"),
        ({"classes": ["joy"]}, "dataset.classes"),
        ({"classes": ["joy", "joy"]}, "dataset.classes"),
        ({"pattern": "img("}, "dataset.pattern=.*not a regular expression"),
        ({"pattern": "img.*"}, "put brackets around the frame number"),
        ({"first_frame": -1}, "dataset.first_frame=-1"),
    ],
)
def test_settings_out_of_range_are_refused(fields: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        dataset(None, **fields)
