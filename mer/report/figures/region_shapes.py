"""Regions as things to draw: outlines, centres, and roses of their histograms."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from mer.report.figures.flow_colour import hues
from mer.types import Numbers, Regions

__all__ = ["centres", "covered", "draw_outlines", "draw_roses"]

_ARC = np.linspace(-0.5, 0.5, 9)  # of a petal's outer edge, in petal widths


def draw_outlines(axes: Axes, regions: Regions, *, colour: str, width: float) -> None:
    """Draw the borders of hard regions along the pixels' edges, those of soft ones where half the weight is reached."""
    if regions.labels is not None:
        axes.add_collection(
            LineCollection(list(_edges(regions.labels)), colors=colour, linewidths=width, capstyle="round")
        )
        return
    assert regions.weights is not None
    for weight in regions.weights:
        padded = np.pad(weight, 1)  # so that the outline closes at the border of the image
        rows, columns = np.arange(-1, weight.shape[0] + 1), np.arange(-1, weight.shape[1] + 1)
        axes.contour(columns, rows, padded, levels=[0.5 * weight.max()], colors=colour, linewidths=width)


def centres(regions: Regions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centre of gravity (x, y) of every region, shape (R, 2), px, and its area, shape (R,), px²."""
    rows, columns = np.indices(regions.shape)
    if regions.labels is not None:
        index, count = regions.labels.ravel() + 1, len(regions) + 1
        area, x, y = (np.bincount(index, weights=w, minlength=count)[1:] for w in (None, columns.ravel(), rows.ravel()))
    else:
        assert regions.weights is not None
        area, x, y = (np.einsum("rhw,hw->r", regions.weights, w) for w in (np.ones(regions.shape), columns, rows))
    return np.stack([x / area, y / area], axis=1), np.asarray(area, dtype=np.float64)


def covered(regions: Regions) -> NDArray[np.bool_]:
    """Return which pixels (H, W) belong to any region."""
    if regions.labels is not None:
        return np.asarray(regions.labels >= 0)
    assert regions.weights is not None
    return np.asarray(regions.weights.max(axis=0) > 0)


def draw_roses(axes: Axes, regions: Regions, roses: Numbers, angles: Numbers) -> None:
    """Draw a histogram of directions at the centre of every region; all have one scale.

    Parameters
    ----------
    axes : Axes
        With y downwards, so that angles turn as they do in the image.
    regions : Regions
    roses : ndarray, shape (R, B)
        Not negative; the longest petal of all fills the room that a region has.
    angles : ndarray, shape (B,)
        Centres of the bins, radians, +90° pointing down.
    """
    points, area = centres(regions)
    # The longest petals may reach a little into the next region.
    room = min(0.7 * float(np.sqrt(np.median(area))), 0.25 * min(regions.shape))
    length = np.clip(roses, 0, None) / max(float(np.max(roses)), 1e-12) * room
    around = angles[:, None] + _ARC * (0.92 * 2 * np.pi / len(angles))
    arc = np.stack([np.cos(around), np.sin(around)], axis=-1)  # (B, arc, 2)
    tips = points[:, None, None] + length[..., None, None] * arc
    base = np.broadcast_to(points[:, None, None], (*length.shape, 1, 2))
    petals = np.concatenate([base, tips], axis=2).reshape(-1, len(_ARC) + 1, 2)
    faces = np.tile(hues(angles), (len(points), 1))
    drawn = PolyCollection(list(petals), facecolors=faces, edgecolors="#202020", linewidths=0.35, clip_on=False)
    axes.add_collection(drawn)
    axes.plot(*points.T, ".", color="#202020", markersize=1.2)


def _edges(labels: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the pixel edges between different labels as segments, shape (n, 2, 2)."""
    padded = np.pad(labels, 1, constant_values=-1)
    row, column = np.nonzero(padded[:-1] != padded[1:])
    lying = np.stack([column - 1.5, row - 0.5, column - 0.5, row - 0.5], axis=-1)
    row, column = np.nonzero(padded[:, :-1] != padded[:, 1:])
    standing = np.stack([column - 0.5, row - 1.5, column - 0.5, row - 0.5], axis=-1)
    return np.concatenate([lying, standing]).reshape(-1, 2, 2)
