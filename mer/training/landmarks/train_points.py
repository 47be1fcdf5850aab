"""Training of the network that finds the 68 points in the crop of a face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mer.landmarks.crop import crop_matrix
from mer.landmarks.network import PointNetwork
from mer.training.landmarks.augment import Augmentation
from mer.training.landmarks.faces import Faces
from mer.training.landmarks.motion_pairs import Twins
from mer.training.loop import Log, Schedule

__all__ = ["PointTraining"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Supply:
    """What crops are drawn from: photographs and generated faces, how often each, the mean shape, and false faces."""

    sources: Sequence[Faces]
    weights: Sequence[Array]
    mean: Array
    false: NDArray[np.uint8]

    def face(self, rng: np.random.Generator, rendered_share: float) -> tuple[NDArray[np.uint8], Array]:
        """Draw a face: its image and its points (68, 2)."""
        which = int(rng.random() < rendered_share)
        chosen = int(np.searchsorted(self.weights[which], rng.random()))
        return self.sources[which].images[chosen], self.sources[which].xy[chosen]


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
    nothing, hard : float
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
    twins : Twins
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
    hard: float
    heat_weight: float
    score_weight: float
    softness: float
    turned: float
    schedule: Schedule
    augmentation: Augmentation
    ending: Schedule
    mild: Augmentation
    twins: Twins

    @property
    def steps(self) -> int:
        """Steps of both phases."""
        return self.schedule.steps + self.ending.steps

    def network(self) -> PointNetwork:
        """Return the network, untrained."""
        return PointNetwork(
            widths=self.widths, blocks=self.blocks, decoder=self.decoder, window=self.window, hidden=self.hidden
        )

    def __call__(  # noqa: PLR0913 (what is learnt from, and where)
        self,
        photographs: Faces,
        rendered: Faces,
        mean: Array,
        false: NDArray[np.uint8],
        *,
        seed: int,
        device: str,
        folder: Path,
        log: Log,
    ) -> PointNetwork:
        """Return the fitted network.

        Parameters
        ----------
        photographs, rendered : Faces
            What is learnt from.
        mean : ndarray, shape (68, 2)
            Mean shape in the unit square.
        false : ndarray of uint8, shape (N, side, side)
            Crops that the detector takes for a face and that show none; N may be 0.
        seed : int
        device : str
        folder : Path
            Where the state of the fit is kept.
        log : callable
        """
        torch.manual_seed(seed)
        network = self.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        sources = [_at_crop_scale(faces, mean, self.side) for faces in (photographs, rendered)]
        supply = _Supply(sources, [_turn_weights(faces.xy, self.turned) for faces in sources], mean, false)

        first = self.schedule.steps
        for name, plan, augmentation, twins, before in (
            ("points", self.schedule, self.augmentation, None, 0),
            ("points_ending", self.ending, self.mild, self.twins, first),
        ):
            draw = partial(self._batch, supply, augmentation, twins, plan.batch)

            def loss(net: nn.Module, step: int, draw: Any = draw, before: int = before) -> Mapping[str, Tensor]:
                batch = draw(np.random.default_rng((seed, before + step)))
                return self._loss(net, *(torch.from_numpy(array).to(device) for array in batch))

            plan.fit(network, loss, folder / f"{name}.pt", _later(log, before))
        return network

    def _batch(
        self, supply: _Supply, augmentation: Augmentation, twins: Twins | None, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Draw images (1 or 2 looks, N, S, S), points (looks, N, 68, 2), and whether a face is shown (N,)."""
        side, looks = self.side, 1 if twins is None else 2
        images = np.empty((looks, count, side, side), dtype=np.float32)
        points = np.full((looks, count, 68, 2), side / 2, dtype=np.float32)
        shown = rng.random(count) >= self.nothing
        for row in range(count):
            image, xy = supply.face(rng, self.rendered_share)
            if shown[row] and twins is not None:
                images[:, row], points[:, row] = twins(rng, augmentation, image, xy, supply.mean, side)
            elif shown[row]:
                images[0, row], points[0, row] = augmentation.face(rng, image, xy, supply.mean, side)
            elif len(supply.false) and rng.random() < self.hard:
                images[:, row] = augmentation.spoilt(rng, supply.false[int(rng.integers(len(supply.false)))])
            else:
                images[:, row] = augmentation.nothing(rng, image, xy, supply.mean, side)
        return images, points, shown

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
            moved = ((off[1] - off[0]).square().sum(dim=-1) / eyes[0].square() + self.twins.softness**2).sqrt()
            terms["motion"] = (moved.mean(dim=1) * share).sum()
            total = total + self.twins.weight * terms["motion"]
        return {"loss": total, **terms}


def _later(log: Log, before: int) -> Log:
    return lambda figures, step: log(figures, before + step)


def _gaussians(points: Tensor, side: int) -> Tensor:
    """Return for points (..., P, 2) the heat maps (..., P, h·w) that peak there, one cell wide, each of sum 1."""
    cells = torch.arange(side // 4, device=points.device) * 4 + 1.5
    x, y = (torch.exp(-((points[..., i, None] - cells) / 4).square() / 2) for i in (0, 1))
    mass = (y[..., :, None] * x[..., None, :]).flatten(-2)
    return mass / mass.sum(dim=-1, keepdim=True).clamp(min=1e-6)


def _at_crop_scale(faces: Faces, mean: Array, side: int) -> Faces:
    """Return faces whose images are no more than 1.5 times as fine as the crop, reduced by averaging."""
    images, shapes = [], []
    for image, xy in zip(faces.images, faces.xy, strict=True):
        scale = np.hypot(*crop_matrix(xy, mean, side)[:, 0]) / 1.5
        if scale > 1:
            height, width = image.shape
            size = (max(round(width / scale), 1), max(round(height / scale), 1))
            ratio = np.array(size) / (width, height)
            image, xy = cv2.resize(image, size, interpolation=cv2.INTER_AREA), (xy + 0.5) * ratio - 0.5
        images.append(np.asarray(image, dtype=np.uint8))
        shapes.append(xy)
    return Faces(images=images, xy=np.stack(shapes), subject=faces.subject)


def _turn_weights(xy: Array, turned: float) -> Array:
    """Return the cumulative probability of drawing each face, larger for those turned to a side."""
    jaw = xy[:, 16] - xy[:, 0]
    width = np.linalg.norm(jaw, axis=1)
    nose = np.abs(((xy[:, 30] - (xy[:, 0] + xy[:, 16]) / 2) * jaw).sum(axis=1)) / width**2
    weight = np.cumsum(1 + turned * np.minimum(nose, 0.5))
    return np.asarray(weight / weight[-1])
