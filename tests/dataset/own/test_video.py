"""Data set `video`: whole clips, intervals in frames and in seconds, a variable frame rate, and what is refused."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mer
from mer.dataset.video import frame_times
from mer.errors import ConfigError, DataError
from tests.dataset.test_media import number_of, write_video

BOXES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "face.mp4", "mp4v", frames=40)


def slowed(source: Path, path: Path, fast: int = 20, factor: int = 4) -> Path:
    """Copy a video, the frames from `fast` on lasting `factor` times as long: its table of durations gets a line."""
    data = bytearray(source.read_bytes().replace(b"edts", b"free"))  # the list of edits would cut the end off
    at = data.index(b"stts")
    size, _, _, count, frames, ticks = struct.unpack(">I4sIIII", data[at - 4 : at + 20])
    assert (size, count) == (24, 1)
    table = struct.pack(">I4sIIIIII", 32, b"stts", 0, 2, fast, ticks, frames - fast, ticks * factor)
    for name in BOXES:
        start = data.index(name) - 4
        data[start : start + 4] = struct.pack(">I", struct.unpack(">I", data[start : start + 4])[0] + 8)
    path.write_bytes(data[: at - 4] + table + data[at + 20 :])
    return path


def video(file: Path, **fields: Any) -> Any:
    return mer.component("dataset", "video", file=str(file), **fields).load()


def test_a_video_alone_is_one_clip_from_its_first_to_its_last_frame(steady: Path) -> None:
    (sample,) = video(steady).samples
    assert (sample.id, sample.subject, sample.label) == ("face", "video/unknown", "unknown")
    assert (sample.onset, sample.apex, sample.offset) == (0, 19, 39)
    assert sample.fps == pytest.approx(25)
    assert [number_of(sample.clip.read(n)) for n in (0, 19, 39)] == [0, 19, 39]


def test_intervals_of_a_long_recording(steady: Path, tmp_path: Path) -> None:
    table = tmp_path / "events.csv"
    table.write_text("onset,apex,offset,label,subject\n3,7,12,surprise,p1\n20,,31,fear,p2\n", encoding="utf-8")
    manifest = video(steady, intervals=str(table))
    found = [(s.id, s.subject, s.label, s.onset, s.apex, s.offset) for s in manifest.samples]
    assert found == [
        ("face_001", "video/p1", "surprise", 3, 7, 12),
        ("face_002", "video/p2", "fear", 20, 25, 31),
    ]
    assert manifest.classes == ("fear", "surprise")


def test_seconds_follow_the_time_stamps_of_a_variable_frame_rate(steady: Path, tmp_path: Path) -> None:
    times = frame_times(slowed(steady, tmp_path / "slow.mp4"))
    np.testing.assert_allclose(times, [*np.arange(20) / 25, *(20 / 25 + np.arange(20) * 4 / 25)], atol=1e-3)
    (sample,) = video(tmp_path / "slow.mp4", unit="seconds", onset=0.4, apex=0.8, offset=2.4).samples
    assert (sample.onset, sample.apex, sample.offset) == (10, 20, 30)
    assert [number_of(sample.clip.read(n)) for n in (10, 20, 30)] == [10, 20, 30]
    (even,) = video(steady, unit="seconds", onset=0.4, apex=0.8, offset=1.2).samples
    assert (even.onset, even.apex, even.offset) == (10, 20, 30)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("12,,3", r"row 2 of .*: onset 12 is after offset 3; correct one of them"),
        ("3,,40", r"offset 40 is not a frame of the video, whose frames are 0 to 39"),
        ("a,,9", r"onset 'a' is not a number of frames"),
        ("1.5,,9", r"onset 1\.5 is not a frame of the video"),
    ],
)
def test_an_interval_at_fault_is_a_row(steady: Path, tmp_path: Path, line: str, message: str) -> None:
    table = tmp_path / "events.csv"
    table.write_text(f"onset,apex,offset\n{line}\n2,3,4\n", encoding="utf-8")
    manifest = video(steady, intervals=str(table))
    assert len(manifest.samples) == 1
    with pytest.raises(DataError, match=message):
        raise DataError(manifest.excluded[0].reason)


def test_a_second_after_the_end_is_named(steady: Path) -> None:
    (fault,) = video(steady, unit="seconds", onset=0, offset=9).excluded
    assert fault.reason.endswith("offset 9 s is after the end of the video, 1.560 s; correct it")


def test_what_is_no_video_is_refused(steady: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.file: which video\? Give dataset\.file=FILE"):
        mer.component("dataset", "video").load()
    with pytest.raises(DataError, match=r"x\.mp4: no such video \(.*\); correct the path"):
        video(tmp_path / "x.mp4")
    (tmp_path / "x.mp4").write_bytes(b"no video" * 99)
    with pytest.raises(DataError, match=r"no video can be decoded from it .*; .* convert it"):
        video(tmp_path / "x.mp4")
    with pytest.raises(ConfigError, match=r"dataset\.unit=ms: no such choice"):
        video(steady, unit="ms")
    with pytest.raises(ConfigError, match="give either the table, or "):
        video(steady, intervals="x.csv", onset=3)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("1,2,3,happy,p1", "2,3,4,Happy,p2"), r"labels Happy \(1 clip\) and happy \(1 clip\) look like one class"),
        (("1,2,3,happy,p1", "2,3,4,sad,P1"), r"subjects video/P1 \(1 clip\) and video/p1 \(1 clip\) look like one"),
        (("1,2,3,happy\u200b,p1",), r"row 2 of t.csv: label 'happy\\u200b' has an invisible character, U\+200B"),
    ],
)
def test_names_that_look_alike_are_refused(steady: Path, tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    (tmp_path / "t.csv").write_text("\n".join(("onset,apex,offset,label,subject", *lines)), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        video(steady, intervals=str(tmp_path / "t.csv"))


def test_errors_and_decimal_commas_of_intervals_are_named(steady: Path, tmp_path: Path) -> None:
    lines = ("sep=;", "onset;offset;label", "1;3;#N/A", "0,1;0,4;x", "onset;offset;label", "0.1;0.4;y")
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    manifest = video(steady, intervals=str(tmp_path / "t.csv"), unit="seconds")
    error, comma = (exclusion.reason for exclusion in manifest.excluded)
    assert "cell C2 (label) holds the error #N/A" in error
    assert comma.endswith("onset '0,1' is not a number of seconds; correct it, decimals with a point")
    assert manifest.classes == ("y",) and "row 4 of t.csv: the header is repeated" in manifest.remarks[-1]
