"""Image files: which files are images, and their pixels or one sentence that says what is wrong with the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.dataset.pnm import HEADER_LENGTH, in_full_range, pnm_length
from mer.errors import DataError
from mer.types import Image

__all__ = ["IMAGE_SUFFIXES", "decode", "image_files", "needed_depth", "read_frame"]

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff"})


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
        Colour in the order BGR. With ``cv2.IMREAD_ANYDEPTH``, values of a PGM or PPM whose largest value is neither 255
        nor 65535 are scaled to uint8.

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
    head = data[:HEADER_LENGTH].tobytes()
    if head.startswith((b"P2", b"P3")):
        data = np.append(data, np.uint8(ord("\n")))  # without an end of line, OpenCV takes the last number for cut
    try:
        pixels = cv2.imdecode(data, flags) if len(data) >= pnm_length(head) else None
    except cv2.error:
        pixels = None
    if pixels is None:
        raise DataError(
            f"{path}: no image can be decoded from its {len(data)} bytes; it is cut short or of another format: "
            "copy it again or leave the clip out"
        )
    return in_full_range(head, pixels) if flags & cv2.IMREAD_ANYDEPTH else pixels


def read_frame(path: Path, depth: int | None = None) -> Image:
    """Return a frame as uint8, grey (H, W) or BGR (H, W, 3).

    Parameters
    ----------
    path : Path
    depth : int or None
        Significant bits of a 16-bit file, see `mer.dataset.depth`; its values are scaled by 255 / (2^depth − 1).
        None takes what this file's largest value needs: for a picture alone, as frames of a data set share one depth.

    Raises
    ------
    DataError
        If the file cannot be decoded, has pixels that are neither 8 nor 16 bit, or values above its depth.

    Notes
    -----
    An alpha channel is dropped.
    """
    pixels = decode(path, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    if pixels.dtype == np.uint16:
        return _scaled(path, pixels, depth)
    if pixels.dtype != np.uint8:
        raise DataError(f"{path}: pixels are {pixels.dtype}; convert the frame to 8 or 16 bit")
    return pixels


def needed_depth(largest: int) -> int:
    """Return the smallest usual depth, in bits, that holds a pixel value: 8, 10, 12, 14 or 16."""
    return next(depth for depth in (8, 10, 12, 14, 16) if largest < 1 << depth)


def _scaled(path: Path, pixels: NDArray[np.uint16], depth: int | None) -> Image:
    largest = int(pixels.max())
    depth = needed_depth(largest) if depth is None else depth
    if largest >= 1 << depth:
        raise DataError(
            f"{path}: the frame is a 16-bit file with values up to {largest}, and frames of this data set are read as "
            f"{depth} bit; convert all frames alike, or give dataset.depth={needed_depth(largest)}"
        )
    return np.rint(pixels * (255 / ((1 << depth) - 1))).astype(np.uint8)
