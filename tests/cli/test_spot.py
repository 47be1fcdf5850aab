"""`mer spot`: a video of one's own."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import mer
from mer.cli import main


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of 5 s with one macro-expression."""
    fields = {"blinks": 0, "speech": 0, "nods": 0, "sway": 0, "videos": 1, "micro": 0, "macro": 12, "seconds": 5}
    look = {"subjects": 1, "size": 128, "fps": 20}
    spans = {"macro_seconds": [1.5, 1.5], "macro_peak": [4, 4]}
    clip = mer.component("dataset", "synthetic_long", look=look, **fields, **spans).recordings().recordings[0].clip
    path = tmp_path_factory.mktemp("video") / "me.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (128, 128))
    for index in range(100):
        writer.write(cv2.cvtColor(clip.read(index), cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def test_an_expression_is_found_written_and_drawn(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spot", str(video), f"output={tmp_path}"]) == 0
    said = capsys.readouterr().out
    with (tmp_path / "intervals.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["kind"] == "macro" and row["video"] == str(video)
    assert int(row["onset"]) < int(row["apex"]) < int(row["offset"])
    assert float(row["duration"]) == pytest.approx((int(row["offset"]) - int(row["onset"])) / 20, abs=0.01)
    (line,) = (tmp_path / "intervals.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["regions"] == row["regions"].split()
    assert said.startswith("me.avi: 0 micro-expressions, 1 macro-expression in 5.0 s")
    picture = cv2.imread(str(tmp_path / "me.png"))
    assert picture is not None and picture.shape[1] > 1000


def test_the_video_is_drawn_on_request(video: Path, tmp_path: Path) -> None:
    assert main(["spot", str(video), f"output={tmp_path}", "render=true"]) == 0
    with av.open(str(tmp_path / "me.mp4")) as made:
        assert made.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in made.decode(video=0)) == 100


def test_a_video_that_fails_costs_no_other_one(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.mp4").write_text("text", encoding="utf-8")
    assert main(["spot", str(tmp_path / "text.mp4"), str(video), f"output={tmp_path}"]) == 1
    assert "text.mp4: no video can be decoded" in capsys.readouterr().err
    assert "macro" in (tmp_path / "intervals.csv").read_text(encoding="utf-8")


def test_the_drawn_video_never_replaces_the_video_itself(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "me.mp4"
    shutil.copyfile(video, own)
    assert main(["spot", str(own), f"output={tmp_path}", "render=true"]) == 1
    assert "would replace the video itself; choose another output=" in capsys.readouterr().err
    assert own.read_bytes() == video.read_bytes()


def test_bad_input_is_one_sentence(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, status, said in (
        ([], 2, "missing video; write mer spot VIDEO"),
        ([str(tmp_path / "none.mp4")], 1, "none.mp4"),
        ([str(tmp_path)], 1, "a folder, not a video; give the path of a video file"),
        ([str(video), "spotter.level=2"], 2, "spotter.level=2: must be a number"),
        ([str(video), "spotter.heigth=2"], 2, "heigth"),
    ):
        assert main(["spot", *words, f"output={tmp_path / 'out'}"]) == status
        assert said in capsys.readouterr().err


def test_a_video_without_a_face_is_named(data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spot", str(data_root / "video" / "no_face.mp4"), f"output={tmp_path}"]) == 1
    assert "no_face.mp4: no face was found in two frames 0.5 s apart" in capsys.readouterr().err


def test_videos_of_one_name_get_pictures_of_their_own(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copyfile(video, tmp_path / folder / "me.avi")
    assert main(["spot", "a/me.avi", "b/me.avi", "b/../a/me.avi", "output=out", "flow=farneback"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["a_me_avi.png", "b_me_avi.png"]
    with (tmp_path / "out" / "intervals.csv").open(encoding="utf-8", newline="") as file:
        assert sorted({row["video"] for row in csv.DictReader(file)}) == ["a/me.avi", "b/me.avi"]
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()[:3:2]] == ["a/me.avi", "b/me.avi"]


def test_what_makes_a_video_doubtful_is_said(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same face at a third of its size, twice, at 5 frames per second."""
    path = tmp_path / "small\nfaces.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5.0, (128, 64))
    for frame in list(av.open(str(video)).decode(video=0))[:20]:
        small = cv2.resize(frame.to_ndarray(format="bgr24"), (64, 64), interpolation=cv2.INTER_AREA)
        writer.write(np.hstack([small, small]))
    writer.release()
    assert main(["spot", str(path), f"output={tmp_path}", "flow=farneback"]) == 0
    said = capsys.readouterr()
    for doubt in (
        r"up to 2 faces: the largest one in the first frame was followed; crop the video",
        r"the outer corners of the eyes are \d+ px apart, too few for the motion",
        r"5 frames/s are too few to see an expression of half a second; record with 25 or more",
    ):
        assert re.search(doubt, said.err)
    assert said.out.startswith(r"'small\nfaces.avi': ")
