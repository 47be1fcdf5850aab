"""The user's own long videos."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

import mer
from mer.cli import main
from mer.errors import ConfigError, DataError
from mer.types import Recordings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the frames of two generated videos of 8 s, numbered from 1."""
    root = tmp_path_factory.mktemp("long")
    look = {"subjects": 2, "size": 96}
    made = mer.component("dataset", "synthetic_long", look=look, videos=1, seconds=8).recordings()
    for recording in made.recordings:
        (root / recording.id).mkdir()
        for index in range(recording.last + 1):
            cv2.imwrite(str(root / recording.id / f"img{index + 1}.png"), recording.clip.read(index))
    (root / "one").mkdir()
    (root / "one" / "img1.png").touch()
    return root


def read(
    folder: Path, *lines: str, head: str = "path,subject,kind,onset,apex,offset,fps", **fields: object
) -> Recordings:
    (folder / "events.csv").write_text("\n".join((head, *lines)), encoding="utf-8")
    found: Recordings = mer.component("dataset", "csv_long", table=str(folder / "events.csv")).recordings()
    return found


def test_events_of_a_folder_count_frames_as_its_files(folder: Path) -> None:
    found = read(folder, "sub01_01,a,micro,10,15,20,30", "sub01_01,a,,100,,200,", "sub02_01,b,,,,,30")
    first, second = found.recordings
    assert (first.first, first.last, first.fps, first.subject) == (1, 240, 30.0, "csv_long/a")
    assert [(e.onset, e.apex, e.offset, e.kind) for e in first.events] == [
        (10, 15, 20, "micro"), (100, None, 200, "macro"),
    ]  # fmt: skip
    assert second.events == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sub01_01,a,micro,30,15,20,30", "onset"),
        ("sub01_01,a,micro,10,25,20,30", "apex"),
        ("sub01_01,a,micro,10,15,0,30", "onset"),
        ("sub01_01,a,micro,230,235,250,30", "frames 230 to 250 are not all in the video, 1 to 240; correct the row"),
        ("sub01_01,a,blink,10,15,20,30", "kind 'blink' is neither micro nor macro"),
        ("sub01_01,a,micro,10,,,30", "offset is missing"),
        ("sub01_01,a,micro,40,,50,30\n./sub01_01,a,micro,40,45,50,30", "an earlier row has the same expression"),
    ],
)
def test_a_bad_event_is_left_out_with_its_row(folder: Path, line: str, said: str) -> None:
    found = read(folder, line, "sub01_01,a,micro,40,45,50,30")
    left = found.excluded[0]
    assert left.fault and f"row {3 if 'earlier' in said else 2}" in left.reason and said in left.reason
    assert len(found.recordings[0].events) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("sub01_01,a,micro,10,15,20,",), "fps is empty; a folder of frames needs"),
        (("sub01_01,a,micro,10,15,20,0",), "fps '0' is not a number above 0"),
        (("none,a,micro,10,15,20,30",), "no folder or video .*none; correct path"),
        (("one,a,micro,1,1,1,30",), "row 2 of events.csv: .*one has 1 frame, so there is no motion to find"),
        (("sub01_01,,micro,10,15,20,30",), "subject is empty; fill it in"),
        (("sub01_01,a,,1,,9,30", "sub01_01,b,,20,,29,30"), "have the subject a and b; a video has one"),
    ],
)
def test_a_bad_video_is_left_out_and_the_others_are_read(folder: Path, lines: tuple[str, ...], said: str) -> None:
    found = read(folder, *lines, "sub02_01,c,micro,10,15,20,30")
    assert [one.subject for one in found.recordings] == ["csv_long/c"]
    assert [re.search(said, left.reason) is not None for left in found.faults] == [True]


def test_a_row_without_a_path_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="path is empty; fill it in"):
        read(folder, ",a,micro,10,15,20,30")


def test_a_run_stops_at_a_bad_video_or_leaves_it_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.avi").write_bytes(b"no video")
    read(folder, "bad.avi,a,micro,10,15,20,", "sub01_01,b,micro,10,15,20,30", "sub02_01,c,,,,,30")
    words = ["run", "task=spot", "dataset=csv_long", f"dataset.table={folder / 'events.csv'}", "tracking=off"]
    words += [f"home={tmp_path}", f"hydra.run.dir={tmp_path / 'out'}", "flow=farneback", "task.heights=[]"]
    assert main(words) != 0
    told = capsys.readouterr().err
    assert "bad.avi" in told and "leave such videos or expressions out with bad_clips=exclude" in told
    assert not (tmp_path / "out").exists()
    assert main([*words, "bad_clips=exclude"]) == 0
    assert "left out: " in capsys.readouterr().err
    assert json.loads((tmp_path / "out" / "protocol.json").read_text("utf-8"))["data"]["videos"] == 2


def test_a_video_has_the_frames_per_second_of_its_clock_or_of_the_table(folder: Path) -> None:
    writer = cv2.VideoWriter(str(folder / "slow.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (96, 96))
    for _ in range(41):
        writer.write(np.zeros((96, 96, 3), np.uint8))
    writer.release()
    rates = [read(folder, f"slow.avi,a,,0,,16,{fps}").recordings[0] for fps in ("", "200")]
    assert [(one.fps, one.events[0].kind) for one in rates] == [(pytest.approx(20), "macro"), (200, "micro")]


def test_no_table_and_commands_on_clips_are_refused(folder: Path) -> None:
    made = mer.component("dataset", "csv_long")
    with pytest.raises(ConfigError, match=r"dataset\.table: which table"):
        made.recordings()
    with pytest.raises(ConfigError, match="use mer run task=spot"):
        made.load()


def test_found_intervals_count_frames_as_the_files_and_a_lost_frame_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read(folder, "sub01_01,a,,10,,20,30", "sub02_01,b,,,,,30")
    low = ["task.heights=[]", "spotter.micro_height=0.02"]
    words = ["run", "task=spot", "dataset=csv_long", f"dataset.table={folder / 'events.csv'}", "tracking=off"]
    out = tmp_path / "out"
    assert main([*words, f"home={tmp_path}", *low, f"hydra.run.dir={out}"]) == 0
    with (out / "intervals.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows and all(float(row["seconds"]) == (int(row["onset"]) - 1) / 30 for row in rows)
    (folder / "sub01_01" / "img7.png").unlink()
    assert main([*words, f"home={tmp_path}"]) == 1
    assert "lacks 1 frame, the first is 7; copy the folder again" in capsys.readouterr().err


def test_a_run_leaves_a_video_out_that_turns_out_to_be_unreadable(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("broken", "sizes", "whole", "deep"):
        (tmp_path / name).mkdir()
        for index in range(1, 61):
            frame = cv2.imread(str(folder / "sub01_01" / f"img{index + 100}.png"), cv2.IMREAD_GRAYSCALE)
            assert frame is not None
            if name == "sizes" and index == 40:
                frame = np.pad(frame, 4)
            deep = frame.astype(np.uint16) * 16 if name == "deep" else frame
            cv2.imwrite(str(tmp_path / name / f"{index}.png"), deep)
    (tmp_path / "broken" / "50.png").write_bytes(b"x")
    rows = ("broken,a,10,20,30", "sizes,b,10,20,30", "whole,c,10,20,30", "deep,d,10,20,30")
    words = ["run", "task=spot", "dataset=csv_long", f"dataset.table={tmp_path / 'events.csv'}", "flow=farneback"]
    words += [f"home={tmp_path}", "tracking=off", f"hydra.run.dir={tmp_path / 'run'}", "workers=1"]
    said = (
        "csv_long broken: .*50.png: no image can be decoded",
        "csv_long sizes: frames 40 and 1 are 104 x 104 px and 96 x 96 px; give all frames of a video one size",
    )
    for first, sentence in zip((0, 1), said, strict=True):
        read(tmp_path, *(f"{row},30" for row in rows[first:]), head="path,subject,onset,apex,offset,fps")
        assert main(words) == 1
        assert re.search(sentence, capsys.readouterr().err)
    read(tmp_path, *(f"{row},30" for row in rows[:3]), head="path,subject,onset,apex,offset,fps")
    assert main([*words, "bad_clips=exclude"]) == 2  # thresholds need a second subject
    assert "there is only csv_long/c; set task.heights=[]" in capsys.readouterr().err
    assert main([*words, "bad_clips=exclude", "task.heights=[]"]) == 0
    err = capsys.readouterr().err
    assert all(re.search(f"left out: {sentence}", err) for sentence in said)
    truth = (tmp_path / "run" / "truth.csv").read_text(encoding="utf-8").splitlines()
    assert [line.partition(",")[0] for line in truth] == ["video", "whole"]
    found = read(tmp_path, *(f"{row},30" for row in rows[:1:-1]), head="path,subject,onset,apex,offset,fps")
    twelve, eight = (one.clip.read(3).astype(int) for one in found.recordings)
    assert np.abs(twelve - eight).max() <= 1


def test_a_video_that_cannot_be_decoded_is_named_with_its_row(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("text", encoding="utf-8")
    (fault,) = read(tmp_path, "text.mp4,a,,,", head="path,subject,onset,apex,offset").excluded
    assert re.match(r"row 2 of events.csv: .*text.mp4: no video can be decoded", fault.reason)
