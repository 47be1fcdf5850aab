"""The two small networks of `cnn68`: one finds faces in a frame, one finds the 68 points in the crop of a face."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["FaceNetwork", "PointNetwork", "sampled", "standardised"]

_STRIDE = 4  # crop pixels a cell of the heat maps


def standardised(images: Tensor) -> Tensor:
    """Return images (N, 1, H, W) of grey levels with mean 0 and standard deviation 1 each: light and gain drop out."""
    mean = images.mean(dim=(2, 3), keepdim=True)
    spread = images.std(dim=(2, 3), keepdim=True)
    return (images - mean) / (spread + 4.0)


def _unit(inside: int, outside: int, *, kernel: int = 3, stride: int = 1, active: bool = True) -> nn.Sequential:
    conv = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False)
    layers: list[nn.Module] = [conv, nn.BatchNorm2d(outside)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if active else nn.Sequential(*layers)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _unit(channels, channels)
        self.second = _unit(channels, channels, active=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)), inplace=True)


def _stage(inside: int, outside: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(_unit(inside, outside, stride=2), *(_Residual(outside) for _ in range(blocks)))


class PointNetwork(nn.Module):
    """Crops of a face → 68 points and a score.

    A residual encoder down to 1/16 of the crop, a top-down path back to 1/4, a heat map a point; the centre of mass of
    the heat map's softmax is found between the pixels and can be trained directly. Then each point is moved by what a
    small window about it shows: the heat maps follow the face as a whole, the window follows its own piece of skin.

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
        Units a point between its window and its displacement.

    References
    ----------
    Sun, Xiao, Wei, Liang, Wei: Integral human pose regression. ECCV 2018. doi:10.1007/978-3-030-01231-1_33
    """

    def __init__(self, *, widths: Sequence[int], blocks: Sequence[int], decoder: int, window: int, hidden: int) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = widths
        self.stem = _unit(1, half, stride=2)
        self.quarter = _stage(half, quarter, blocks[0])
        self.eighth = _stage(quarter, eighth, blocks[1])
        self.sixteenth = _stage(eighth, sixteenth, blocks[2])
        self.lateral = nn.ModuleList(nn.Conv2d(w, decoder, 1) for w in (quarter, eighth, sixteenth))
        self.merge = nn.ModuleList(_unit(decoder, decoder) for _ in range(2))
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
        return self.windows(centres, edges, features), logits, functional.log_softmax(heat.flatten(2), dim=2), centres

    def locate(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return points and logits alone, see `forward`."""
        edges, features, heat, logits = self._maps(images)
        return self.windows(_centres(heat), edges, features), logits

    def _maps(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        edges = self.stem(standardised(images))
        fine = self.quarter(edges)
        middle = self.eighth(fine)
        coarse = self.sixteenth(middle)
        up = functional.interpolate(self.lateral[2](coarse), scale_factor=2.0)
        up = functional.interpolate(self.merge[1](up + self.lateral[1](middle)), scale_factor=2.0)
        features = self.merge[0](up + self.lateral[0](fine))
        return edges, features, self.heat(features), self.score(coarse.mean(dim=(2, 3)))[:, 0]


class _Windows(nn.Module):
    """Moves each point by what lies about it: a window of the maps at half size, one place of the last map."""

    offsets: Tensor

    def __init__(self, edges: int, features: int, window: int, hidden: int) -> None:
        super().__init__()
        steps = torch.arange(window, dtype=torch.float32) - (window - 1) / 2
        grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1)
        self.register_buffer("offsets", grid.flatten(0, 1), persistent=False)
        seen = edges * window * window + features
        self.first = nn.Parameter(torch.randn(68, seen, hidden) / seen**0.5)
        self.second = nn.Parameter(torch.zeros(68, hidden, 2))
        self.bias = nn.Parameter(torch.zeros(68, 1, hidden))

    def forward(self, points: Tensor, edges: Tensor, features: Tensor) -> Tensor:
        """Return the points (N, 68, 2), moved; crop pixels."""
        places = points.detach()
        about = sampled(edges, places[:, :, None] / 2 + self.offsets)
        inside = sampled(features, (places[:, :, None] - (_STRIDE - 1) / 2) / _STRIDE)
        seen = torch.cat([about.flatten(2), inside.flatten(2)], dim=2).transpose(0, 1)
        moved = functional.relu(seen @ self.first + self.bias) @ self.second
        return points + moved.transpose(0, 1)


def sampled(maps: Tensor, places: Tensor) -> Tensor:
    """Return the values (N, P, K, C) of maps (N, C, H, W) at places (N, P, K, 2) in their cells, bilinearly."""
    size = torch.tensor(maps.shape[:1:-1], device=maps.device, dtype=maps.dtype)
    grid = places * (2 / (size - 1)) - 1
    return functional.grid_sample(maps, grid, padding_mode="border", align_corners=True).permute(0, 2, 3, 1)


def _centres(heat: Tensor) -> Tensor:
    """Return the centre of mass (N, P, 2) of each heat map's softmax, in pixels of the crop."""
    mass = functional.softmax(heat.flatten(2), dim=2).view(heat.shape)
    return torch.stack([_mean_place(mass.sum(dim=2)), _mean_place(mass.sum(dim=3))], dim=-1)


def _mean_place(mass: Tensor) -> Tensor:
    cells = torch.arange(mass.shape[-1], device=mass.device, dtype=mass.dtype)
    return (mass * (cells * _STRIDE + (_STRIDE - 1) / 2)).sum(dim=-1)


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
        self.stem = nn.Sequential(_unit(1, half, stride=2), _unit(half, quarter, stride=2))
        self.eighth = _stage(quarter, eighth, 1)
        self.sixteenth = _stage(eighth, sixteenth, 1)
        self.last = _stage(sixteenth, last, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(w, decoder, 1) for w in (eighth, sixteenth, last))
        self.merge = nn.ModuleList(_unit(decoder, decoder) for _ in range(2))
        self.out = nn.Conv2d(decoder, self.OUTPUTS, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the grid (N, 6, H/8, W/8).

        Parameters
        ----------
        images : Tensor, shape (N, 1, H, W)
            Grey levels; H and W multiples of 32.
        """
        fine = self.eighth(self.stem(standardised(images)))
        middle = self.sixteenth(fine)
        coarse = self.last(middle)
        up = functional.interpolate(self.lateral[2](coarse), scale_factor=2.0)
        up = functional.interpolate(self.merge[1](up + self.lateral[1](middle)), scale_factor=2.0)
        grid: Tensor = self.out(self.merge[0](up + self.lateral[0](fine)))
        return grid
