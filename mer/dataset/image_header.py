"""Size and completeness of an image file from its first and last bytes, so that a database is checked in minutes."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from mer.dataset.images import read_frame
from mer.errors import DataError

__all__ = ["image_size"]

_HEAD = 65536
_TAIL = 1024
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_NO_FRAME = (0xC4, 0xC8, 0xCC)  # markers of the range of frame headers that are none


def image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) of an image; PNG, JPEG and BMP without decoding their pixels.

    Raises
    ------
    DataError
        Where the file is missing, empty, cut short or no image.
    """
    try:
        head, tail, length = _ends(path)
    except OSError as error:
        raise DataError(f"{path}: the image cannot be read ({error.strerror}); check its rights") from error
    if not length:
        raise DataError(f"{path}: the image file is empty (0 bytes); copy it again or leave the clip out")
    if head.startswith(_PNG) and len(head) >= 24:
        size, whole = struct.unpack(">II", head[16:24]), _PNG_END in tail
    elif head.startswith(_JPEG) and (found := _jpeg_size(head)):
        size, whole = found, _JPEG_END in tail
    elif head.startswith(b"BM") and len(head) >= 26:
        wide, high = struct.unpack("<ii", head[18:26])
        size, whole = (wide, abs(high)), length >= struct.unpack("<I", head[2:6])[0]
    else:
        shape = read_frame(path).shape
        size, whole = (shape[1], shape[0]), True
    if not whole:
        raise DataError(f"{path}: the image is cut short after {length} bytes; copy it again or leave the clip out")
    return size[0], size[1]


def _ends(path: Path) -> tuple[bytes, bytes, int]:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        length = os.fstat(handle).st_size
        head = os.read(handle, 4096)
        if head.startswith(_JPEG):
            head += os.read(handle, _HEAD - len(head))
        if length <= len(head):
            return head, head[-_TAIL:], length
        os.lseek(handle, -min(length, _TAIL), os.SEEK_END)
        return head, os.read(handle, _TAIL), length
    finally:
        os.close(handle)


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """Walk from marker to marker up to the frame header; None where it is not among the first bytes."""
    place = 2
    while place + 9 < len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            height, width = struct.unpack(">HH", head[place + 5 : place + 9])
            return width, height
        place += 2 + int(struct.unpack(">H", head[place + 2 : place + 4])[0])
    return None
