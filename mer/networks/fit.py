"""Fits one network on the rows of a training set, epoch by epoch."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mer.networks.architectures import ARCHITECTURES
from mer.types import Numbers

__all__ = ["Recipe", "Scale", "epochs_of", "probabilities"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is fitted; see `mer.networks.learner.Network`."""

    architecture: str
    batch: int
    rate: float
    decay: float
    balanced: bool
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """What turns rows into pictures: one factor for u and v together, one for strain; no pixel has its own.

    Attributes
    ----------
    factors : ndarray, shape (channels,)
        Learned from the training rows alone.
    side : int
    """

    factors: NDArray[np.float64]
    side: int

    @classmethod
    def of(cls, X: Numbers, channels: tuple[str, ...]) -> Scale:
        """Learn the factors: the root mean square of u and v becomes 1, and so does that of strain."""
        side = round((X.shape[1] / len(channels)) ** 0.5)
        squares = (np.asarray(X, dtype=np.float64).reshape(len(X), len(channels), -1) ** 2).mean(axis=(0, 2))
        motion = [k for k, name in enumerate(channels) if name in ("u", "v")]
        squares[motion] = squares[motion].mean() if motion else 1.0
        return cls(factors=1 / np.sqrt(np.maximum(squares, 1e-12)), side=side)

    def __call__(self, X: Numbers) -> Tensor:
        """Return pictures (N, channels, side, side)."""
        pictures = np.asarray(X, dtype=np.float64).reshape(len(X), len(self.factors), self.side, self.side)
        return torch.from_numpy((pictures * self.factors[:, None, None]).astype(np.float32))


def epochs_of(
    recipe: Recipe, pictures: Tensor, labels: NDArray[np.int64], classes: int, epochs: int
) -> Iterator[nn.Module]:
    """Yield a copy of the network after each epoch, in evaluation mode.

    Parameters
    ----------
    recipe : Recipe
    pictures : Tensor, shape (n, channels, side, side)
    labels : ndarray, shape (n,)
        From 0 to classes − 1, each at least once.
    classes, epochs : int

    Notes
    -----
    The first weights, the order of the clips and the dropout follow from the seed alone: the state of torch outside is
    left as it was.
    """
    state = torch.random.get_rng_state()
    torch.manual_seed(recipe.seed)
    own = torch.random.get_rng_state()
    torch.random.set_rng_state(state)
    truth = torch.from_numpy(labels)
    counts = np.bincount(labels, minlength=classes)
    weights = torch.tensor(len(labels) / (classes * counts), dtype=torch.float32) if recipe.balanced else None
    loss = nn.CrossEntropyLoss(weight=weights)
    network: nn.Module | None = None
    for _ in range(epochs):
        state = torch.random.get_rng_state()
        torch.random.set_rng_state(own)
        if network is None:
            network = ARCHITECTURES[recipe.architecture](pictures.shape[2], pictures.shape[1], classes)
            optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        network.train()
        for rows in torch.randperm(len(truth)).split(recipe.batch):
            optimiser.zero_grad()
            loss(network(pictures[rows]), truth[rows]).backward()
            optimiser.step()
        own = torch.random.get_rng_state()
        torch.random.set_rng_state(state)
        yield copy.deepcopy(network).eval()


def probabilities(network: nn.Module, pictures: Tensor) -> NDArray[np.float64]:
    """Return the softmax of the logits, shape (n, classes)."""
    with torch.inference_mode():
        found: NDArray[np.float64] = torch.softmax(network(pictures), dim=1).numpy().astype(np.float64)
    return found
