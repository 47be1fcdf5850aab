"""What the options share: checks of the landmarks, and the sampling of all frames by one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.types import AlignedPair, FramePair, Image, Landmarks

__all__ = ["Matrix", "check_landmarks", "moved", "spread"]

Matrix = NDArray[np.float64]
_BORDER = 4  # source pixels kept round the sampled area: bicubic reads two on each side


def spread(points: NDArray[Any]) -> float:
    """Return the longer side of the points' bounding box."""
    return float(np.ptp(points, axis=0).max())


def check_landmarks(points: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise a `DataError` where no face of the frame (H, W) can have these landmarks (N, 2)."""
    if spread(points) < 2:
        raise DataError("the landmarks lie in one point, so no face can be aligned by them: find them again")
    x, y = points.mean(axis=0)
    height, width = shape[0], shape[1]
    if not (0 <= x < width and 0 <= y < height):
        raise DataError(
            f"the landmarks centre on ({x:.0f}, {y:.0f}), outside the {width} × {height} frame: "
            "were they found at another resolution?"
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
        Sampled bicubically; outside the source its border is continued.

    Notes
    -----
    The cubic kernel of torch (a = −¾) places a ramp up to 0.05 px amiss, depending on where between two pixels a sample
    falls. That is the same at a pixel of both frames, so the flow between them does not see it.
    """
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
    images = torch.from_numpy(np.stack([f[rows, columns] for f in frames])[:, None].astype(np.float32))
    if sigma > 0.1:
        kernel = (2 * radius + 1, 2 * radius + 1)
        images = gaussian_blur2d(images, kernel, (sigma, sigma), border_type="replicate")
    matrices = torch.from_numpy(local.astype(np.float32)).expand(len(frames), 2, 3)
    # With align_corners pixel centres lie at integers, which is the convention of mer.types.
    warped = warp_affine(images, matrices, (size, size), mode="bicubic", padding_mode="border", align_corners=True)
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
