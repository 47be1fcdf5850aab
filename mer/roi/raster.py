"""Polygons → label maps, exact about pixel centres and without a loop over polygons or pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["label_map", "mask_stack"]

Points = NDArray[np.float64]
Index = NDArray[np.int64]


class _Spans(NamedTuple):
    """Runs of pixels along x, one array each: polygon, row, first column, column after the last."""

    polygon: Index
    row: Index
    first: Index
    last: Index


def label_map(polygons: Points, shape: tuple[int, int]) -> NDArray[np.int16]:
    """Draw polygons into one map.

    Parameters
    ----------
    polygons : ndarray of float64, shape (R, V, 2)
        Corners in pixels, x then y; shorter polygons repeat a corner.
    shape : (int, int)
        Height and width.

    Returns
    -------
    ndarray of int16, shape (H, W)
        Index of the polygon that holds the pixel's centre, −1 for none; where two overlap, the later one.

    Notes
    -----
    A pixel belongs to a polygon if its centre is inside (even–odd rule). A centre exactly on a border belongs to
    the polygon below; exactly between left and right it belongs to neither, so that a mirrored face has mirrored
    regions. OpenCV's ``fillPoly`` draws the border itself, which makes every region half a pixel larger on all sides.
    """
    labels = np.full(shape[0] * shape[1], -1, dtype=np.int16)
    spans = _spans(polygons, shape)
    # spans come in the order of the polygons, and of equal indices NumPy keeps the last
    labels[_pixels(spans, shape[1])] = np.repeat(spans.polygon, spans.last - spans.first)
    return labels.reshape(shape)


def mask_stack(polygons: Points, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Draw polygons that may overlap, one map each: 1 inside, 0 outside; shape (R, H, W), rules of `label_map`."""
    masks = np.zeros((len(polygons), shape[0] * shape[1]), dtype=np.float32)
    spans = _spans(polygons, shape)
    masks[np.repeat(spans.polygon, spans.last - spans.first), _pixels(spans, shape[1])] = 1.0
    return masks.reshape(len(polygons), *shape)


def _pixels(spans: _Spans, width: int) -> Index:
    length = spans.last - spans.first
    ends = np.cumsum(length)
    start = spans.row * width + spans.first - (ends - length)
    return np.repeat(start, length) + np.arange(ends[-1] if len(ends) else 0)


def _spans(polygons: Points, shape: tuple[int, int]) -> _Spans:
    height, width = shape
    polygon, row, x = _crossings(polygons, height)
    line = polygon * height + row
    # crossings of a line sorted by x: inside is between the first and the second, the third and the fourth, ...
    order = np.argsort(line * (width + 2.0) + np.clip(x, -1, width) + 1, kind="stable")
    left, right = x[order[0::2]], x[order[1::2]]
    first, last = np.clip([np.floor(left) + 1, np.ceil(right)], 0, width).astype(np.int64)
    keep = last > first
    opening = order[0::2][keep]
    return _Spans(polygon[opening], row[opening], first[keep], last[keep])


def _crossings(polygons: Points, height: int) -> tuple[Index, Index, Points]:
    """Return polygon, row and x of every place where an edge crosses the centre line of a pixel row."""
    start, end = polygons, np.roll(polygons, -1, axis=1)
    # always from top to bottom, so that neighbours compute a common border to the same last bit
    downward = (start[..., 1] < end[..., 1])[..., None]
    upper, lower = np.where(downward, start, end).reshape(-1, 2), np.where(downward, end, start).reshape(-1, 2)
    first, last = np.clip(np.ceil([upper[:, 1], lower[:, 1]]), 0, height).astype(np.int64)
    count = last - first
    edge = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(edge)) + np.repeat(first - (np.cumsum(count) - count), count)
    drop = np.where(count > 0, lower[:, 1] - upper[:, 1], 1.0)
    slope = (lower[:, 0] - upper[:, 0]) / drop
    x = np.round(upper[edge, 0] + (row - upper[edge, 1]) * slope[edge], 9)
    return edge // polygons.shape[1], row, x
