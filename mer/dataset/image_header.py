"""Size and completeness of an image file without decoding its pixels, so that a database is checked in minutes."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
from PIL import ExifTags, Image, UnidentifiedImageError

from mer.dataset.images import decode
from mer.dataset.pnm import HEADER_LENGTH, pnm_length
from mer.errors import DataError

__all__ = ["image_size", "is_transparent"]

_TAIL = 1024
# Pillow reads the header alone; whether a file is whole shows in the bytes that each format ends with.
_ENDS = {"PNG": b"IEND", "JPEG": b"\xff\xd9", "MPO": b"\xff\xd9"}
_ON_ITS_SIDE = (5, 6, 7, 8)  # values of EXIF's orientation that swap width and height


def image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) of an image as it is read, turned as its EXIF data say.

    Raises
    ------
    DataError
        If the file is missing, empty, cut short or no image.
    """
    try:
        length = path.stat().st_size
        if not length:
            raise DataError(f"{path}: the image file is empty (0 bytes); copy it again or leave the clip out")
        with Image.open(path) as image:
            (width, height), kind = image.size, image.format or ""
            # A TIFF's size is turned already; of a PNG without EXIF data, Pillow would decode all pixels.
            exif = image.getexif() if kind != "TIFF" and (kind != "PNG" or "exif" in image.info) else {}
            turned = exif.get(ExifTags.Base.Orientation) in _ON_ITS_SIDE
        whole = _is_whole(path, kind, length)
    except (UnidentifiedImageError, SyntaxError, ValueError):  # the decoder has the last word
        height, width = decode(path, cv2.IMREAD_GRAYSCALE).shape[:2]
        return width, height
    except OSError as error:
        raise DataError(f"{path}: the image cannot be read ({error.strerror or error}); check its rights") from error
    if not whole:
        raise DataError(f"{path}: the image is cut short after {length} bytes; copy it again or leave the clip out")
    return (height, width) if turned else (width, height)


def is_transparent(path: Path) -> bool:
    """Return whether any pixel of an image is partly or wholly transparent; False for what cannot be read."""
    try:
        with Image.open(path) as image:
            if "A" not in image.getbands() and "transparency" not in image.info:
                return False
            lowest = image.convert("RGBA").getchannel("A").getextrema()[0]
            return isinstance(lowest, int) and lowest < 255
    except (OSError, SyntaxError, ValueError):
        return False


def _is_whole(path: Path, kind: str, length: int) -> bool:
    with path.open("rb") as file:
        if kind == "BMP":
            return length >= int.from_bytes(file.read(6)[2:], "little")
        if kind == "PPM":
            return length >= pnm_length(file.read(HEADER_LENGTH))
        file.seek(-min(length, _TAIL), os.SEEK_END)
        return _ENDS.get(kind, b"") in file.read()
