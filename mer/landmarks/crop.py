"""The square around a face, cut out of a frame by a similarity, without aliasing.

Convention
----------
A matrix (2, 3) brings pixels of the crop (x right, y down, pixel centres at integers) to pixels of the frame.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.geometry.similarity import fit_similarity
from mer.types import Numbers

__all__ = ["crop_matrix", "cut", "grey"]

Array = NDArray[np.float64]
_SHARPEST = 1.6  # frame pixels a crop pixel beyond which the frame is halved first


def crop_matrix(xy: Numbers, mean: Numbers, side: int) -> Array:
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


def cut(
    image: NDArray[np.uint8], matrix: Numbers, side: int, dtype: type[np.uint8] | type[np.float32] = np.uint8
) -> Numbers:
    """Return the crop (side, side) of a grey frame; outside the frame, its border is repeated.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W)
    matrix : ndarray, shape (2, 3)
        Crop → frame.
    side : int
    dtype : numpy.uint8 or numpy.float32
        Of the crop. uint8 rounds to whole grey levels, also between pixels: enough for training, which adds more noise
        than that. With float32 nothing is rounded, so that a matrix which moves by a hair moves no pixel by a whole
        level.

    Notes
    -----
    Where the crop is coarser than the frame, the neighbourhood of the face is halved by averaging 2 × 2 pixels, as
    often as needed, then sampled bilinearly.
    """
    halvings = max(math.ceil(math.log2(math.hypot(matrix[0, 0], matrix[1, 0]) / _SHARPEST)), 0)
    part, local = _neighbourhood(image, matrix, side, 2**halvings, dtype)
    return _sampled(part, local, side) if dtype is np.float32 else _warp(part, local, side)


def _neighbourhood(
    image: NDArray[np.uint8], matrix: Numbers, side: int, block: int, dtype: type[np.generic]
) -> tuple[Numbers, Array]:
    """Return the part of a frame that a crop shows, reduced by `block`, and the matrix crop → part."""
    middle = matrix[:, :2].sum(axis=1) * ((side - 1) / 2) + matrix[:, 2]
    reach = np.abs(matrix[:, :2]).sum(axis=1) * ((side + 1) / 2) + 1
    low, high = (middle - reach).tolist(), (middle + reach).tolist()
    height, width = image.shape
    # On multiples of the block, so that the same pixels are averaged wherever the crop is.
    left, top = (int(min(max(v, 0), limit - 1)) // block * block for v, limit in zip(low, (width, height), strict=True))
    right, bottom = (
        min((int(max(v, first)) // block + 1) * block, limit)
        for v, first, limit in zip(high, (left, top), (width, height), strict=True)
    )
    part = image[top:bottom, left:right].astype(dtype)
    if block > 1:
        rows, columns = (-(-size // block) * block for size in part.shape)
        part = cv2.copyMakeBorder(part, 0, rows - part.shape[0], 0, columns - part.shape[1], cv2.BORDER_REPLICATE)
        part = cv2.resize(part, (columns // block, rows // block), interpolation=cv2.INTER_AREA)
    smaller = matrix / block
    smaller[:, 2] = (matrix[:, 2] - (left, top) + 0.5) / block - 0.5
    return part, smaller


def _warp(image: Numbers, matrix: Array, side: int) -> NDArray[np.uint8]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)


def _sampled(image: Numbers, matrix: Array, side: int) -> NDArray[np.float32]:
    """Sample bilinearly; places are worked out in float64, by single operations that are alike on every processor.

    OpenCV works them out in float32, off by 1e-5 px: some thousandths of a grey level.
    """
    along = np.arange(side)
    height, width = image.shape
    left, right, s = _split(np.add.outer(matrix[0, 1] * along + matrix[0, 2], matrix[0, 0] * along), width)
    upper, lower, t = _split(np.add.outer(matrix[1, 1] * along + matrix[1, 2], matrix[1, 0] * along), height)
    values = image.ravel()
    top, bottom = (
        _between(values.take(row + left), values.take(row + right), s) for row in (upper * width, lower * width)
    )
    return _between(top, bottom, t)


def _split(at: Array, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Return the pixels on either side of places along an axis of `count` pixels, and the share of the second."""
    inside = np.minimum(np.maximum(at, 0), count - 1)
    low = inside.astype(np.intp)
    return low, np.minimum(low + 1, count - 1), (inside - low).astype(np.float32)


def _between(one: NDArray[np.float32], other: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    other -= one
    other *= share
    other += one
    return other


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a grey (H, W) image of a grey (H, W) or BGR (H, W, 3) one."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
