"""Image files: which files are images, and their pixels or one sentence that says what is wrong with the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.types import Image

__all__ = ["IMAGE_SUFFIXES", "decode", "image_files", "read_frame"]

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"})


def image_files(folder: Path) -> list[Path]:
    """Return the image files that lie directly in a folder, sorted by name.

    Names that start with a dot are left out: macOS leaves such shadows of every file on foreign disks.

    Raises
    ------
    DataError
        If the folder cannot be listed.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: the folder cannot be listed ({error.strerror}); check the path") from error
    return [p for p in entries if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".") and p.is_file()]


def decode(path: Path, flags: int) -> NDArray[Any]:
    """Read and decode one image file.

    Parameters
    ----------
    path : Path
        Any name: the bytes are read by Python, since OpenCV itself fails on Chinese paths under Windows.
    flags : int
        ``cv2.IMREAD_*``.

    Returns
    -------
    ndarray, shape (H, W) or (H, W, C)
        Colour in the order BGR.

    Raises
    ------
    DataError
        If the file is missing, empty, cut short or no image.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path}: the image cannot be read ({error.strerror}); check the path") from error
    if not len(data):
        raise DataError(f"{path}: the image file is empty (0 bytes); copy it again or leave the clip out")
    try:
        pixels = cv2.imdecode(data, flags)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise DataError(
            f"{path}: no image can be decoded from its {len(data)} bytes; it is cut short or of another format: "
            "copy it again or leave the clip out"
        )
    return pixels


def read_frame(path: Path) -> Image:
    """Return a frame as uint8, grey (H, W) or BGR (H, W, 3).

    Raises
    ------
    DataError
        If the file cannot be decoded, or holds pixels that are neither 8 nor 16 bit.

    Notes
    -----
    16-bit values are scaled by 255/65535 and rounded; an alpha channel is dropped.
    """
    pixels = decode(path, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / 257.0).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise DataError(f"{path}: pixels are {pixels.dtype}; convert the frame to 8 or 16 bit")
    return pixels
