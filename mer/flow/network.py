"""The network of `microflow`: Lucas-Kanade with learned filters, windows and regularisation, from coarse to fine.

Every stage warps the second frame by the flow so far, filters both frames with a few learned kernels and their
derivatives, and sums the products of gradients and difference over windows of growing size. The least-squares
increments of these windows, how well each is determined and how much difference is left go through a small U-Net that
weighs and completes them. Only frames, filters and products have half the size of a stage; all convolutions with many
channels run at a quarter and below, which is what a CPU can afford.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mer.flow.scales import box, halved, normalised, upsampled, warped

__all__ = ["GRID", "MicroflowNet"]

GRID = 4  # pixels of a stage between two knots of its flow
_DAMPING, _LONGEST, _REACH = 1e-3, 2.0, 4.0  # of the 2×2 systems; px that an increment and a step of a stage may have
_PLACES = 4  # of the kernels around a knot
_SILENCE = 1e-6  # mean square of a difference that is none


class MicroflowNet(nn.Module):
    """Four stages: on frames of a quarter size, of half size, and twice on full size.

    Parameters
    ----------
    filters : int
        Learned kernels a stage, each with its two derivatives.
    mixtures : int
        Weighted sums of the kernels' products that a 2×2 system is solved for.
    widths : sequence of (int, int, int)
        Channels of the U-Net of each stage on its three levels.

    Notes
    -----
    Frames in, flow out: float32 (B, 1, H, W) twice, grey levels, H and W multiples of 16 → (B, 2, H, W) pixels and
    log scale of the error (B, 1, H/4, W/4). Equal frames have no flow but for rounding: a stage is silent where nothing
    differs.
    """

    scales = (4, 2, 1, 1)

    def __init__(self, filters: int, mixtures: int, widths: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_Stage(filters, mixtures, (width[0], width[1], width[2])) for width in widths)

    def forward(self, onset: Tensor, apex: Tensor) -> tuple[Tensor, Tensor]:
        """Return the flow in full size, and the log scale of its error on the knots."""
        knots, log_scale = self.knots(onset, apex)[-1]
        return upsampled(knots, GRID), log_scale

    def knots(self, onset: Tensor, apex: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return flow (full-size pixels) and log scale on the knots of every stage, coarse to fine."""
        pair = normalised(torch.cat([onset, apex]))
        pyramid = {1: pair, 2: halved(pair), 4: halved(halved(pair))}
        found: list[tuple[Tensor, Tensor]] = []
        for stage, scale in zip(self.stages, self.scales, strict=True):
            first, second = pyramid[scale].chunk(2)
            start = _start(found[-1][0] if found else None, first, scale)
            step, log_scale = stage(first, second, start / scale)
            found.append((start + scale * step, log_scale))
        return found


class _Stage(nn.Module):
    def __init__(self, filters: int, mixtures: int, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.kernels = nn.Parameter(_first_kernels(filters))
        self.mixing = nn.Parameter(torch.eye(mixtures, filters) * 2 - 1)
        self.damping = nn.Parameter(torch.zeros(mixtures))
        self.regulariser = _Regulariser(mixtures, widths)

    def forward(self, first: Tensor, second: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
        """Return the step (B, 2, h, w) in pixels of the stage and its log scale."""
        moved = warped(second, upsampled(flow.detach(), GRID))
        products = self._products(first, moved)
        near = box(products)
        middle = box(halved(near))
        wide = box(halved(middle))
        steps = self._solved((products, near, middle, wide))
        left = products[:, -self.damping.numel() :].mean(dim=(1, 2, 3), keepdim=True)
        step, log_scale = self.regulariser(steps, flow.detach())
        return _bounded(step) * (left / (left + _SILENCE)), log_scale

    def bank(self) -> Tensor:
        """Return the kernels and their differences at all places, (3·4·K, 1, 9, 9)."""
        return _at_four_places(self.kernels)

    def _products(self, first: Tensor, moved: Tensor) -> Tensor:
        """Return gxx, gxy, gyy, gx·d, gy·d, d·d of every mixture on the knots, (B, 6·M, h, w)."""
        frames = functional.pad(torch.cat([first, moved]), (3, 3, 3, 3))  # the convolution itself is slow at it
        maps = functional.conv2d(frames, self.bank(), stride=GRID)
        (f0, gx0, gy0), (f1, gx1, gy1) = (part.chunk(3, dim=1) for part in maps.flatten(2).chunk(2))
        gx, gy, d = 0.5 * (gx0 + gx1), 0.5 * (gy0 + gy1), f0 - f1
        mixing = (0.25 * functional.softplus(self.mixing)).repeat(1, _PLACES)  # the mean over the places at once
        products = ((gx, gx), (gx, gy), (gy, gy), (gx, d), (gy, d), (d, d))
        mixed = torch.cat([mixing @ (one * other) for one, other in products], dim=1)
        return _on_grid(mixed, maps)

    def _solved(self, levels: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Return for every level the increments (B, 2·M, h, w) and what tells their reliability (B, 3·M, h, w)."""
        # All levels in one go: on a CPU a call costs more than what it computes here.
        gxx, gxy, gyy, bx, by, dd = torch.cat([level.flatten(2) for level in levels], dim=2).chunk(6, dim=1)
        damping = (_DAMPING * torch.exp(self.damping.clamp(-3, 6)))[:, None]
        a, c = gxx + damping, gyy + damping
        # Rounding may leave less than the damping guarantees; a system without any would never be trained out of.
        determinant = torch.maximum(a * c - gxy * gxy, damping * damping)
        x, y = (c * bx - gxy * by) / determinant, (a * by - gxy * bx) / determinant
        trace = a + c
        worth = torch.log(torch.cat([determinant / trace, trace, dd + 1e-4], dim=1)) * 0.25 + 1
        steps = torch.cat([x, y], dim=1).clamp(-_LONGEST, _LONGEST)
        parts = [
            [_on_grid(part, level) for part, level in zip(_parted(whole, levels), levels, strict=True)]
            for whole in (steps, worth)
        ]
        return list(zip(*parts, strict=True))


class _Regulariser(nn.Module):
    """U-Net of three levels over the increments; its last layer also weighs the increments themselves."""

    def __init__(self, mixtures: int, widths: tuple[int, int, int]) -> None:
        super().__init__()
        a, b, c = widths
        facts = 5 * mixtures
        self.enter = _conv(2 * facts + 2, a)
        self.down_1, self.inner_1 = _conv(a, b, stride=2), nn.Sequential(_conv(b + facts, b), _conv(b, b))
        self.down_2 = _conv(b, c, stride=2)
        self.inner_2 = nn.Sequential(_conv(c + facts, c), _conv(c, c), _conv(c, c))
        self.up_2, self.outer_1 = nn.Conv2d(c, b, 1), _conv(b, b)
        self.up_1, self.outer_0 = nn.Conv2d(b, a, 1), _conv(a, a)
        self.leave = nn.Conv2d(a, 3 + 2 * mixtures, 3, padding=1)
        with torch.no_grad():
            self.leave.weight.mul_(0.3)
        self.leave.bias = nn.Parameter(torch.tensor([0, 0, -2] + [0.3 / mixtures] * (2 * mixtures)))

    def forward(self, steps: list[tuple[Tensor, Tensor]], flow: Tensor) -> tuple[Tensor, Tensor]:
        (finest, f0), (near, f1), (middle, f2), (wide, f3) = steps
        level_0 = self.enter(_last(finest, f0, near, f1, flow))
        level_1 = self.inner_1(_last(self.down_1(level_0), middle, f2))
        level_2 = self.inner_2(_last(self.down_2(level_1), wide, f3))
        level_1 = self.outer_1(level_1 + _grown(self.up_2(level_2), level_1))
        level_0 = self.outer_0(level_0 + _grown(self.up_1(level_1), level_0))
        out = self.leave(level_0)
        step, log_scale, gates = out[:, :2], out[:, 2:3], out[:, 3:]
        m = gates.shape[1] // 2
        gated = [
            torch.stack([(g * s[:, :m]).sum(1), (g * s[:, m:]).sum(1)], dim=1)
            for g, s in ((gates[:, :m], near), (gates[:, m:], _grown(middle, near)))
        ]
        return step + gated[0] + gated[1], log_scale.clamp(-7, 4)


def _on_grid(values: Tensor, like: Tensor) -> Tensor:
    """Return values (B, C, h·w) as (B, C, h, w), the size of `like`; `unflatten` would fix it in an exported file."""
    return values.reshape(values.shape[0], values.shape[1], like.shape[-2], like.shape[-1])


def _parted(values: Tensor, levels: Sequence[Tensor]) -> Iterator[Tensor]:
    """Yield the part of each level, (B, C, h·w); `split` would fix the sizes in an exported file."""
    first = 0
    for level in levels:
        last = first + level.shape[-2] * level.shape[-1]
        yield values[:, :, first:last]
        first = last


def _start(knots: Tensor | None, first: Tensor, scale: int) -> Tensor:
    """Return the flow so far on the knots of the next stage; zero before the first."""
    h, w = first.shape[-2] // GRID, first.shape[-1] // GRID
    if knots is None:
        return first.new_zeros((first.shape[0], 2, h, w))
    return knots if knots.shape[-2:] == (h, w) else upsampled(knots, 2)


def _bounded(step: Tensor) -> Tensor:
    """Leave small steps as they are and let none pass the reach, so that no frame can send the later stages astray."""
    return step * torch.rsqrt(1 + (step * (1 / _REACH)).square())


def _grown(features: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(features, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _last(*parts: Tensor) -> Tensor:
    return torch.cat(parts, dim=1).contiguous(memory_format=torch.channels_last)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1), nn.LeakyReLU(0.1, inplace=True))


def _first_kernels(filters: int) -> Tensor:
    """Return Gaussians of growing width (K, 1, 5, 5), every second one with its centre raised."""
    y, x = np.mgrid[-2:3, -2:3]
    widths = np.geomspace(0.7, 1.8, filters)
    bank = np.stack([np.exp(-(x**2 + y**2) / (2 * s * s)) for s in widths])
    bank /= bank.sum(axis=(1, 2), keepdims=True)
    bank[1::2] = 2 * bank[0::2][: len(bank[1::2])] - bank[1::2]
    return torch.tensor(bank[:, None], dtype=torch.float32)


def _at_four_places(kernels: Tensor) -> Tensor:
    """Return each kernel and its central differences along x and y at four places, (3·4·K, 1, 9, 9).

    The places lie two pixels apart, so that one convolution with the stride of the knots gives what a knot averages.
    """
    padded = functional.pad(kernels, (2, 2, 2, 2))
    x = 0.5 * (padded[..., 1:-1, :-2] - padded[..., 1:-1, 2:])
    y = 0.5 * (padded[..., :-2, 1:-1] - padded[..., 2:, 1:-1])
    places = [
        functional.pad(torch.stack([padded[..., 1:-1, 1:-1], x, y]), (right, 2 - right, down, 2 - down))
        for down in (0, 2)
        for right in (0, 2)
    ]
    return torch.stack(places, dim=1).flatten(0, 2)
