"""How a network is fitted: AdamW under a cosine, a running mean of the weights, states on disk to go on from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mer.checks import require_integer, require_number

__all__ = ["Log", "Schedule"]

Log = Callable[[Mapping[str, float], int], None]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The numbers of a fit.

    Attributes
    ----------
    steps, batch : int
    learning_rate, weight_decay : float
        Of AdamW; the rate rises over `warm_up` steps, then falls to 0 as a cosine.
    warm_up : int
        Steps.
    average : float
        Decay of the running mean of the weights, which is what is kept.
    checkpoint : int
        Steps between two states on disk, from which a broken fit goes on.
    """

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    warm_up: int
    average: float
    checkpoint: int

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "warm_up", "checkpoint"):
            require_integer(f"schedule.{name}", getattr(self, name), low=1)
        require_number("schedule.learning_rate", self.learning_rate, low=0, above=True)
        require_number("schedule.weight_decay", self.weight_decay, low=0)
        require_number("schedule.average", self.average, low=0, high=0.99999)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        rise = min((step + 1) / self.warm_up, 1.0)
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * step / self.steps))

    def fit(
        self, network: nn.Module, loss: Callable[[nn.Module, int], Mapping[str, Tensor]], state: Path, log: Log
    ) -> None:
        """Fit `network` in place; it ends with the running mean of its weights, in evaluation mode.

        Parameters
        ----------
        network : Module
        loss : callable
            Network, number of the step → named terms; ``loss`` is descended, all are logged. The same step must give
            the same batch, so that a broken fit that goes on ends as one that never broke.
        state : Path
            File of the state; removed by nobody, so that a finished fit is not repeated.
        log : callable
        """
        optimiser = torch.optim.AdamW(network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        mean = {name: value.detach().clone() for name, value in network.state_dict().items()}
        first = _restored(state, network, optimiser, mean)
        start = time.perf_counter()
        sums: dict[str, float] = {}
        for step in range(first, self.steps):
            network.train()
            optimiser.param_groups[0]["lr"] = self.rate(step)
            terms = loss(network, step)
            optimiser.zero_grad(set_to_none=True)
            terms["loss"].backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            _averaged(mean, network, min(self.average, (1 + step) / (10 + step)))
            for name, value in terms.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            done = step + 1
            if done % 100 == 0:
                left = (time.perf_counter() - start) / (done - first) * (self.steps - done)
                log({name: total / 100 for name, total in sums.items()} | {"minutes_left": left / 60}, done)
                sums = {}
            if done % self.checkpoint == 0 or done == self.steps:
                _keep(state, done, network, optimiser, mean)
        network.load_state_dict(mean)
        network.eval()


def _averaged(mean: dict[str, Tensor], network: nn.Module, decay: float) -> None:
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            mean[name].lerp_(value, 1 - decay)
        else:
            mean[name].copy_(value)


def _keep(state: Path, step: int, network: nn.Module, optimiser: Any, mean: Mapping[str, Tensor]) -> None:
    whole = {"step": step, "network": network.state_dict(), "optimiser": optimiser.state_dict(), "mean": dict(mean)}
    torch.save(whole, state.with_suffix(".new"))
    state.with_suffix(".new").replace(state)


def _restored(state: Path, network: nn.Module, optimiser: Any, mean: dict[str, Tensor]) -> int:
    if not state.is_file():
        return 0
    whole = torch.load(state, weights_only=True)
    network.load_state_dict(whole["network"])
    optimiser.load_state_dict(whole["optimiser"])
    mean.update(whole["mean"])
    return int(whole["step"])
