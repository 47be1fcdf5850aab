"""Stage 4: brings every face to one place and size; both frames of a pair move by one matrix.

Convention
----------
A matrix (2, 3) takes (x, y, 1) of the source to (x, y) of the aligned image, pixel centres at integers in both. A
fraction f of an image with S pixels a side is the pixel coordinate f·S − ½: 0 and 1 are the outer edges of the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.types import AlignedPair, FramePair, Image, Landmarks

__all__ = ["Crop", "Identity", "Similarity", "fit_similarity"]

Matrix = NDArray[np.float64]
_BORDER = 4  # source pixels kept round the sampled area: bicubic reads two on each side


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Turns, scales and shifts the face so that eye and mouth corners come to lie on a template.

    Attributes
    ----------
    size : int
        Side of the aligned image in pixels, ≥ 32.
    points : sequence of int
        Landmarks (iBUG order) that are fitted to the template; at least two.
    template : sequence of (x, y)
        Where they come to lie, as fractions of `size`.
    antialias : float
        Blur before a reduction to the scale s < 1, σ = antialias·√(1/s² − 1) source pixels; 0 = none.

    References
    ----------
    Umeyama: Least-squares estimation of transformation parameters between two point patterns. TPAMI 13(4), 1991.
    doi:10.1109/34.88573
    """

    size: int
    points: Sequence[int]
    template: Sequence[Sequence[float]]
    antialias: float

    def __post_init__(self) -> None:
        _check_output(self.size, self.antialias)
        object.__setattr__(self, "points", tuple(self.points))
        object.__setattr__(self, "template", tuple(tuple(float(v) for v in row) for row in self.template))
        known = all(isinstance(i, int) and 0 <= i < 68 for i in self.points)
        if not known or len(set(self.points)) != len(self.points) or len(self.points) < 2:
            raise ConfigError(f"align.points must be two or more different landmarks of 0 to 67, got {self.points}")
        if len(self.template) != len(self.points) or any(len(row) != 2 for row in self.template):
            raise ConfigError(f"align.template must hold one (x, y) for each of the {len(self.points)} align.points")
        if _spread(np.array(self.template)) < 0.01:
            raise ConfigError("align.template must spread its points over the image, they lie in one place")

    def __call__(self, pair: FramePair, landmarks: Landmarks) -> AlignedPair:
        """Move both frames and the landmarks by the matrix that fits the onset's landmarks to the template.

        Raises
        ------
        DataError
            Where the landmarks lie in one point or outside the frame.
        """
        source = landmarks.xy[list(self.points)]
        _check_landmarks(source, pair.onset.shape)
        matrix = fit_similarity(source, np.array(self.template) * self.size - 0.5)
        return _moved(pair, landmarks, matrix, self.size, self.antialias)


@dataclass(frozen=True, kw_only=True)
class Crop:
    """Cuts an upright square round the face and brings it to one size; the head stays turned as it is.

    Attributes
    ----------
    size : int
        Side of the aligned image in pixels, ≥ 32.
    margin : float
        Added on each side, as a fraction of the longer side of the landmarks' bounding box, ≥ 0.
    antialias : float
        Blur before a reduction to the scale s < 1, σ = antialias·√(1/s² − 1) source pixels; 0 = none.
    """

    size: int
    margin: float
    antialias: float

    def __post_init__(self) -> None:
        _check_output(self.size, self.antialias)
        if not self.margin >= 0:
            raise ConfigError(f"align.margin must be 0 or more, got {self.margin}")

    def __call__(self, pair: FramePair, landmarks: Landmarks) -> AlignedPair:
        """Cut the square out of both frames.

        Raises
        ------
        DataError
            Where the landmarks lie in one point or outside the frame.
        """
        _check_landmarks(landmarks.xy, pair.onset.shape)
        low, high = landmarks.xy.min(axis=0).astype(float), landmarks.xy.max(axis=0).astype(float)
        scale = self.size / (float((high - low).max()) * (1 + 2 * self.margin))
        shift = (self.size - 1) / 2 - scale * (low + high) / 2
        matrix = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
        return _moved(pair, landmarks, matrix, self.size, self.antialias)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Leaves the frames as they are, for clips that were aligned by others."""

    def __call__(self, pair: FramePair, landmarks: Landmarks) -> AlignedPair:
        """Return the frames and landmarks unchanged."""
        return AlignedPair(onset=pair.onset, apex=pair.apex, landmarks=landmarks, matrix=np.eye(2, 3))


def fit_similarity(source: NDArray[Any], target: NDArray[Any]) -> Matrix:
    """Return the matrix that brings `source` closest to `target` by shift, rotation and one scale.

    Parameters
    ----------
    source, target : ndarray, shape (N, 2)
        Corresponding points in pixels, N ≥ 2.

    Returns
    -------
    ndarray of float64, shape (2, 3)
        The least-squares solution; never a reflection.

    Raises
    ------
    DataError
        Where the source points lie in one place.
    """
    if _spread(source) == 0:
        raise DataError("no similarity can be fitted to landmarks that lie in one point: find them again")
    centre, goal = source.mean(axis=0, dtype=float), target.mean(axis=0, dtype=float)
    (x, y), (p, q) = (source - centre).T.astype(float), (target - goal).T.astype(float)
    # In the plane Umeyama's solution without reflection has the closed form of one complex division.
    turn = np.array([(x * p + y * q).sum(), (x * q - y * p).sum()]) / (x * x + y * y).sum()
    linear = np.array([[turn[0], -turn[1]], [turn[1], turn[0]]])
    return np.column_stack([linear, goal - linear @ centre])


def _moved(pair: FramePair, landmarks: Landmarks, matrix: Matrix, size: int, antialias: float) -> AlignedPair:
    onset, apex = _warp((pair.onset, pair.apex), matrix, size, antialias)
    xy = landmarks.xy @ matrix[:, :2].T + matrix[:, 2]
    moved = Landmarks(xy=xy.astype(np.float32), score=landmarks.score)
    return AlignedPair(onset=onset, apex=apex, landmarks=moved, matrix=matrix)


def _warp(frames: Sequence[Image], matrix: Matrix, size: int, antialias: float) -> list[Image]:
    """Sample both frames bicubically at the places that `matrix` brings to the pixels of a square."""
    import torch
    from kornia.filters import gaussian_blur2d
    from kornia.geometry.transform import warp_affine

    scale = float(np.sqrt(np.linalg.det(matrix[:, :2])))
    sigma = antialias * np.sqrt(max(scale**-2 - 1, 0.0))
    radius = int(np.ceil(3 * sigma))
    rows, columns, local = _source_window(frames[0].shape, matrix, size, _BORDER + radius)
    # Only the part that is sampled is turned into float: a frame holds far more than the face.
    images = torch.from_numpy(np.stack([f[rows, columns] for f in frames])[:, None].astype(np.float32))
    if sigma > 0.1:
        kernel = (2 * radius + 1, 2 * radius + 1)
        images = gaussian_blur2d(images, kernel, (sigma, sigma), border_type="replicate")
    matrices = torch.from_numpy(local.astype(np.float32)).expand(len(frames), 2, 3)
    warped = warp_affine(
        images, matrices, (size, size), mode="bicubic", padding_mode="border", align_corners=True
    )  # with align_corners pixel centres lie at integers, which is the convention of mer.types
    return list(warped[:, 0].round().clamp(0, 255).to(torch.uint8).numpy())


def _source_window(shape: tuple[int, ...], matrix: Matrix, size: int, border: int) -> tuple[slice, slice, Matrix]:
    """Return the rows and columns that the output needs, and the matrix from that window to the output."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]]) - 0.5
    inverse = np.linalg.inv(matrix[:, :2])
    xy = (corners - matrix[:, 2]) @ inverse.T
    limit = np.array(shape[1::-1])
    low = np.clip(np.floor(xy.min(axis=0)) - border, 0, limit - 2).astype(int)
    high = np.clip(np.ceil(xy.max(axis=0)) + border + 1, low + 2, limit).astype(int)
    local = matrix.copy()
    local[:, 2] += matrix[:, :2] @ low
    return slice(low[1], high[1]), slice(low[0], high[0]), local


def _spread(points: NDArray[Any]) -> float:
    return float(np.ptp(points, axis=0).max())


def _check_landmarks(points: NDArray[Any], shape: tuple[int, ...]) -> None:
    if _spread(points) < 2:
        raise DataError("the landmarks lie in one point, so no face can be aligned by them: find them again")
    x, y = points.mean(axis=0)
    height, width = shape[0], shape[1]
    if not (0 <= x < width and 0 <= y < height):
        raise DataError(
            f"the landmarks centre on ({x:.0f}, {y:.0f}), outside the {width} × {height} frame: "
            "were they found at another resolution?"
        )


def _check_output(size: int, antialias: float) -> None:
    if not isinstance(size, int) or size < 32:
        raise ConfigError(f"align.size must be a whole number of pixels, 32 or more, got {size}")
    if not antialias >= 0:
        raise ConfigError(f"align.antialias must be 0 or more, got {antialias}")
