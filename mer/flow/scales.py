"""Images and flow of the network on coarser and finer grids: averages, splines, samples at moved places."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["box", "halved", "normalised", "upsampled", "warped"]

_CELL, _FLOOR = 4, 4.0  # px of a cell of the local mean (halved twice); grey levels added to the local deviation


def normalised(image: Tensor) -> Tensor:
    """Return (I − μ)/(s + 4) with local mean μ and deviation s of grey levels (B, 1, H, W)."""
    deviation = image - _local_mean(image)
    spread = torch.sqrt(_local_mean(deviation * deviation).clamp_min(0))
    return deviation / (spread + _FLOOR)


def upsampled(knots: Tensor, factor: int) -> Tensor:
    """Evaluate a cubic B-spline (B, C, h, w) on a grid `factor` times as fine."""
    if torch.onnx.is_in_onnx_export():
        return _upsampled_any(knots, factor)
    rows, columns = (_spline(n, factor, knots.device, knots.dtype) for n in knots.shape[-2:])
    return rows @ knots.contiguous() @ columns.T


def _upsampled_any(knots: Tensor, factor: int) -> Tensor:
    """Return `upsampled` without a matrix of one size, for an exported file: each pixel is a sum of 5 × 5 knots."""
    at = (torch.arange(factor) + 0.5) / factor - 0.5
    distance = (at[:, None] - torch.arange(-2, 3)).abs()
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance).clamp_min(0) ** 3 / 6
    taps = torch.where(distance < 1, near, far)
    kernel = (taps[:, None, :, None] * taps[:, None, :]).reshape(factor**2, 1, 5, 5)
    padded = functional.pad(knots, (2, 2, 2, 2), mode="replicate").flatten(0, 1)[:, None]
    fine = functional.pixel_shuffle(functional.conv2d(padded, kernel), factor)
    return fine.reshape(knots.shape[0], knots.shape[1], fine.shape[-2], fine.shape[-1])


@lru_cache(maxsize=64)
def _spline(knots: int, factor: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return the matrix (factor·knots, knots); the knots at the border are continued outwards."""
    at = (np.arange(factor * knots) + 0.5) / factor - 0.5
    base = np.floor(at).astype(int)
    matrix = np.zeros((len(at), knots))
    for k in range(-1, 3):
        distance = np.abs(at - (base + k))
        near, far = 2 / 3 - distance**2 + distance**3 / 2, np.clip(2 - distance, 0, None) ** 3 / 6
        np.add.at(matrix, (np.arange(len(at)), np.clip(base + k, 0, knots - 1)), np.where(distance < 1, near, far))
    with torch.inference_mode(False):  # the cached matrix serves training too
        return torch.tensor(matrix, device=device, dtype=dtype)


def _local_mean(image: Tensor) -> Tensor:
    cells = halved(halved(image))
    if torch.onnx.is_in_onnx_export():
        for _ in range(2):
            cells = functional.avg_pool2d(cells, 5, stride=1, padding=2, count_include_pad=False)
        return upsampled(cells, _CELL)
    rows, columns = (_smoothing(n, image.device, image.dtype) for n in cells.shape[-2:])
    return upsampled(rows @ cells @ columns.T, _CELL)


@lru_cache(maxsize=64)
def _smoothing(cells: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return the matrix (n, n) that averages five neighbours twice, fewer at the border."""
    near = np.abs(np.subtract.outer(np.arange(cells), np.arange(cells))) <= 2
    once = near / near.sum(axis=1, keepdims=True)
    with torch.inference_mode(False):  # the cached matrix serves training too
        return torch.tensor(once @ once, device=device, dtype=dtype)


def warped(image: Tensor, flow: Tensor) -> Tensor:
    """Sample `image` at p + flow(p), bilinearly: the one kernel that displaces nothing."""
    h, w = image.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(h, device=image.device, dtype=image.dtype),
        torch.arange(w, device=image.device, dtype=image.dtype),
        indexing="ij",
    )
    at = torch.stack([(x + flow[:, 0]) * (2 / (w - 1)) - 1, (y + flow[:, 1]) * (2 / (h - 1)) - 1], dim=-1)
    return functional.grid_sample(image, at, mode="bilinear", padding_mode="border", align_corners=True)


def halved(image: Tensor) -> Tensor:
    """Average 2×2 pixels; by slices, which on a CPU is ten times as fast as pooling; an odd border is doubled."""
    h, w = image.shape[-2:]
    if torch.onnx.is_in_onnx_export() or h % 2 or w % 2:
        image = functional.pad(image, (0, w % 2, 0, h % 2), mode="replicate")
    rows = image[..., ::2, :] + image[..., 1::2, :]
    return 0.25 * (rows[..., ::2] + rows[..., 1::2])


def box(products: Tensor) -> Tensor:
    """Average 3×3 pixels, the border continued."""
    padded = functional.pad(products, (1, 1, 1, 1), mode="replicate")
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) * (1 / 9)
