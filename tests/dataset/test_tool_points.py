"""Landmarks in the tables of OpenFace and py-feat."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mer.cli import main
from mer.dataset.points import StoredPoints, read_points
from mer.dataset.tool_points import COLUMNS, read_tool_table, write_tool_points
from mer.errors import DataError
from mer.types import Landmarks


def face(shift: float = 0.0, score: float = 0.9) -> Landmarks:
    xy = np.random.default_rng(0).uniform(10, 200, (68, 2)) + shift
    return Landmarks(xy=np.round(xy, 3).astype(np.float32), score=score)


def openface_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: row[name] for name in ("frame", "confidence", "success", *COLUMNS)}
            for row in csv.DictReader(file, skipinitialspace=True)
        ]


def test_a_table_of_openface_comes_back_to_the_last_digit(data_root: Path, tmp_path: Path) -> None:
    source = data_root / "published_logs" / "openface_2_output_example.csv"
    table = read_tool_table(source)
    assert (table.tool, table.faces, len(table.points)) == ("openface", 1, 100)
    write_tool_points(tmp_path / "again.csv", table.points, "openface")
    assert openface_rows(tmp_path / "again.csv") == openface_rows(source)
    assert table.points[0].xy[0].tolist() == pytest.approx([277.276, 181.190])


def test_stored_points_count_frames_as_the_clip_does(tmp_path: Path) -> None:
    for tool in ("openface", "pyfeat"):
        path = tmp_path / f"{tool}.csv"
        write_tool_points(path, {0: face(), 2: face(5)}, tool)
        points = StoredPoints(path=path, first=40)
        found = points(42)
        assert found is not None
        np.testing.assert_array_equal(found.xy, face(5).xy)
        assert points(41) is None


def test_frames_without_a_face_are_rows_without_success(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_tool_points(path, {1: face()}, "openface", [0.0, 0.04, 0.08])
    assert [row["success"] for row in openface_rows(path)] == ["0", "1", "0"]
    assert list(read_points(path)) == [1]


def test_of_several_faces_the_one_in_most_frames_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["frame", "face_id", "confidence", "success", *COLUMNS])
        for frame, name, sure in ((1, "0", 0.99), (1, "1", 0.5), (2, "1", 0.5)):
            out.writerow([frame, name, sure, 1, *face(float(name)).xy.T.ravel().tolist()])
    table = read_tool_table(path)
    assert (table.face, table.faces, sorted(table.points)) == ("1", 2, [0, 1])
    assert sorted(read_tool_table(path, "0").points) == [0]
    with pytest.raises(DataError, match="no row holds face 7; the faces are 0, 1"):
        read_tool_table(path, "7")


def test_faulty_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"frame,success,{','.join(COLUMNS[:-1])}\n", encoding="utf-8")
    with pytest.raises(DataError, match="column y_67 is missing"):
        read_tool_table(path)
    path.write_text(f"frame,success,{','.join(COLUMNS)}\n1,1,{','.join(['a'] * 136)}\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 2: x_0 'a' is not a number"):
        read_tool_table(path)
    path.write_text(f"frame,success,{','.join(COLUMNS)}\n1,0,{','.join(['0'] * 136)}\n", encoding="utf-8")
    with pytest.raises(DataError, match="no row holds a face"):
        read_tool_table(path)


@pytest.mark.parametrize(
    ("head", "frame", "said"),
    [
        ("frame,success", "0,1", "row 2: frame 0 is none; this tool counts from 1"),
        ("frame,confidence", "0,1", "this tool counts from 1"),
        ("frame,FaceScore", "1.5,1", "frame 1.5 is none; this tool counts from 0"),
    ],
)
def test_a_number_that_no_frame_has_is_refused(tmp_path: Path, head: str, frame: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{head},{','.join(COLUMNS)}\n{frame},{','.join(['9'] * 136)}\n", encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_tool_table(path)


def test_other_separators_and_a_missing_column_success_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_tool_points(path, {0: face(), 1: face(3)}, "openface")
    rows = openface_rows(path)
    lines = [";".join(("frame", "confidence", *COLUMNS))]
    lines += [";".join(row[name] for name in ("frame", "confidence", *COLUMNS)) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert list(read_points(path)) == [0, 1]


def test_what_is_no_table_of_landmarks_is_one_short_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert main(["landmarks", str(tmp_path / "a.csv"), f"output={tmp_path / 'b'}"]) == 1
    assert capsys.readouterr().err.endswith("y8, x9, ... is missing; the header has a, b\n")
    assert main(["landmarks", str(tmp_path / "a.csv"), "landmarks=stored"]) == 2
    assert "landmarks=stored: a table is converted as it is" in capsys.readouterr().err


def test_the_command_converts_a_table(tmp_path: Path) -> None:
    write_tool_points(tmp_path / "a.csv", {0: face(), 1: face(3)}, "openface")
    for source, form in (("a.csv", "mer"), ("mer/landmarks.csv", "pyfeat"), ("pyfeat/landmarks.csv", "openface")):
        assert main(["landmarks", str(tmp_path / source), f"format={form}", f"output={tmp_path / form}"]) == 0
    assert openface_rows(tmp_path / "openface" / "landmarks.csv") == openface_rows(tmp_path / "a.csv")
