"""Bit depth: one for a data set, from the file, the values or the user; never a silent loss of grey levels."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from mer.dataset.depth import with_depth
from mer.dataset.images import read_frame
from mer.dataset.media import FrameFolder, list_frames
from mer.dataset.own.csv_table import CsvTable
from mer.errors import ConfigError, DataError
from mer.types import Image, Manifest, Sample
from tests.dataset.own.test_csv_table import dataset, table


def manifest(*folders: Path) -> Manifest:
    samples = tuple(
        Sample(
            id=folder.name,
            dataset="d",
            subject=f"d/{folder.name}",
            label="x",
            onset=1,
            apex=1,
            offset=1,
            fps=0.0,
            clip=FrameFolder(folder=folder, frames=list_frames(folder, None)),
        )
        for folder in folders
    )
    return Manifest(samples=samples, classes=("x",))


def frame(folder: Path, largest: int, *, name: str = "1.png", dtype: Any = np.uint16) -> Path:
    """Write a frame of all grey levels from 0 to `largest`, or of as many as it has pixels."""
    folder.mkdir(exist_ok=True)
    pixels = np.linspace(0, largest, 64 * 64).round().astype(dtype).reshape(64, 64)
    path = folder / name
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


def only_frame(found: Manifest) -> Image:
    return found.samples[0].clip.read(1)


@pytest.mark.parametrize(
    ("largest", "depth"), [(200, 8), (255, 8), (256, 10), (1023, 10), (1024, 12), (4095, 12), (9000, 14), (65535, 16)]
)
@pytest.mark.parametrize("name", ["1.png", "1.tif"])
def test_the_largest_value_gives_the_depth_with_a_remark(tmp_path: Path, largest: int, depth: int, name: str) -> None:
    frame(tmp_path / "a", largest, name=name)
    found = with_depth(manifest(tmp_path / "a"), None)
    assert found.notes["depth"] == depth
    assert f"values up to {largest} (of 1 frames), read as {depth} bit" in found.remarks[0]
    assert only_frame(found).max() == round(largest * 255 / (2**depth - 1))
    assert len(np.unique(only_frame(found))) == int(only_frame(found).max()) + 1  # no grey level is lost


def test_one_depth_holds_for_all_clips(tmp_path: Path) -> None:
    for name, largest in (("a", 900), ("b", 3000), ("c", 200)):
        frame(tmp_path / name, largest)
    found = with_depth(manifest(*(tmp_path / name for name in "abc")), None)
    assert [int(sample.clip.read(1).max()) for sample in found.samples] == [56, 187, 12]


def chunked(path: Path, kind: bytes, content: bytes) -> None:
    """Put a chunk into a PNG, before its pixels."""
    data = path.read_bytes()
    at = data.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    path.write_bytes(data[:at] + chunk + data[at:])


def test_the_depth_that_a_png_names_comes_before_the_values(tmp_path: Path) -> None:
    chunked(frame(tmp_path / "a", 700), b"sBIT", b"\x0c")
    assert with_depth(manifest(tmp_path / "a"), None).notes["depth"] == 12
    chunked(frame(tmp_path / "b", 65472), b"sBIT", b"\x0a")  # scaled up, as the standard of PNG asks
    found = with_depth(manifest(tmp_path / "b"), None)
    assert found.notes["depth"] == 16 and only_frame(found).max() == 255


def test_the_largest_value_that_a_tiff_names_comes_before_the_values(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    pixels = np.linspace(0, 700, 64 * 64).astype(np.uint16).reshape(64, 64)
    PillowImage.fromarray(pixels).save(tmp_path / "a" / "1.tif", tiffinfo={281: 4095})
    assert with_depth(manifest(tmp_path / "a"), None).notes["depth"] == 12


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("part", [1.0, 0.05])  # of the range: a dark frame keeps its grey value, too
def test_packed_pixels_of_a_tiff_have_their_own_depth(tmp_path: Path, bits: int, part: float) -> None:
    value = round(part * (2**bits - 1))
    packed = np.packbits([value >> bit & 1 for bit in range(bits - 1, -1, -1)] * 64 * 64).tobytes()
    tags = ((256, 64), (257, 64), (258, bits), (259, 1), (262, 1), (273, 122), (277, 1), (278, 64), (279, len(packed)))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, number) for tag, number in tags)
    (tmp_path / "a").mkdir()
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    (tmp_path / "a" / "1.tif").write_bytes(head + packed)
    assert only_frame(with_depth(manifest(tmp_path / "a"), None)).max() == pytest.approx(255 * part, abs=1)


def test_a_picture_alone_has_the_depth_that_its_values_need(tmp_path: Path) -> None:
    assert read_frame(frame(tmp_path / "a", 1023)).max() == 255


def test_a_depth_that_is_given_holds_without_a_remark(tmp_path: Path) -> None:
    frame(tmp_path / "a", 700)
    found = with_depth(manifest(tmp_path / "a"), 12)
    assert found.remarks == () and only_frame(found).max() == round(700 * 255 / 4095)


def test_values_above_the_depth_are_refused(tmp_path: Path) -> None:
    frame(tmp_path / "a", 5000)
    with pytest.raises(DataError, match=r"1.png: .* values up to 5000, .* read as 12 bit; .* dataset.depth=14"):
        only_frame(with_depth(manifest(tmp_path / "a"), 12))


def test_eight_bits_stay_as_they_are_and_do_not_mix_with_sixteen(tmp_path: Path) -> None:
    frame(tmp_path / "a", 255, dtype=np.uint8)
    frame(tmp_path / "b", 900)
    found = with_depth(manifest(tmp_path / "a", tmp_path / "b"), None)
    assert found.remarks == () and "depth" not in found.notes
    assert only_frame(found).max() == 255
    with pytest.raises(DataError, match=r"16-bit file with values up to 900, .* read as 8 bit; .* dataset.depth=10"):
        found.samples[1].clip.read(1)
    (both,) = (with_depth(manifest(tmp_path / "a", tmp_path / "b"), 10),)
    assert [int(sample.clip.read(1).max()) for sample in both.samples] == [255, 224]


def test_the_setting_reaches_the_frames_of_a_table(tmp_path: Path) -> None:
    listed = table(tmp_path, {}, {"sample_id": "c2", "subject": "s2", "label": "fear"})
    for path in (tmp_path / "clips" / "a b").iterdir():
        frame(path.parent, 700, name=path.name)
    assert only_frame_of(dataset(listed)).max() == round(700 * 255 / 1023)
    assert only_frame_of(dataset(listed, depth=12)).max() == round(700 * 255 / 4095)
    with pytest.raises(ConfigError, match=r"dataset.depth"):
        dataset(listed, depth=20)


def only_frame_of(listed: CsvTable) -> Image:
    return listed.load().samples[0].clip.read(3)
