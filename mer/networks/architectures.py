"""Three small networks on flow pictures, written from their papers; the cards say what the papers leave open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

__all__ = ["ARCHITECTURES", "HierarchicalTransformer", "OffApexNet", "StstNet"]

_STREAMS = (3, 5, 8)  # filters


class StstNet(nn.Module):
    """Three shallow streams of 3, 5 and 8 filters over u, v and strain, side by side.

    Parameters
    ----------
    side : int
        Height and width of the picture, px.
    channels, classes : int

    References
    ----------
    Liong, Gan, See, Khor, Huang: Shallow triple stream three-dimensional CNN (STSTNet) for micro-expression
    recognition. FG 2019. doi:10.1109/FG.2019.8756567
    """

    def __init__(self, side: int, channels: int, classes: int) -> None:
        super().__init__()
        # All streams see the same picture through kernels of one size: they are the parts of one convolution. The
        # rectifier after the maximum gives what it gives before it, in a ninth of the places.
        self.streams = nn.Sequential(
            nn.Conv2d(channels, sum(_STREAMS), 3, padding=1), nn.MaxPool2d(3, 3, 1), nn.ReLU(), nn.Dropout2d(0.2)
        )
        self.pool = nn.AvgPool2d(2, 2)
        pooled = ((side - 1) // 3 + 1) // 2
        self.last = nn.Linear(sum(_STREAMS) * pooled * pooled, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, classes) of pictures (N, channels, side, side)."""
        logits: Tensor = self.last(self.pool(self.streams(pictures)).flatten(1))
        return logits


class OffApexNet(nn.Module):
    """One stream for u and one for v, two convolutions each, then two dense layers.

    Parameters
    ----------
    side, channels, classes : int
        Channels after the second are not looked at.

    References
    ----------
    Gan, Liong, Yau, Huang, Tan: OFF-ApexNet on micro-expression recognition system. Signal Processing: Image
    Communication 74, 2019. doi:10.1016/j.image.2019.02.005
    """

    def __init__(self, side: int, channels: int, classes: int) -> None:
        super().__init__()
        self.streams = nn.Sequential(  # two groups: the first of each layer sees u alone, the second v
            nn.Conv2d(2, 12, 5, padding=2, groups=2),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(12, 32, 5, padding=2, groups=2),
            nn.MaxPool2d(2),
            nn.ReLU(),
        )
        dense = 2 * 16 * (side // 4) ** 2
        self.last = nn.Sequential(
            nn.Flatten(), nn.Linear(dense, 1024), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, classes),
        )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, classes) of pictures (N, channels, side, side)."""
        logits: Tensor = self.last(self.streams(pictures[:, :2]))
        return logits


class HierarchicalTransformer(nn.Module):
    """Attention within each quarter of the face, then between the quarters.

    Parameters
    ----------
    side : int
        A multiple of 4, px; the picture is cut into 4 × 4 patches.
    channels, classes : int

    References
    ----------
    Wang, Zhang, Luo, Sankaranarayana: HTNet for micro-expression recognition. Neurocomputing 602, 2024.
    arXiv:2307.14637
    """

    _WIDTH, _HEADS = 64, 4

    def __init__(self, side: int, channels: int, classes: int) -> None:
        super().__init__()
        width = self._WIDTH
        self.embed = nn.Conv2d(channels, width, side // 4, side // 4)
        self.place = nn.Parameter(torch.randn(1, 4, 4, width) * 0.02)
        self.within = nn.ModuleList(self._block() for _ in range(2))
        self.merge = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.MaxPool2d(2))
        self.between = nn.ModuleList(self._block() for _ in range(2))
        self.last = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, classes))

    def _block(self) -> nn.TransformerEncoderLayer:
        return nn.TransformerEncoderLayer(
            self._WIDTH, self._HEADS, 2 * self._WIDTH, dropout=0.1, batch_first=True, norm_first=True
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (N, classes) of pictures (N, channels, side, side)."""
        patches = self.embed(pictures)[:, :, :4, :4].permute(0, 2, 3, 1) + self.place
        n, width = len(patches), self._WIDTH
        quarters = patches.reshape(n, 2, 2, 2, 2, width).transpose(2, 3).reshape(4 * n, 4, width)
        for block in self.within:
            quarters = block(quarters)
        whole = quarters.reshape(n, 2, 2, 2, 2, width).transpose(2, 3).reshape(n, 4, 4, width)
        tokens = self.merge(whole.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        for block in self.between:
            tokens = block(tokens)
        logits: Tensor = self.last(tokens.mean(dim=1))
        return logits


ARCHITECTURES: Mapping[str, Callable[[int, int, int], nn.Module]] = MappingProxyType(
    {"ststnet": StstNet, "off_apexnet": OffApexNet, "htnet_small": HierarchicalTransformer}
)
"""(side, channels, classes) → network."""
