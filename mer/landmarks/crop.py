"""The square around a face, cut out of a frame by a similarity, without aliasing.

Convention
----------
A matrix (2, 3) brings pixels of the crop (x right, y down, pixel centres at integers) to pixels of the frame.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.similarity import fit_similarity

__all__ = ["crop_matrix", "cut", "grey"]

Array = NDArray[np.float64]
_SHARPEST = 1.6  # frame pixels a crop pixel beyond which the frame is halved first


def crop_matrix(xy: NDArray[Any], mean: NDArray[Any], side: int) -> Array:
    """Return the matrix crop → frame that brings the mean face onto a shape.

    Parameters
    ----------
    xy : ndarray, shape (68, 2)
        The shape, pixels of the frame.
    mean : ndarray, shape (68, 2)
        The mean shape in the unit square; the weights carry it.
    side : int
        Pixels of the crop.
    """
    return fit_similarity(mean * side - 0.5, xy)


def cut(image: NDArray[np.uint8], matrix: NDArray[Any], side: int) -> NDArray[np.uint8]:
    """Return the crop (side, side) of a grey frame; what lies outside the frame repeats its border.

    Notes
    -----
    Where the crop is coarser than the frame, the neighbourhood of the face is halved by averaging 2 × 2 pixels, as
    often as needed, then sampled bilinearly.
    """
    halvings = max(math.ceil(math.log2(math.hypot(matrix[0, 0], matrix[1, 0]) / _SHARPEST)), 0)
    if halvings == 0:
        return _warp(image, matrix, side)
    block = 2**halvings
    middle = matrix[:, :2].sum(axis=1) * ((side - 1) / 2) + matrix[:, 2]
    reach = np.abs(matrix[:, :2]).sum(axis=1) * ((side + 1) / 2)
    low, high = (middle - reach).tolist(), (middle + reach).tolist()
    height, width = image.shape
    # On multiples of the block, so that the same pixels are averaged wherever the crop lies.
    left, top = (int(min(max(v, 0), limit - 1)) // block * block for v, limit in zip(low, (width, height), strict=True))
    right, bottom = (int(min(max(v + block, 1), limit)) for v, limit in zip(high, (width, height), strict=True))
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    rows, columns = (-(-size // block) * block for size in part.shape)
    part = cv2.copyMakeBorder(part, 0, rows - part.shape[0], 0, columns - part.shape[1], cv2.BORDER_REPLICATE)
    part = cv2.resize(part, (columns // block, rows // block), interpolation=cv2.INTER_AREA)
    smaller = matrix / block
    smaller[:, 2] = (matrix[:, 2] - (left, top) + 0.5) / block - 0.5
    return _warp(part, smaller, side)


def _warp(image: NDArray[np.uint8], matrix: NDArray[Any], side: int) -> NDArray[np.uint8]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a grey (H, W) image of a grey (H, W) or BGR (H, W, 3) one."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
