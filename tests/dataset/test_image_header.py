"""Size and completeness of image files, against the decoder's own word."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from mer.dataset.image_header import image_size, is_transparent
from mer.dataset.images import read_frame
from mer.errors import DataError

SUFFIXES = ("png", "jpg", "bmp", "tif", "pgm", "ppm")


def write(folder: Path, suffix: str, *, channels: int = 1, options: list[int] | None = None) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 70, channels), dtype=np.uint8)
    path = folder / f"1.{suffix}"
    path.write_bytes(cv2.imencode(f".{suffix}", pixels, options or [])[1].tobytes())
    return path


@pytest.mark.parametrize(
    ("suffix", "channels"), [(s, c) for s in SUFFIXES for c in (1, 3) if (s, c) not in (("pgm", 3), ("ppm", 1))]
)
def test_the_size_is_that_of_the_pixels(tmp_path: Path, suffix: str, channels: int) -> None:
    assert image_size(write(tmp_path, suffix, channels=channels)) == (70, 40)


def test_a_progressive_jpeg_is_read(tmp_path: Path) -> None:
    assert image_size(write(tmp_path, "jpg", options=[cv2.IMWRITE_JPEG_PROGRESSIVE, 1])) == (70, 40)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "pgm"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_short_is_named(tmp_path: Path, suffix: str, share: float) -> None:
    path = write(tmp_path, suffix)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=rf"1\.{suffix}: the image is cut short after \d+ bytes; copy it again"):
        image_size(path)


@pytest.mark.parametrize("data", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a", b"x" * 5000])
def test_what_only_begins_like_an_image_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(data)
    with pytest.raises(DataError, match="no image can be decoded"):
        image_size(path)


def test_a_long_comment_before_the_frame_header_of_a_jpeg_is_passed(tmp_path: Path) -> None:
    path = write(tmp_path, "jpg")
    data = path.read_bytes()
    comment = b"\xff\xfe" + (60000).to_bytes(2, "big") + b"c" * 59998
    for times in (1, 2):  # two comments push the header behind the bytes that are looked at: the decoder then decides
        path.write_bytes(data[:2] + comment * times + data[2:])
        assert image_size(path) == (70, 40)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_of_a_turned_photograph_is_that_of_the_frame_that_is_read(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    turned = tmp_path / f"turned.{suffix}"
    with Image.open(write(tmp_path, suffix)) as image:
        image.save(turned, exif=exif)
    assert image_size(turned) == read_frame(turned).shape[1::-1]
    assert (image_size(turned) == (40, 70)) == (orientation > 4)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(("alpha", "found"), [(255, False), (128, True), (0, True)])
def test_transparent_pixels_are_found(tmp_path: Path, suffix: str, alpha: int, found: bool) -> None:
    pixels = np.full((4, 4, 4), 200, np.uint8)
    pixels[..., 3] = 255
    pixels[0, 0, 3] = alpha
    Image.fromarray(pixels, "RGBA").save(tmp_path / f"1.{suffix}")
    assert is_transparent(tmp_path / f"1.{suffix}") is found


def test_a_colour_of_a_palette_may_be_transparent(tmp_path: Path) -> None:
    Image.new("P", (4, 4)).save(tmp_path / "1.png", transparency=0)
    assert is_transparent(tmp_path / "1.png")
    assert not is_transparent(write(tmp_path, "jpg")) and not is_transparent(tmp_path / "none.png")
