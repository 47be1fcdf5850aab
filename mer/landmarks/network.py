"""The two small networks of `cnn68`: one finds faces in a frame, one finds the 68 points in the crop of a face."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["FaceNetwork", "PointNetwork", "fold", "sampled", "standardised"]

_STRIDE = 4  # crop pixels per cell of the heat maps


def standardised(images: Tensor) -> Tensor:
    """Return images (N, 1, H, W) of grey levels with mean 0 and standard deviation 1 each: light and gain drop out."""
    mean = images.mean(dim=(2, 3), keepdim=True)
    spread = images.std(dim=(2, 3), keepdim=True)
    return (images - mean) / (spread + 4.0)


class _Unit(nn.Sequential):
    """A convolution, a normalisation, and, where `active`, a rectifier."""

    def __init__(self, inside: int, outside: int, *, stride: int = 1, active: bool = True) -> None:
        conv = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        super().__init__(conv, nn.BatchNorm2d(outside), *([nn.ReLU(inplace=True)] if active else []))
        self.stride, self.active = stride, active


class _FoldedUnit(nn.Module):
    """What a fitted `_Unit` computes, in one convolution and one call."""

    def __init__(self, unit: _Unit) -> None:
        super().__init__()
        conv = nn.utils.fuse_conv_bn_eval(cast(nn.Conv2d, unit[0]), cast(nn.BatchNorm2d, unit[1]))
        self.weight, self.bias = conv.weight, nn.Parameter(cast(Tensor, conv.bias).detach(), requires_grad=False)
        self.stride, self.active = unit.stride, unit.active

    def forward(self, x: Tensor) -> Tensor:
        x = functional.conv2d(x, self.weight, self.bias, self.stride, 1)
        return x.relu_() if self.active else x


def fold(network: nn.Module) -> None:
    """Fold every normalisation of a fitted network into the convolution before it, in place.

    The same function in half the layers. On crops of this size calls cost nearly as much as arithmetic, which is also
    why the parts of the networks call each other's `forward`, past hooks, which are not used here.
    """
    for name, child in network.named_children():
        if isinstance(child, _Unit):
            setattr(network, name, _FoldedUnit(child))
        else:
            fold(child)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _Unit(channels, channels)
        self.second = _Unit(channels, channels, active=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second.forward(self.first.forward(x))
        return y.add_(x).relu_()


class _Stage(nn.Sequential):
    """Half the size, then residual blocks."""

    def __init__(self, inside: int, outside: int, blocks: int) -> None:
        super().__init__(_Unit(inside, outside, stride=2), *(_Residual(outside) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.children():
            x = block.forward(x)
        return x


def _top_down(lateral: nn.ModuleList, merge: nn.ModuleList, maps: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Return the finest of three maps, each of which is half as fine as the one before, with what the others know."""
    fine, middle, coarse = (layer.forward(x) for layer, x in zip(lateral, maps, strict=True))
    middle = merge[1].forward(functional.interpolate(coarse, scale_factor=2.0).add_(middle))
    merged: Tensor = merge[0].forward(functional.interpolate(middle, scale_factor=2.0).add_(fine))
    return merged


class PointNetwork(nn.Module):
    """Crops of a face → 68 points and a score.

    A residual encoder down to 1/16 of the crop, a top-down path back to 1/4, a heat map a point; the centre of mass of
    the heat map's softmax is found between the pixels and can be trained directly. Then the points are moved by what
    small windows about them show: a heat map follows the face as a whole and moves with its neighbours, a window
    follows its own piece of skin, and all windows together show whose motion it was.

    Parameters
    ----------
    widths : sequence of int
        Channels at 1/2, 1/4, 1/8 and 1/16.
    blocks : sequence of int
        Residual blocks at 1/4, 1/8 and 1/16.
    decoder : int
        Channels of the top-down path.
    window : int
        Cells (of 2 crop pixels) across the window about a point, odd.
    hidden : int
        Units a point that its window is reduced to.

    References
    ----------
    Sun, Xiao, Wei, Liang, Wei: Integral human pose regression. ECCV 2018. doi:10.1007/978-3-030-01231-1_33
    """

    def __init__(self, *, widths: Sequence[int], blocks: Sequence[int], decoder: int, window: int, hidden: int) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = widths
        self.stem = _Unit(1, half, stride=2)
        self.quarter = _Stage(half, quarter, blocks[0])
        self.eighth = _Stage(quarter, eighth, blocks[1])
        self.sixteenth = _Stage(eighth, sixteenth, blocks[2])
        self.lateral = nn.ModuleList(nn.Conv2d(w, decoder, 1) for w in (quarter, eighth, sixteenth))
        self.merge = nn.ModuleList(_Unit(decoder, decoder) for _ in range(2))
        self.heat = nn.Conv2d(decoder, 68, 1)
        self.score = nn.Linear(sixteenth, 1)
        self.windows = _Windows(half, decoder, window, hidden)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return points (N, 68, 2) in crop pixels, logits of the score (N,), log heat maps (N, 68, h·w), their centres.

        Parameters
        ----------
        images : Tensor, shape (N, 1, S, S)
            Grey levels; S a multiple of 16.
        """
        edges, features, heat, logits = self._maps(images)
        centres = _centres(heat)
        return self.windows.forward(centres, edges, features), logits, functional.log_softmax(heat, dim=2), centres

    def locate(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return points and logits alone, see `forward`."""
        edges, features, heat, logits = self._maps(images)
        return self.windows.forward(_centres(heat), edges, features), logits

    def _maps(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        edges = self.stem.forward(standardised(images))
        fine = self.quarter.forward(edges)
        middle = self.eighth.forward(fine)
        coarse = self.sixteenth.forward(middle)
        features = _top_down(self.lateral, self.merge, (fine, middle, coarse))
        return edges, features, self._heat(features), self.score.forward(coarse.mean(dim=(2, 3)))[:, 0]

    def _heat(self, features: Tensor) -> Tensor:
        """Return the heat maps (N, 68, h·w), one product with the points' rows last: what follows reads map by map."""
        weight = self.heat.weight.flatten(1).expand(len(features), -1, -1)
        return torch.baddbmm(cast(Tensor, self.heat.bias)[:, None], weight, features.flatten(2))


class _Windows(nn.Module):
    """Moves the points by what surrounds them: a window of the maps at half size, one place of the last map.

    Each window is reduced to a few numbers separately; then all of these, and the positions of the points, move every
    point.
    """

    offsets: Tensor

    def __init__(self, edges: int, features: int, window: int, hidden: int) -> None:
        super().__init__()
        steps = torch.arange(window, dtype=torch.float32) - (window - 1) / 2
        grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1)
        self.register_buffer("offsets", grid.flatten(0, 1), persistent=False)
        seen = edges * window * window + features
        self.first = nn.Parameter(torch.randn(68, seen, hidden) / seen**0.5)
        self.bias = nn.Parameter(torch.zeros(68, 1, hidden))
        self.second = nn.Linear(68 * (hidden + 2), 68 * 2)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, points: Tensor, edges: Tensor, features: Tensor) -> Tensor:
        """Return the points (N, 68, 2), moved; crop pixels."""
        places = points.detach()
        about = sampled(edges, places[:, :, None] / 2 + self.offsets)
        inside = sampled(features, (places[:, :, None] - (_STRIDE - 1) / 2) / _STRIDE)
        seen = torch.cat([about.flatten(2), inside.flatten(2)], dim=2).transpose(0, 1)
        reduced = functional.relu(torch.baddbmm(self.bias, seen, self.first)).transpose(0, 1)
        known = torch.cat([reduced, places * (2 / edges.shape[2]) - 2], dim=2)
        moved: Tensor = self.second.forward(known.flatten(1))
        return points + moved.view(points.shape)


def sampled(maps: Tensor, places: Tensor) -> Tensor:
    """Return the values (N, P, K, C) of square maps (N, C, S, S) at places (N, P, K, 2) in their cells, bilinearly."""
    grid = places * (2 / (maps.shape[-1] - 1)) - 1
    return functional.grid_sample(maps, grid, padding_mode="border", align_corners=True).permute(0, 2, 3, 1)


def _centres(heat: Tensor) -> Tensor:
    """Return the centre of mass (N, P, 2) of the softmax of each square heat map (N, P, S·S), in pixels of the crop."""
    side = math.isqrt(heat.shape[2])
    mass = functional.softmax(heat, dim=2).unflatten(2, (side, side))
    places = torch.arange(0, side, device=heat.device, dtype=heat.dtype) * _STRIDE + (_STRIDE - 1) / 2
    return torch.stack([mass.sum(dim=2), mass.sum(dim=3)], dim=2) @ places


class FaceNetwork(nn.Module):
    """A frame → on a grid of one cell in 8 pixels: is the centre of a face here, how large is it, how is it turned.

    Parameters
    ----------
    widths : sequence of int
        Channels at 1/2, 1/4, 1/8, 1/16 and 1/32.
    decoder : int
        Channels of the top-down path.

    References
    ----------
    Zhou, Wang, Krähenbühl: Objects as points. 2019. arXiv:1904.07850
    """

    OUTPUTS = 6  # logit, x and y from the cell's centre, log of the size, sine and cosine of the roll

    def __init__(self, *, widths: Sequence[int], decoder: int) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, last = widths
        self.stem = nn.Sequential(_Unit(1, half, stride=2), _Unit(half, quarter, stride=2))
        self.eighth = _Stage(quarter, eighth, 1)
        self.sixteenth = _Stage(eighth, sixteenth, 1)
        self.last = _Stage(sixteenth, last, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(w, decoder, 1) for w in (eighth, sixteenth, last))
        self.merge = nn.ModuleList(_Unit(decoder, decoder) for _ in range(2))
        self.out = nn.Conv2d(decoder, self.OUTPUTS, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the grid (N, 6, H/8, W/8).

        Parameters
        ----------
        images : Tensor, shape (N, 1, H, W)
            Grey levels; H and W multiples of 32.
        """
        fine = self.eighth(self.stem.forward(standardised(images)))
        middle = self.sixteenth(fine)
        coarse = self.last(middle)
        grid: Tensor = self.out(_top_down(self.lateral, self.merge, (fine, middle, coarse)))
        return grid
