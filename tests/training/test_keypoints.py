"""The reader of annotated photographs: who is held out, how many rows per subject, what is named when it is wrong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mer.errors import ConfigError, DataError
from mer.training.flow.training_images import SIDE
from mer.training.flow.training_images import read_faces as read_flow_faces
from mer.training.keypoints import read_keypoints
from mer.training.landmarks.faces import read_faces

COLUMNS = ["image", "subject", *(f"{axis}{k}" for k in range(68) for axis in "xy")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four people, named so that numbers and text would sort differently, two frames each."""
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    rows = [COLUMNS]
    for k in range(8):
        cv2.imwrite(str(tmp_path / "images" / f"{k}.png"), rng.integers(0, 256, (40, 80), dtype=np.uint8))
        rows.append([f"{k}.png", ("10", "9", "02", "1")[k % 4], *(f"{v:.2f}" for v in rng.uniform(5, 35, 136))])
    (tmp_path / "keypoints.csv").write_text("\n".join(map(",".join, rows)) + "\n")
    return tmp_path


def changed(folder: Path, old: str, new: str) -> Path:
    file = folder / "keypoints.csv"
    file.write_text(file.read_text().replace(old, new))
    return file


def test_subjects_are_held_out_whole_in_the_order_of_their_names(folder: Path) -> None:
    training, held_out = read_keypoints(str(folder)).split(3)
    assert sorted(set(held_out.subject)) == ["02", "9"]  # of 02, 1, 10, 9 the first and the fourth
    assert sorted(set(training.subject)) == ["1", "10"]
    assert len(training) == len(held_out) == 4


def test_one_subject_cannot_be_split(folder: Path) -> None:
    table = read_keypoints(str(folder))
    with pytest.raises(DataError, match=r"keypoints\.csv: all images are of one subject; at least two are needed"):
        table.chosen(table.subject == "9").split(6)


def test_no_subject_gives_more_rows_than_asked_for(folder: Path) -> None:
    table = read_keypoints(str(folder)).at_most(1)
    assert table.subject.tolist() == ["10", "9", "02", "1"]
    assert table.image.tolist() == ["0.png", "1.png", "2.png", "3.png"]
    assert read_keypoints(str(folder)).at_most(2).image.tolist() == [f"{k}.png" for k in (0, 4, 1, 5, 2, 6, 3, 7)]


def test_both_trainings_see_the_same_points(folder: Path) -> None:
    table = read_keypoints(str(folder))
    whole, square = read_faces(table), read_flow_faces(table)
    assert whole.images[0].shape == (40, 80) and square[0].image.shape == (SIDE, SIDE)
    np.testing.assert_allclose((square[0].points + 0.5) / SIDE * (80, 40) - 0.5, whole.xy[0], atol=1e-4)
    assert square[3].subject == whole.subject[3] == "1"


def test_no_folder_and_a_folder_without_a_table_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"train.folder: no folder is named; give one with images/ and keypoints"):
        read_keypoints("")
    with pytest.raises(DataError, match=r"keypoints\.csv: cannot be read .*; give a folder with images/ and keypoints"):
        read_keypoints(str(tmp_path))


@pytest.mark.parametrize("column", ["image", "subject", "y67"])
def test_a_missing_column_is_named(folder: Path, column: str) -> None:
    changed(folder, f"{column},x0" if column == "subject" else column, "other,x0" if column == "subject" else "other")
    with pytest.raises(DataError, match=rf"keypoints\.csv: column {column} is missing; see the guide docs/"):
        read_keypoints(str(folder))


def test_a_table_without_a_row_and_a_missing_image_are_named(folder: Path) -> None:
    (folder / "images" / "3.png").unlink()
    with pytest.raises(DataError, match=r"3\.png: missing or not an image; keypoints.csv names it"):
        read_faces(read_keypoints(str(folder)))
    (folder / "keypoints.csv").write_text(",".join(COLUMNS) + "\n")
    with pytest.raises(DataError, match="names no image below its header"):
        read_keypoints(str(folder))


@pytest.mark.parametrize(
    ("value", "said"), [("left", "is 'left'"), ("", "is empty"), ("nan", "is empty"), ("inf", "is 'inf'")]
)
def test_what_is_not_a_coordinate_is_named_by_its_place(folder: Path, value: str, said: str) -> None:
    lines = [line.split(",") for line in (folder / "keypoints.csv").read_text().splitlines()]
    lines[3][lines[0].index("y41")] = value
    (folder / "keypoints.csv").write_text("\n".join(map(",".join, lines)).replace("\n", "\n\n", 1) + "\n\n")
    with pytest.raises(DataError, match=rf"keypoints\.csv, line 5: y41 {said}; it must be a finite number"):
        read_keypoints(str(folder))
