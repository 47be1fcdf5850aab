"""PGM and PPM files: how long they must be, and the range of values that their header names, which OpenCV ignores."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEADER_LENGTH", "in_full_range", "pnm_length"]

HEADER_LENGTH = 1024  # bytes at the start of a file that hold its header, comments and all
# Kind, width, height and largest value, which blanks and comments may part.
_HEADER = re.compile(rb"P([2356])" + rb"(?:\s+|#[^\n]*\n)+(\d+)" * 3 + rb"\s")


def pnm_length(head: bytes) -> int:
    """Return the least number of bytes of a binary PGM or PPM, by its header; 0 for any other file."""
    header = _HEADER.match(head)
    if header is None or header[1] in b"23":  # numbers as text have no fixed length
        return 0
    width, height, largest = (int(header[k]) for k in (2, 3, 4))
    values = width * height * (3 if header[1] == b"6" else 1)
    return header.end() + values * (2 if largest > 255 else 1)


def in_full_range(head: bytes, pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels as uint8, scaled by the largest value that the header of a PGM or PPM names.

    Those of any other file, and of the usual largest values 255 and 65535, are returned as they are.
    """
    header = _HEADER.match(head)
    largest = int(header[4]) if header else 255
    scaled = header is not None and header[1] in b"23" and largest < 255  # OpenCV scales those that are text
    if scaled or largest in (0, 255, 65535):
        return pixels
    return np.rint(np.minimum(pixels, largest) * (255 / largest)).astype(np.uint8)
