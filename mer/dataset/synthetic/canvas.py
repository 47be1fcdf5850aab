"""The sheet that a face is painted on: a fine, regular grid in face coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["EYE_DISTANCE", "EYE_LINE", "MARGIN", "OVERSAMPLING", "Canvas", "edge", "mix"]

Array = NDArray[np.float64]

EYE_DISTANCE = 0.23  # distance between the eyes' centres, as a share of the frame's side
EYE_LINE = 0.485  # height of the eyes, as a share of the frame's side
OVERSAMPLING = 2  # samples of the sheet per pixel of the frame
MARGIN = 0.4  # face units of sheet beyond the frame on each side, for the head's drift


@dataclass(frozen=True, eq=False)
class Canvas:
    """Coordinates of the sheet's columns and rows."""

    x: Array
    y: Array

    @classmethod
    def of_size(cls, size: int) -> Canvas:
        """Return the sheet for frames of size × size pixels."""
        step = 1 / (OVERSAMPLING * EYE_DISTANCE * size)
        side = 1 / EYE_DISTANCE + 2 * MARGIN
        places: Array = np.arange(int(np.ceil(side / step)) + 1, dtype=np.float64) * step
        return cls(places - 0.5 / EYE_DISTANCE - MARGIN, places - EYE_LINE / EYE_DISTANCE - MARGIN)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.y), len(self.x)

    @property
    def step(self) -> float:
        """Distance between two samples in face units."""
        return float(self.x[1] - self.x[0])

    def window(self, x0: float, x1: float, y0: float, y1: float) -> tuple[slice, slice]:
        """Return the rows and columns between two corners, for work on a part of the sheet."""
        rows, columns = np.searchsorted(self.y, (y0, y1)), np.searchsorted(self.x, (x0, x1))
        return slice(int(rows[0]), int(rows[1])), slice(int(columns[0]), int(columns[1]))

    def at(self, window: tuple[slice, slice]) -> tuple[Array, Array]:
        """Return x as a row and y as a column of a window."""
        return self.x[None, window[1]], self.y[window[0], None]

    def blob(self, target: Array, centre: tuple[float, float], radii: tuple[float, float], amount: float) -> None:
        """Add a soft spot that ends at `radii` to a plane of the sheet, in place."""
        (cx, cy), (rx, ry) = centre, radii
        window = self.window(cx - rx, cx + rx, cy - ry, cy + ry)
        x, y = self.at(window)
        target[window] += amount * np.clip(1 - ((x - cx) / rx) ** 2 - ((y - cy) / ry) ** 2, 0, None) ** 3


def edge(distance: Array, width: float) -> Array:
    """Return 0 where `distance` is well below zero, 1 well above, with a soft step of `width` between."""
    t = np.clip(distance / width + 0.5, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def mix(picture: Array, colour: Array, cover: Array) -> None:
    """Lay `colour` over a picture (H, W, 3), in place, where `cover` (H, W) is above zero."""
    picture += cover[..., None] * (colour - picture)
