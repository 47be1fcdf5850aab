"""Training of the network that finds the 68 points in the crop of a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from kornia.geometry.subpix import render_gaussian2d
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mer.landmarks.network import PointNetwork
from mer.training.landmarks.augment import Augmentation
from mer.training.landmarks.crops import CropSource, Sources, turn_weights
from mer.training.landmarks.motion_pairs import MotionPairs
from mer.training.loop import Log, Schedule

__all__ = ["PointTraining"]


@dataclass(frozen=True, kw_only=True)
class PointTraining:
    """The network of the points and how it is fitted.

    Attributes
    ----------
    side : int
        Pixels of the crop.
    widths, blocks, decoder, window, hidden
        See `PointNetwork`.
    rendered_share : float
        Share of the crops that show a generated face.
    nothing, hard_negatives : float
        Share of crops without a well-framed face, for the score, and share of these that the detector takes for one.
    heat_weight, score_weight : float
        Of the cross-entropy between heat map and a Gaussian one cell wide, and of that of the score.
    softness : float
        Error, as a fraction of the eyes' distance, below which the loss is no longer linear.
    turned : float
        How much more often a face turned by a half profile is shown than one that looks straight ahead.
    schedule : Schedule
    augmentation : Augmentation
    ending : Schedule
    mild : Augmentation
        Of the ending, in which crops look as the detector and a common camera give them.
    motion_pairs : MotionPairs
        Of the ending: every face is shown twice, and how its points differ is learnt too.
    """

    side: int
    widths: Sequence[int]
    blocks: Sequence[int]
    decoder: int
    window: int
    hidden: int
    rendered_share: float
    nothing: float
    hard_negatives: float
    heat_weight: float
    score_weight: float
    softness: float
    turned: float
    schedule: Schedule
    augmentation: Augmentation
    ending: Schedule
    mild: Augmentation
    motion_pairs: MotionPairs

    @property
    def steps(self) -> int:
        """Steps of both phases."""
        return self.schedule.steps + self.ending.steps

    def network(self) -> PointNetwork:
        """Return the network, untrained."""
        return PointNetwork(
            widths=self.widths, blocks=self.blocks, decoder=self.decoder, window=self.window, hidden=self.hidden
        )

    def __call__(
        self, sources: Sources, negatives: NDArray[np.uint8], *, seed: int, device: str, folder: Path, log: Log
    ) -> PointNetwork:
        """Return the fitted network.

        Parameters
        ----------
        sources : Sources
        negatives : ndarray of uint8, shape (N, side, side)
            Crops that the detector takes for a face and that show none; N may be 0.
        seed : int
        device : str
        folder : Path
            Of the checkpoints.
        log : callable
        """
        torch.manual_seed(seed)
        network = self.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        crops = self._crops(sources, negatives)
        first = self.schedule.steps
        for name, plan, augmentation, pairs, before in (
            ("points", self.schedule, self.augmentation, None, 0),
            ("points_ending", self.ending, self.mild, self.motion_pairs, first),
        ):
            draw = partial(crops.draw, count=plan.batch, augmentation=augmentation, pairs=pairs)

            def loss(net: nn.Module, step: int, draw: Any = draw, before: int = before) -> Mapping[str, Tensor]:
                batch = draw(np.random.default_rng((seed, before + step)))
                return self._loss(net, *(torch.from_numpy(array).to(device) for array in batch))

            network = plan.fit(network, loss, folder / f"{name}.pt", _later(log, before))
        return cast(PointNetwork, network)

    def _crops(self, sources: Sources, negatives: NDArray[np.uint8]) -> CropSource:
        scaled = sources.at_crop_scale(self.side)
        return CropSource(
            sources=scaled,
            weights=[turn_weights(faces.xy, self.turned) for faces in scaled.faces],
            negatives=negatives,
            side=self.side,
            rendered_share=self.rendered_share,
            nothing=self.nothing,
            hard_negatives=self.hard_negatives,
        )

    def _loss(self, network: nn.Module, images: Tensor, truth: Tensor, shown: Tensor) -> Mapping[str, Tensor]:
        crops = images.flatten(0, 1)[:, None].contiguous(memory_format=torch.channels_last)
        found, logits, heat, centres = network(crops)
        off = found.view(truth.shape) - truth
        eyes = (truth[..., 36, :] - truth[..., 45, :]).norm(dim=-1, keepdim=True).clamp(min=0.2 * self.side)
        share = shown.float() / shown.sum().clamp(min=1)
        squared = off.square().sum(dim=-1) / eyes.square()
        rough = (centres.view(truth.shape) - truth).square().sum(dim=-1) / eyes.square()
        place = sum((((e + self.softness**2).sqrt()).mean(dim=(0, 2)) * share).sum() for e in (squared, rough))
        likely = (_gaussians(truth, self.side) * heat.unflatten(0, truth.shape[:2])).sum(dim=-1)
        crossed = (-likely.mean(dim=(0, 2)) * share).sum()
        score = functional.binary_cross_entropy_with_logits(logits, shown.float().repeat(len(images)))
        nme = (squared.detach().sqrt().mean(dim=(0, 2)) * share).sum()
        total = 0.5 * place + self.heat_weight * crossed + self.score_weight * score
        terms = {"nme": nme, "heat": crossed, "score": score}
        if len(images) == 2:
            moved = ((off[1] - off[0]).square().sum(dim=-1) / eyes[0].square() + self.motion_pairs.softness**2).sqrt()
            terms["motion"] = (moved.mean(dim=1) * share).sum()
            total = total + self.motion_pairs.weight * terms["motion"]
        return {"loss": total, **terms}


def _later(log: Log, before: int) -> Log:
    return lambda figures, step: log(figures, before + step)


def _gaussians(points: Tensor, side: int) -> Tensor:
    """Return for points (..., P, 2) the heat maps (..., P, h·w) that peak there, one cell wide, each of sum 1."""
    cells = (points - 1.5) / 4  # a cell is 4 crop pixels wide, and its centre is between the second and the third
    return render_gaussian2d(cells, torch.ones_like(cells), (side // 4, side // 4), False).flatten(-2)
