"""From the detector's grid to the squares that may hold a face."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["Square", "candidates"]

_CELL = 8  # pixels of the reduced frame a cell of the grid
_BLOCK = 32  # the network takes multiples of this
_TURN = 1 / 32  # radians: step of a steady square's roll


@dataclass(frozen=True, kw_only=True)
class Square:
    """Where a face may be: the square that its crop is cut from.

    Attributes
    ----------
    x, y : float
        Its middle, pixels of the frame.
    side : float
        Pixels of the frame.
    roll : float
        Radians, clockwise on the screen.
    score : float
        Confidence in [0, 1].
    """

    x: float
    y: float
    side: float
    roll: float
    score: float

    def steady(self) -> Square:
        """Return the square with middle, side and roll rounded to what the detector can tell.

        Notes
        -----
        Middle and side to a power of two between 1/64 and 1/32 of the side, the roll to 1/32 rad: less than a square
        lies amiss anyway, and the points are found a second time, in the crop that the first ones give. What is left
        is the same on every processor, though the detector's rounding differences are not.
        """
        step = 2.0 ** (math.frexp(self.side)[1] - 6)
        x, y, side = (round(v / step) * step for v in (self.x, self.y, self.side))
        return replace(self, x=x, y=y, side=side, roll=round(self.roll / _TURN) * _TURN)

    def matrix(self, side: int) -> NDArray[np.float64]:
        """Return the matrix (2, 3) from a crop of `side` pixels to the frame."""
        scale = self.side / side
        a, b = scale * np.cos(self.roll), scale * np.sin(self.roll)
        middle = (side - 1) / 2
        return np.array([[a, -b, self.x - middle * (a - b)], [b, a, self.y - middle * (a + b)]])


def candidates(network: nn.Module, image: NDArray[np.uint8], longest: int, least: float, device: str) -> list[Square]:
    """Return the squares of a grey frame that score `least` or more, best first.

    Parameters
    ----------
    network : FaceNetwork
    image : ndarray of uint8, shape (H, W)
    longest : int
        The frame is resized so that its longer side has this many pixels.
    least : float
    device : str
    """
    height, width = image.shape
    factor = longest / max(height, width)
    rows, columns = max(round(height * factor), 1), max(round(width * factor), 1)
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = image if factor == 1 else cv2.resize(image, (columns, rows), interpolation=method)
    padded = cv2.copyMakeBorder(small, 0, -rows % _BLOCK, 0, -columns % _BLOCK, cv2.BORDER_REPLICATE)
    tensor = torch.from_numpy(padded.astype(np.float32))[None, None].to(device, memory_format=torch.channels_last)
    with torch.inference_mode():
        grid = network(tensor)[0].cpu().numpy()
    return [_square(grid, row, column, width / columns, height / rows) for row, column in _peaks(grid[0], least)]


def _peaks(logits: NDArray[np.float32], least: float) -> NDArray[np.int64]:
    """Return the cells (n, 2) that are the largest of their neighbourhood and large enough, best first."""
    highest = cv2.dilate(logits, np.ones((3, 3), np.uint8))
    threshold = np.log(least / (1 - least))
    cells = np.argwhere((logits == highest) & (logits >= threshold))
    return cells[np.argsort(-logits[tuple(cells.T)], kind="stable")]


def _square(grid: NDArray[np.float32], row: int, column: int, across: float, down: float) -> Square:
    logit, dx, dy, size, sine, cosine = (float(v) for v in grid[:, row, column])
    x = (column + dx) * _CELL + (_CELL - 1) / 2
    y = (row + dy) * _CELL + (_CELL - 1) / 2
    return Square(
        x=(x + 0.5) * across - 0.5,
        y=(y + 0.5) * down - 0.5,
        side=float(np.exp(np.clip(size, -2, 6))) * _CELL * (across + down) / 2,
        roll=float(np.arctan2(sine, cosine)),
        score=float(1 / (1 + np.exp(-logit))),
    )
