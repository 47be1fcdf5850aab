"""Frames from folders and videos: the right frame, to the last one, and one sentence for what cannot be read."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mer.dataset.media import FrameFolder, VideoFile, list_frames
from mer.dataset.points import StoredPoints
from mer.errors import DataError
from mer.types import Image


def write(path: Path, value: int = 0, *, dtype: type = np.uint8, channels: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (6, 8, channels) if channels else (6, 8)
    path.write_bytes(cv2.imencode(path.suffix.lower(), np.full(shape, value, dtype))[1].tobytes())
    return path


def folder_of(folder: Path, *, points: StoredPoints | None = None, pattern: str | None = None) -> FrameFolder:
    return FrameFolder(folder=folder, frames=list_frames(folder, pattern), points=points)


# ---- folders -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("img46.jpg", 46),
        ("reg_img46.JPG", 46),
        ("image000123.bmp", 123),
        ("006_05121.jpeg", 5121),
        ("EP07_1-12.png", 12),
        ("12.tif", 12),
        ("第 7 帧.png", 7),
    ],
)
def test_the_last_digits_are_the_frame_number(tmp_path: Path, name: str, number: int) -> None:
    folder = tmp_path / "剪辑 一"
    write(folder / name, 9)
    assert list(list_frames(folder, None)) == [number]
    assert folder_of(folder).read(number).shape[:2] == (6, 8)


def test_frames_are_sorted_by_number_and_others_left_out(tmp_path: Path) -> None:
    for name in ("img10.png", "img9.png", "cover.png", "._img3.png"):
        write(tmp_path / name, 1)
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    assert list(list_frames(tmp_path, None)) == [9, 10]


def test_a_pattern_chooses_among_images(tmp_path: Path) -> None:
    for name in ("img1.png", "mask1.png"):
        write(tmp_path / name, 1)
    with pytest.raises(DataError, match=r"img1.png and mask1.png are both frame 1; .* dataset.pattern"):
        list_frames(tmp_path, None)
    assert list_frames(tmp_path, r"img(\d+)\.png") == {1: tmp_path / "img1.png"}
    with pytest.raises(DataError, match=r"no image whose name fits dataset.pattern=x"):
        list_frames(tmp_path, r"x(\d+)")


def test_folders_that_hold_no_frames(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no image with a number in its name"):
        list_frames(tmp_path, None)
    with pytest.raises(DataError, match="absent: no such folder"):
        list_frames(tmp_path / "absent", None)


def test_pixels_come_as_eight_bit(tmp_path: Path) -> None:
    write(tmp_path / "1.png", 65535, dtype=np.uint16)
    write(tmp_path / "2.png", 1000, dtype=np.uint16)
    write(tmp_path / "3.png", 50, channels=4)
    write(tmp_path / "4.png", 50, channels=3)
    clip = replace(folder_of(tmp_path), depth=16)
    assert [int(clip.read(index).max()) for index in (1, 2)] == [255, 4]
    assert int(replace(clip, depth=10).read(2).max()) == 249  # 1000 · 255 / 1023
    assert len({replace(clip, depth=depth).fingerprint([2]) for depth in (None, 10, 12)}) == 3
    assert clip.read(3).shape == clip.read(4).shape == (6, 8, 3)


def test_colour_is_in_the_order_of_opencv(tmp_path: Path) -> None:
    path = tmp_path / "1.png"
    blue = np.zeros((4, 4, 3), np.uint8)
    blue[..., 0] = 200
    path.write_bytes(cv2.imencode(".png", blue)[1].tobytes())
    np.testing.assert_array_equal(folder_of(tmp_path).read(1), blue)


def test_floating_point_images_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "1.tiff", 1, dtype=np.float32)
    with pytest.raises(DataError, match="pixels are float32; convert the frame"):
        folder_of(tmp_path).read(1)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif"])
@pytest.mark.parametrize("keep", [0.0, 0.02, 0.6])
def test_a_broken_frame_is_named(tmp_path: Path, suffix: str, keep: float) -> None:
    path = tmp_path / f"img7{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    data = cv2.imencode(suffix, noise)[1].tobytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(DataError, match=rf"img7\{suffix}: .*(is empty|cut short)"):
        folder_of(tmp_path).read(7)


def test_a_frame_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "3.png", 1)
    clip = folder_of(tmp_path)
    with pytest.raises(DataError, match=r"frame 4 is not in .*, which holds 1 frames from 3 to 3"):
        clip.read(4)
    (tmp_path / "3.png").unlink()
    with pytest.raises(DataError, match=r"3.png: the image cannot be read"):
        clip.read(3)
    with pytest.raises(DataError, match=r"3.png: cannot be read"):
        clip.fingerprint([3])


def test_the_fingerprint_of_a_folder_sees_its_frames_alone(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write(tmp_path / f"{number}.png", number)
    clip = folder_of(tmp_path)
    before = clip.fingerprint([1, 2])
    write(tmp_path / "3.png", 99)
    assert clip.fingerprint([1, 2]) == before
    assert clip.fingerprint([2, 1]) != before
    write(tmp_path / "2.png", 99)
    assert clip.fingerprint([1, 2]) != before


def test_the_fingerprint_sees_the_landmarks(tmp_path: Path) -> None:
    write(tmp_path / "1.png", 1)
    stored = tmp_path / "points.npy"
    prints = {folder_of(tmp_path).fingerprint([1])}
    for shift in (0, 1):
        np.save(stored, np.zeros((1, 68, 2)) + shift)
        prints.add(folder_of(tmp_path, points=StoredPoints(path=stored, first=1)).fingerprint([1]))
    assert len(prints) == 3


# ---- videos --------------------------------------------------------------------------------------------------------


def coded(index: int, shape: tuple[int, int] = (48, 64)) -> Image:
    """Return a frame that carries its number as eight black or white stripes, which survive any compression."""
    bits = [(index >> bit) & 1 for bit in range(8)]
    row = np.repeat(np.array(bits, np.uint8) * 255, shape[1] // 8)
    return np.repeat(np.broadcast_to(row, shape)[..., None], 3, axis=2)


def number_of(frame: Image) -> int:
    stripes = frame.mean(axis=(0, 2)).reshape(8, -1).mean(axis=1)
    return sum(int(value > 127) << bit for bit, value in enumerate(stripes))


def write_video(path: Path, fourcc: str, frames: int = 40) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 25, (64, 48))
    for index in range(frames):
        writer.write(coded(index))
    writer.release()
    return path


@pytest.mark.parametrize(("name", "fourcc"), [("a.avi", "MJPG"), ("视频 a.mp4", "mp4v")])
@pytest.mark.parametrize("first", [0, 1])
def test_a_video_gives_exactly_the_frame_asked_for(tmp_path: Path, name: str, fourcc: str, first: int) -> None:
    clip = VideoFile(file=write_video(tmp_path / name, fourcc), first=first)
    for position in (0, 1, 11, 12, 13, 30, 39):
        assert number_of(clip.read(position + first)) == position
    with pytest.raises(DataError, match=rf"frame {40 + first} is not in .*, whose last frame is {39 + first}"):
        clip.read(40 + first)
    with pytest.raises(DataError, match=rf"frame {first - 1} is before the first frame"):
        clip.read(first - 1)


def test_a_camera_held_upright_gives_upright_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", "mp4v", frames=3)
    one, corner = 1 << 16, 1 << 30
    straight = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, corner)
    quarter = struct.pack(">9i", 0, one, 0, -one, 0, 0, 48 * one, 0, corner)
    data = path.read_bytes()
    at = data.index(straight, data.index(b"tkhd"))
    path.write_bytes(data[:at] + quarter + data[at + len(straight) :])
    frame = VideoFile(file=path, first=0).read(2)
    assert frame.shape == (64, 48, 3)
    assert number_of(np.ascontiguousarray(np.rot90(frame))) == 2


@pytest.mark.parametrize("content", [b"", b"no video" * 200])
def test_a_file_that_is_no_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a.mp4: no video can be decoded from it \(.*\); .* convert it"):
        VideoFile(file=path, first=0).read(0)


def test_the_fingerprint_of_a_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", "MJPG", frames=3)
    clip = VideoFile(file=path, first=0)
    before = clip.fingerprint([0, 2])
    assert clip.fingerprint([0, 2]) == before != clip.fingerprint([0, 1])
    assert VideoFile(file=path, first=1).fingerprint([1, 3]) == before
    path.write_bytes(path.read_bytes() + b"\0")
    assert clip.fingerprint([0, 2]) != before


def test_a_real_video_to_its_last_frame(data_root: Path) -> None:
    clip = VideoFile(file=data_root / "video" / "face_pexels.mp4", first=0)
    assert clip.read(471).shape == (360, 640, 3)
    with pytest.raises(DataError, match="whose last frame is 471"):
        clip.read(472)
    video = cv2.VideoCapture(str(clip.file))
    frames = [video.read()[1] for _ in range(12)]
    np.testing.assert_array_equal(clip.read(11), frames[11])


# ---- landmarks -----------------------------------------------------------------------------------------------------

HEADER = "frame," + ",".join(f"{axis}{i}" for i in range(68) for axis in "xy")


def points_of(path: Path, first: int = 0) -> StoredPoints:
    return StoredPoints(path=path, first=first)


def test_an_array_counts_from_the_first_frame(tmp_path: Path) -> None:
    xy = np.random.default_rng(0).uniform(0, 200, (5, 68, 2))
    np.save(tmp_path / "p.npy", xy)
    points = points_of(tmp_path / "p.npy", first=46)
    for index in range(5):
        landmarks = points(46 + index)
        assert landmarks is not None
        np.testing.assert_array_equal(landmarks.xy, xy[index].astype(np.float32))
    assert points(45) is None and points(51) is None


def test_a_table_names_its_frames(tmp_path: Path) -> None:
    xy = np.arange(136) / 4
    row = ",".join(map(str, xy))
    (tmp_path / "p.csv").write_text(f"{HEADER}\n46,{row}\n47,{row}\n", encoding="utf-8")
    points = points_of(tmp_path / "p.csv")
    landmarks = points(47)
    assert landmarks is not None
    np.testing.assert_array_equal(landmarks.xy[10], [20 / 4, 21 / 4])
    assert points(0) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame,x0\n1,2\n", "column y0, .* is missing"),
        (f"{HEADER}\n1,{','.join(['a'] * 136)}\n", r"row 2 of p.csv: x0 'a' is not a number"),
        (f"{HEADER}\n1,{','.join(['nan'] * 136)}\n", "a landmark of frame 1 is not a finite number"),
        (f"{HEADER}\n1,{','.join(['2'] * 136)}\n1,{','.join(['2'] * 136)}\n", "are both frame 1; remove one"),
        ("", "the table is empty"),
    ],
)
def test_a_bad_table_of_landmarks(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        points_of(tmp_path / "p.csv")(1)


def test_a_bad_array_of_landmarks(tmp_path: Path) -> None:
    path = tmp_path / "p.npy"
    np.save(path, np.zeros((68, 2)))
    with pytest.raises(DataError, match=r"float64 of shape \(68, 2\); landmarks need shape \(frames, 68, 2\)"):
        points_of(path)(0)
    for content in (b"", b"no array at all"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"not a readable .npy file"):
            points_of(path)(0)
    with pytest.raises(DataError, match=r"not a readable .npy file"):
        points_of(tmp_path / "absent.npy")(0)
