"""Rectangular cells, with hard or soft borders; the one scheme that needs no landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.roi.face import face_frame
from mer.types import Landmarks, Regions
from mer.validation import require_choice, require_integer, require_number

__all__ = ["Grid"]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rows × columns of equal cells over the image or over the face.

    Parameters
    ----------
    rows, columns : int
        Number of cells down and across; ≥ 1.
    edges : {"hard", "bilinear", "gaussian"}
        Hard: a pixel belongs to one cell. Bilinear: it is shared between the nearest cells, the more the nearer their
        centres. Gaussian: shared among all by exp(−d²/2σ²). The shares of a pixel sum to 1.
    sigma : float
        Of ``gaussian``, in cell widths; > 0.
    extent : {"image", "face"}
        What is divided. ``face`` takes the box around the landmarks, and the whole image where there are none (ready
        crops of faces, such as published flow images).
    brow_lift : float
        With ``face``: height of the box above the brows, in inter-ocular distances; ≥ 0.

    Notes
    -----
    All borders of what is divided belong to it. With hard edges, a pixel centre exactly between two cells is counted in
    the one nearer the middle, and between the two middle ones in neither: a mirrored face has mirrored cells.
    """

    rows: int
    columns: int
    edges: str
    sigma: float
    extent: str
    brow_lift: float

    def __post_init__(self) -> None:
        require_integer("roi.rows", self.rows, low=1)
        require_integer("roi.columns", self.columns, low=1)
        require_choice("roi.edges", self.edges, ("hard", "bilinear", "gaussian"))
        require_number("roi.sigma", self.sigma, low=0, above=True)
        require_choice("roi.extent", self.extent, ("image", "face"))
        require_number("roi.brow_lift", self.brow_lift, low=0)

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the cells on an image of (height, width), row by row from the top left.

        Raises
        ------
        DataError
            If a cell would hold no pixel: too many cells, or a face outside the frame.
        """
        left, top, right, bottom = self._box(landmarks, shape)
        x = self._position("columns", shape[1], left, right, self.columns)
        y = self._position("rows", shape[0], top, bottom, self.rows)
        names = tuple(f"row{r + 1}_column{c + 1}" for r in range(self.rows) for c in range(self.columns))
        if self.edges == "hard":
            row, column = _cell(y, self.rows)[:, None], _cell(x, self.columns)
            inside = (row >= 0) & (column >= 0)
            return Regions(names=names, labels=np.where(inside, row * self.columns + column, -1).astype(np.int16))
        weights = np.einsum("ry,cx->rcyx", self._shares(y, self.rows), self._shares(x, self.columns))
        return Regions(names=names, weights=weights.reshape(len(names), *shape))

    def _box(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom of what is divided, as continuous coordinates."""
        if self.extent == "image" or landmarks is None:
            return -0.5, -0.5, shape[1] - 0.5, shape[0] - 0.5
        frame = face_frame(landmarks)
        points = np.concatenate([landmarks.xy, landmarks.xy[17:27] + self.brow_lift * frame.inter_ocular * frame.up])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def _position(self, name: str, size: int, low: float, high: float, cells: int) -> NDArray[np.float64]:
        """Return the position of each pixel in units of cells, 0 at the near border of the first one."""
        # rounded: a border at a whole pixel is hit exactly, from the left as from the right
        position = np.round((np.arange(size) - low) / (high - low) * cells, 9)
        if not np.isin(np.arange(cells), _cell(position, cells)).all():
            raise DataError(
                f"roi.{name}={cells} leaves cells without a pixel: the area to divide is {high - low:.0f} px of "
                f"{size} px; use fewer {name}, or check that the face is in the frame"
            )
        return position

    def _shares(self, position: NDArray[np.float64], cells: int) -> NDArray[np.float32]:
        """Return how much each pixel belongs to each cell along one axis, shape (cells, size)."""
        inside = (position >= 0) & (position <= cells)
        # beyond the centres of the outer cells there is no neighbour to share with
        centred = np.clip(position - 0.5, 0, cells - 1)
        distance = np.abs(centred - np.arange(cells)[:, None])
        raw = np.maximum(0, 1 - distance) if self.edges == "bilinear" else np.exp(-0.5 * (distance / self.sigma) ** 2)
        return np.asarray(raw / raw.sum(axis=0) * inside, dtype=np.float32)


def _cell(position: NDArray[np.float64], cells: int) -> NDArray[np.int16]:
    """Return the cell of each pixel along one axis, −1 outside and exactly between the two middle ones."""
    cell = np.where(position < cells / 2, np.floor(position), np.ceil(position) - 1)
    between = (cells % 2 == 0) & (position == cells / 2)
    return np.where((position < 0) | (position > cells) | between, -1, cell).astype(np.int16)
