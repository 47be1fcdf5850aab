"""Findings of `mer data check` as the user sees them: equal ones together, no path broken in two."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from mer.cli import main
from mer.cli.data_findings import group_findings
from mer.dataset.check import Finding
from tests.support import exports


def finding(clip: str, what: str, step: str = "correct the table") -> Finding:
    return Finding(level="blocks", clip=clip, what=what, next_step=step)


def test_findings_that_differ_in_names_and_numbers_are_one_group() -> None:
    found = [
        finding("s1_a", "row 2 of t.csv: s1_a: offset 9 is not in /data/s1/a, which holds 3 frames"),
        finding("s2_b", "row 3 of t.csv: s2_b: offset 12 is not in /data/s2/b, which holds 4 frames"),
        finding("smile", "row 4 of t.csv: smile: offset 12 is not in /data/smile, which holds 4 frames"),
        finding("s3_c", "row 5 of t.csv: s3_c: label 'Joy' is unknown"),
        finding("s4_d", "row 6 of t.csv: s4_d: label 'Fun' is unknown"),
        Finding(level="warning", clip="", what="a.mp4: its clock jumps by 0.120 s", next_step=""),
        Finding(level="warning", clip="", what="b.mp4: its clock jumps by 0.080 s", next_step=""),
    ]
    assert [len(group) for group in group_findings(found)] == [3, 1, 1, 2]
    assert [len(group) for group in group_findings(reversed(found))] == [1, 1, 3, 2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return exports.write("casme2", tmp_path / "db", subjects=3, clips=3)


def check(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, list[dict[str, str]]]:
    output = root.parent / "check"
    place = () if any(word.startswith("dataset=") for word in words) else ("dataset=casme2", f"dataset.root={root}")
    main(["data", "check", *place, f"output={output}", "workers=1", *words])
    with (output / "findings.csv").open(encoding="utf-8", newline="") as file:
        return capsys.readouterr().out, list(csv.DictReader(file))


def test_a_root_without_frames_is_one_sentence(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(root / "CASME2_RAW_selected")
    said, rows = check(root, capsys)
    (row,) = [row for row in rows if row["level"] == "blocks"]
    assert row["what"].startswith("none of the 9 clips of CASME II has its frames; the first: row 2 of CASME2-coding")
    assert row["next_step"] == "set dataset.root to the folder that contains them, or choose another dataset.frames"
    assert str(root) in said.split()
    assert "a run would stop: follow the next steps\n" in said


def test_a_table_of_ones_own_without_frames_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "clips.csv"
    lines = [f"{n},s{n},{'ab'[n % 2]},1,2,3,gone/{n}" for n in range(60)]
    table.write_text("\n".join(["sample_id,subject,label,onset,apex,offset,path", *lines]), encoding="utf-8")
    _, rows = check(tmp_path / "x", capsys, "dataset=csv", f"dataset.table={table}")
    (row,) = [row for row in rows if "frames" in row["what"]]
    assert row["what"].startswith("none of the 60 clips of clips.csv has its frames; the first: row 2 of clips.csv: 0:")
    assert row["next_step"].endswith("or correct the column path")


def test_equal_findings_are_shown_once_and_listed_in_full(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2):
        shutil.rmtree(root / f"CASME2_RAW_selected/sub0{number}")
    said, rows = check(root, capsys)
    assert sum("no folder" in row["what"] for row in rows) == 6
    assert said.count("no folder") == 1
    assert "bad_clips=exclude" not in said  # it would leave one subject
    assert "6 clips (sub01_EP01_01, sub01_EP02_01, sub01_EP03_01, ...); the first: row 2" in " ".join(said.split())


def test_a_dropped_class_does_not_hide_the_faults_of_its_clips(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(root / "CASME2_RAW_selected")
    assert "none of the 9 clips" in check(root, capsys, "drop=[fear]")[0]


def test_an_offset_after_the_end_of_a_video_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for value in range(10):
        writer.write(np.full((48, 64, 3), value, np.uint8))
    writer.release()
    lines = ["sample_id,subject,label,onset,apex,offset,path", "c1,s1,a,1,3,9,v.avi", "c2,s2,b,1,3,60,v.avi"]
    (tmp_path / "clips.csv").write_text("\n".join(lines), encoding="utf-8")
    _, rows = check(tmp_path / "x", capsys, "dataset=csv", f"dataset.table={tmp_path / 'clips.csv'}")
    (row,) = [row for row in rows if "offset frame" in row["what"]]
    assert (row["clip"], row["level"], row["next_step"]) == ("c2", "warning", "correct the table")
    assert row["what"] == f"offset frame 60 is not in {tmp_path / 'v.avi'}, whose last frame is 9"


def test_landmarks_of_another_resolution_name_their_clip_in_check_and_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MER_HOME", str(tmp_path / "home"))
    names = ("smile0", "smile1", "2", "3", "6", "5")  # "6" occurs in the message as a digit, too
    lines = ["sample_id,subject,label,onset,apex,offset,path,landmarks"]
    for number in range(6):
        (tmp_path / str(number)).mkdir()
        for frame in (1, 2, 3):
            image = np.random.default_rng(number).integers(0, 255, (64, 64)).astype(np.uint8)
            cv2.imwrite(str(tmp_path / str(number) / f"{frame}.png"), image)
        points = np.random.default_rng(number).uniform(10, 50, (3, 68, 2)) * (3 if number == 4 else 1)
        np.save(tmp_path / f"{number}.npy", points)
        lines.append(f"{names[number]},s{number % 3},{'ab'[number // 3]},1,2,3,{number},{number}.npy")
    (tmp_path / "clips.csv").write_text("\n".join(lines), encoding="utf-8")
    words = ["dataset=csv", f"dataset.table={tmp_path / 'clips.csv'}", "landmarks=stored", "roi=grid"]
    _, rows = check(tmp_path / "x", capsys, *words)
    ((clip, what),) = [(row["clip"], row["what"]) for row in rows if row["level"] == "blocks"]
    assert clip == "6" and what.startswith("the centre of the landmarks, (") and "64 × 64 frame" in what
    out = f"hydra.run.dir={tmp_path / 'out'}"
    assert main(["run", *words, "flow=dis", "tuning=none", "tracking=off", "workers=1", out]) == 1
    assert "csv 6: the centre of the landmarks, (" in capsys.readouterr().err


def test_a_clip_without_motion_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *_ = exports.reader("casme2", root).load().samples
    shutil.copy(first.clip.path(first.onset), first.clip.path(first.apex))
    black = np.zeros((64, 64, 3), np.uint8)
    second.clip.path(second.apex).write_bytes(cv2.imencode(".png", black)[1].tobytes())
    _, rows = check(root, capsys)
    found = {row["clip"]: row["what"] for row in rows if row["level"] == "warning" and row["clip"]}
    assert set(found) == {first.id, second.id}
    assert found[first.id].startswith(f"{first.clip.folder}, frames {first.onset} and {first.apex}: onset and apex")
    assert "single shade of grey" in found[second.id]


def test_a_constant_flow_image_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    varied = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    for name, pixels in (("s1_a.png", varied), ("s2_b.png", varied * 0 + 9)):
        (tmp_path / name).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    table = "dataset,sub,filename_o,label\nsmic,s1,a,0\nsmic,s2,b,1\n"
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    _, rows = check(tmp_path / "x", capsys, "dataset=flow_images", f"dataset.root={tmp_path}")
    (row,) = [row for row in rows if "no motion" in row["what"]]
    assert row["level"] == "warning" and row["what"].startswith(f"{tmp_path / 's2_b.png'}: the flow is the same")


def test_one_recording_listed_twice_blocks(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = exports.reader("casme2", root).load().samples
    first, again = samples[0], next(sample for sample in samples if sample.subject != samples[0].subject)
    for wanted, other in ((first.onset, again.onset), (first.apex, again.apex)):
        shutil.copy(first.clip.path(wanted), again.clip.path(other))
    _, rows = check(root, capsys)
    (row,) = [row for row in rows if row["level"] == "blocks" and row["clip"]]
    assert row["clip"] == again.id and f"the same pictures as {first.id} ({first.subject}, " in row["what"]
