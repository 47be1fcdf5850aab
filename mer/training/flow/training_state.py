"""What a flow training carries from step to step, and the file that a stopped one goes on from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch

from mer.errors import DataError
from mer.flow.network import MicroflowNet
from mer.flow.weights_file import load_network, save_weights

__all__ = ["TrainingState"]


class TrainingState:
    """Network, running average of its weights, optimiser, and the number of steps taken.

    Parameters
    ----------
    size : tuple of filters, mixtures, widths
        Of the network, see `MicroflowNet`.
    seed : int
        Of the first weights.
    device : str
    average : float
        Decay of the running average; smaller during the first steps.
    weight_decay : float
        Of AdamW.
    """

    def __init__(
        self,
        size: tuple[int, int, Sequence[Sequence[int]]],
        seed: int,
        device: str,
        average: float,
        weight_decay: float,
    ) -> None:
        torch.manual_seed(seed)
        self.net, self.averaged = (MicroflowNet(*size).to(device) for _ in range(2))
        for network in (self.net, self.averaged):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged.load_state_dict(self.net.state_dict())
        self.averaged.requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), weight_decay=weight_decay)
        self.average, self.step = average, 0

    def begin_from(self, weights: Path) -> None:
        """Take the weights of an earlier training as the first ones."""
        for network in (self.net, self.averaged):
            network.load_state_dict(load_network(weights).state_dict())

    def descend(self, loss: torch.Tensor, rate: float, clip: float) -> float:
        """Take a step at `rate` down the gradient, shortened to `clip`, and return the norm that it had."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.net.parameters(), clip))
        if math.isfinite(norm):
            self.optimiser.step()
        self.step += 1
        keep = min(self.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.net.parameters()), 1 - keep)
        return norm

    def resume(self, output: Path) -> None:
        """Go on from ``checkpoint.pt`` where the folder has one.

        Raises
        ------
        DataError
            Where it is of a network of another size.
        """
        path = output / "checkpoint.pt"
        if not path.is_file():
            return
        kept = torch.load(path, weights_only=True)
        try:
            self.net.load_state_dict(kept["net"])
            self.averaged.load_state_dict(kept["averaged"])
            self.optimiser.load_state_dict(kept["optimiser"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise DataError(f"{path}: of another network than this training's; choose another output=") from error
        self.step = int(kept["step"])

    def save(self, output: Path) -> None:
        """Write ``checkpoint.pt`` and the running average as ``microflow.npz``; each is whole or not there."""
        kept = {"step": self.step, "net": self.net.state_dict(), "averaged": self.averaged.state_dict()}
        torch.save(kept | {"optimiser": self.optimiser.state_dict()}, output / "checkpoint.new")
        (output / "checkpoint.new").replace(output / "checkpoint.pt")
        save_weights(output / "microflow.npz", self.averaged.state_dict())
