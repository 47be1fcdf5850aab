"""What the options share: checks of the landmarks, and the sampling of all frames by one matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.geometry.similarity import on_grid
from mer.types import AlignedPair, FramePair, Image, Landmarks, Numbers

__all__ = ["Matrix", "check_landmarks", "moved", "spread"]

Matrix = NDArray[np.float64]
# Steps of the matrix, linear part and shift (px): 1e-9 px of difference between two processors vanish in them, and a
# pixel of a frame of 4,096 px moves by 3e-5 px at most. On such numbers products with landmarks are exact, too.
_LINEAR, _SHIFT = 2.0**-26, 2.0**-16
_LEVEL = 2.0**-10  # grey levels, see `_rounded`
_BORDER = 4  # source pixels kept round the sampled area: bicubic reads two on each side


def spread(points: Numbers) -> float:
    """Return the longer side of the points' bounding box."""
    return float(np.ptp(points, axis=0).max())


def check_landmarks(points: Numbers, shape: tuple[int, ...]) -> None:
    """Raise a `DataError` where no face of the frame (H, W) can have these landmarks (N, 2)."""
    if spread(points) < 2:
        raise DataError("all landmarks are in one point, so no face can be aligned by them; find them again")
    x, y = points.mean(axis=0)
    height, width = shape[0], shape[1]
    if not (0 <= x < width and 0 <= y < height):
        raise DataError(
            f"the centre of the landmarks, ({x:.0f}, {y:.0f}), is outside the {width} × {height} frame; find them "
            "again on frames of this size"
        )


def moved(pair: FramePair, landmarks: Landmarks, matrix: Matrix, size: int, antialias: float) -> AlignedPair:
    """Move all frames and the landmarks by one matrix.

    Parameters
    ----------
    pair : FramePair
    landmarks : Landmarks
        Of the onset, in its pixels.
    matrix : ndarray of float64, shape (2, 3)
        Source pixels → aligned pixels; shift, rotation and one scale.
    size : int
        Side of the aligned image, pixels.
    antialias : float
        Blur before a reduction to the scale s < 1, σ = antialias·√(1/s² − 1) source pixels.

    Returns
    -------
    AlignedPair
        Sampled bicubically; outside the source its border is continued. Its matrix is the given one, on a grid.

    Notes
    -----
    The cubic kernel of torch (a = −¾) places a ramp up to 0.05 px amiss, depending on where between two pixels a sample
    falls. That is the same at a pixel of both frames, so the flow between them does not see it.

    Computed in double precision: in single precision a sample is sure to 1e-5 grey levels, and since it is rounded to a
    whole one, some ten pixels per frame come out differently on another processor. In double precision none does.
    """
    matrix = on_grid(matrix, linear=_LINEAR, shift=_SHIFT)
    onset, *later = _warp(pair.frames, matrix, size, antialias)
    xy = landmarks.xy @ matrix[:, :2].T + matrix[:, 2]
    aligned = Landmarks(xy=xy.astype(np.float32), score=landmarks.score)
    peak = len(pair.between)
    between, apex, after = tuple(later[:peak]), later[peak], tuple(later[peak + 1 :])
    return AlignedPair(onset=onset, apex=apex, landmarks=aligned, matrix=matrix, between=between, after=after)


def _warp(frames: Sequence[Image], matrix: Matrix, size: int, antialias: float) -> list[Image]:
    """Sample all frames bicubically at the places that `matrix` brings to the pixels of a square."""
    import torch
    from kornia.filters import gaussian_blur2d
    from kornia.geometry.transform import warp_affine

    scale = float(np.sqrt(np.linalg.det(matrix[:, :2])))
    sigma = antialias * np.sqrt(max(scale**-2 - 1, 0.0))
    radius = int(np.ceil(3 * sigma))
    rows, columns, local = _source_window(frames[0].shape, matrix, size, _BORDER + radius)
    # Only the part that is sampled is turned into float: a frame holds far more than the face.
    images = torch.from_numpy(np.stack([f[rows, columns] for f in frames])[:, None].astype(np.float64))
    if sigma > 0.1:
        kernel = (2 * radius + 1, 2 * radius + 1)
        images = gaussian_blur2d(images, kernel, (sigma, sigma), border_type="replicate")
    matrices = torch.from_numpy(local).expand(len(frames), 2, 3)
    # With align_corners pixel centres lie at integers, which is the convention of mer.types.
    warped = warp_affine(images, matrices, (size, size), mode="bicubic", padding_mode="border", align_corners=True)
    return list(_rounded(warped[:, 0].numpy()))


def _rounded(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return whole grey levels.

    Rounded to 1/1024 before: an exact half, common where a face is not turned, must not depend on the 13th digit.
    """
    return np.clip(np.rint(np.rint(values / _LEVEL) * _LEVEL), 0, 255).astype(np.uint8)


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
