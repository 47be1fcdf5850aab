"""Training of the network that finds faces in a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mer.landmarks.network import FaceNetwork
from mer.training.landmarks.augment import Augmentation
from mer.training.landmarks.crops import Sources
from mer.training.landmarks.scenes import Scenes
from mer.training.loop import Log, Schedule

__all__ = ["FaceTraining", "targets"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FaceTraining:
    """The detector and how it is fitted.

    Attributes
    ----------
    widths, decoder
        See `FaceNetwork`.
    rendered_share : float
        Share of the faces that are generated ones.
    place_weight : float
        Of the errors of place, size and roll relative to that of the score.
    schedule : Schedule
    scenes : Scenes
    augmentation : Augmentation
        What a finished scene goes through.
    """

    widths: Sequence[int]
    decoder: int
    rendered_share: float
    place_weight: float
    schedule: Schedule
    scenes: Scenes
    augmentation: Augmentation

    def network(self) -> FaceNetwork:
        """Return the network, untrained, sure that there is no face anywhere."""
        network = FaceNetwork(widths=self.widths, decoder=self.decoder)
        assert network.out.bias is not None
        with torch.no_grad():
            network.out.bias[0] = -4.0
        return network

    def __call__(self, sources: Sources, *, seed: int, device: str, folder: Path, log: Log) -> FaceNetwork:
        """Return the fitted network; parameters as in `PointTraining`."""
        torch.manual_seed(seed)
        network = self.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

        def loss(net: nn.Module, step: int) -> Mapping[str, Tensor]:
            batch = self._batch(np.random.default_rng((seed, step)), sources)
            images, wanted = (torch.from_numpy(part) for part in batch)
            return self._loss(net(images.to(device, memory_format=torch.channels_last)), wanted.to(device))

        return cast(FaceNetwork, self.schedule.fit(network, loss, folder / "faces.pt", log))

    def _batch(self, rng: Generator, sources: Sources) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw scenes (N, 1, S, S) and the targets of the network (N, 7, S/8, S/8)."""
        shares = (1 - self.rendered_share, self.rendered_share)
        drawn = [
            self.scenes.draw(rng, sources.faces, shares, sources.mean, self.augmentation)
            for _ in range(self.schedule.batch)
        ]
        images = np.stack([scene for scene, _ in drawn])[:, None].astype(np.float32)
        return images, np.stack([targets(placed, self.scenes.side) for _, placed in drawn])

    def _loss(self, grid: Tensor, wanted: Tensor) -> Mapping[str, Tensor]:
        heat, share = wanted[:, 0], wanted[:, 1]
        here = share == 1
        faces = here.sum().clamp(min=1)
        p = torch.sigmoid(grid[:, 0]).clamp(1e-4, 1 - 1e-4)
        hit = -((1 - p).square() * p.log())[here].sum()
        miss = -((1 - heat) ** 4 * p.square() * (1 - p).log())[~here].sum()
        error = functional.smooth_l1_loss(grid[:, 1:], wanted[:, 2:], reduction="none", beta=0.1).mean(dim=1)
        place = (error * share).sum() / share.sum().clamp(min=1)
        score = (hit + miss) / faces
        return {"loss": score + self.place_weight * place, "score": score, "place": place}


def targets(placed: Array, side: int) -> NDArray[np.float32]:
    """Return the targets of the detector for a scene, shape (7, side/8, side/8).

    Parameters
    ----------
    placed : ndarray, shape (n, 4)
        A row per face: centre x, y, side of the square, roll.

    Returns
    -------
    ndarray of float32
        Heat (1 at the face's cell, falling off around it), weight of the cell in the errors of place, and the five
        numbers: x and y from the cell's centre in cells, log of the size in cells, sine and cosine of the roll.
    """
    cells = side // 8
    out = np.zeros((7, cells, cells), dtype=np.float32)
    centre = np.arange(cells) * 8 + 3.5
    for x, y, size, roll in placed:
        dx, dy = (x - centre) / 8, (y - centre) / 8
        spread = max(0.7, 0.06 * size / 8)
        heat = np.exp(-(dx[None] ** 2 + dy[:, None] ** 2) / (2 * spread**2))
        row, column = np.abs(dy).argmin(), np.abs(dx).argmin()
        heat = np.minimum(heat, 0.95)
        heat[row, column] = 1
        near = (heat > 0.4) & (heat > out[0])
        numbers: list[Any] = [dx[None] + 0 * dy[:, None], dy[:, None] + 0 * dx[None]]
        numbers += [np.full_like(heat, v) for v in (np.log(size / 8), np.sin(roll), np.cos(roll))]
        out[1:, near] = np.stack([heat, *numbers])[:, near]
        out[0] = np.maximum(out[0], heat)
    return out
