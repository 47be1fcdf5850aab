"""Region schemes as tables of corners: each corner a mean of landmarks, moved along the face's axes.

Only the left half is ever written down; the right half is its mirror image, corner by corner.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mer.geometry.ibug68 import MIRROR
from mer.roi.face import face_frame, require_landmarks
from mer.roi.names import partners
from mer.roi.raster import label_map
from mer.types import Landmarks, Regions
from mer.validation import require_number

__all__ = [
    "Corner",
    "Corners",
    "Polygon",
    "PolygonScheme",
    "across",
    "at",
    "eye_area",
    "mirrored",
    "with_partners",
]


class Corner(NamedTuple):
    """The mean of some landmarks, then `up` and `right` along the face's axes, in inter-ocular distances."""

    points: tuple[int, ...]
    up: float
    right: float


class Polygon(NamedTuple):
    """A named region: its corners in order around it."""

    name: str
    corners: tuple[Corner, ...]


def at(*points: int, up: float = 0.0, out: float = 0.0) -> Corner:
    """Return a corner of the left half: mean of `points`, moved up, and out from the midline."""
    return Corner(points, up, -out)


def mirrored(polygon: Polygon) -> Polygon:
    """Return the partner of a left polygon on the right side of the face."""
    corners = tuple(Corner(tuple(int(MIRROR[p]) for p in c.points), c.up, -c.right) for c in polygon.corners)
    return Polygon(polygon.name.replace("left", "right"), corners)


def with_partners(left: Sequence[Polygon]) -> tuple[Polygon, ...]:
    """Return a row of regions from the image's left to its right: the left half, then its mirror image."""
    return (*left, *(mirrored(polygon) for polygon in reversed(left)))


class Corners:
    """The corners of several polygons as one linear map of the landmarks, made once and used for every face."""

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        size = max(len(polygon.corners) for polygon in polygons)
        # polygons with fewer corners repeat their last one
        corners = [c for p in polygons for c in (*p.corners, *[p.corners[-1]] * (size - len(p.corners)))]
        self._shape = (len(polygons), size, 2)
        self._moves = np.array([[corner.right, corner.up] for corner in corners])
        self._mixing = np.zeros((len(corners), 68))
        for row, corner in enumerate(corners):
            self._mixing[row, corner.points] = 1.0 / len(corner.points)

    def on(self, landmarks: Landmarks) -> NDArray[np.float64]:
        """Return the corners in pixels, shape (R, V, 2).

        Notes
        -----
        The corners are moved by less than 10⁻³ px: away from the middle of the face and down. Without that, landmarks
        at whole pixels put pixel centres exactly on borders, where the side they fall to depends on left and right, and
        a mirrored face would not have mirrored regions.
        """
        frame, xy = face_frame(landmarks), landmarks.xy.astype(np.float64)
        points = self._mixing @ xy + self._moves @ np.stack([frame.right, frame.up]) * frame.inter_ocular
        points[:, 0] += 3e-6 * (points[:, 0] - xy[:, 0].mean())
        points[:, 1] += 1e-4
        return points.reshape(self._shape)


def across(name: str, left_half: Sequence[Corner]) -> Polygon:
    """Return a region that spans the midline, of the corners of its left half from top to bottom (or bottom to top)."""
    right_half = mirrored(Polygon(name, tuple(reversed(left_half)))).corners
    return Polygon(name, (*left_half, *right_half))


def eye_area(landmarks: Landmarks, shape: tuple[int, int], margin: float) -> NDArray[np.bool_]:
    """Return where the eyes are, shape (H, W): their outlines made larger by `margin` inter-ocular distances.

    Lids and lashes move by several pixels in a blink, and would outweigh any micro-expression near them.
    """
    m = margin
    outline = (
        at(36, out=m),
        at(37, up=m, out=m / 2),
        at(38, up=m, out=-m / 2),
        at(39, out=-m),
        at(40, up=-m, out=-m / 2),
        at(41, up=-m, out=m / 2),
    )
    eyes = with_partners([Polygon("eye_left", outline)])
    return np.asarray(label_map(Corners(eyes).on(landmarks), shape) >= 0)


@dataclass(frozen=True, kw_only=True)
class PolygonScheme(ABC):
    """A scheme of hard polygons; where two overlap, the later pair has the pixel, and of one pair neither.

    Parameters
    ----------
    brow_lift : float
        How far above the brows the regions reach, in inter-ocular distances; > 0.
    eye_mask : float or None
        Leave out the eyes and this margin around them, in inter-ocular distances; ≥ 0; None leaves nothing out.
    """

    brow_lift: float
    eye_mask: float | None

    def __post_init__(self) -> None:
        require_number("roi.brow_lift", self.brow_lift, low=0, above=True)
        if self.eye_mask is not None:
            require_number("roi.eye_mask", self.eye_mask, low=0)

    @property
    @abstractmethod
    def option(self) -> str:
        """The name under which users choose the scheme."""

    @abstractmethod
    def polygons(self) -> tuple[Polygon, ...]:
        """Return the regions as corners relative to the landmarks."""

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the regions on an image of (height, width).

        Raises
        ------
        DataError
            Without landmarks, or where a region covers no pixel: the face is not in the frame, or seen from the side.
        """
        found = require_landmarks(landmarks, self.option)
        labels = self._labels(self._corners.on(found), shape)
        if self.eye_mask is not None:
            labels[eye_area(found, shape, self.eye_mask)] = -1
        return Regions(names=self._names, labels=labels)

    def _labels(self, points: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.int16]:
        """Draw left before right, then right before left: a mirrored face has mirrored regions where both agree."""
        one, other = (order[label_map(points[order[:-1]], shape)] for order in self._orders)
        return np.where(one == other, one, np.int16(-1))

    @cached_property
    def _orders(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Pairs one after the other, either side first; −1 for no region is its own number."""
        partner = np.array([*partners(self._names), -1], dtype=np.int16)
        order = np.argsort(np.minimum(partner, np.arange(len(partner)))[:-1], kind="stable")
        return np.append(order, -1).astype(np.int16), np.append(partner[order], -1).astype(np.int16)

    @cached_property
    def _corners(self) -> Corners:
        return Corners(self.polygons())

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(polygon.name for polygon in self.polygons())
