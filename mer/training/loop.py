"""The one training loop: AdamW, a rate that rises and falls, an average of the weights, checkpoints to resume from."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mer.errors import ConfigError, DataError
from mer.store.atomic import write_atomically
from mer.validation import require_choice, require_integer, require_number

__all__ = ["Log", "Schedule"]

Log = Callable[[Mapping[str, float], int], None]
_EVERY = 50  # steps between two lines of the log


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The numbers of a fit.

    Attributes
    ----------
    steps : int
    batch : int
        Samples per step.
    learning_rate, weight_decay : float
        Of AdamW.
    warm_up : int
        Steps over which the learning rate rises.
    decay : float
        Share of the steps, the last ones, over which the learning rate falls to zero; in (0, 1].
    curve : {"cosine", "linear"}
        How it falls.
    clip : float
        Norm that a larger gradient is shortened to.
    average : float
        Decay of the exponential moving average of the weights, which is what is kept; smaller during the first steps.
    checkpoint : int
        Steps between two checkpoints.
    """

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    warm_up: int
    decay: float
    curve: str
    clip: float
    average: float
    checkpoint: int

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "warm_up", "checkpoint"):
            require_integer(f"schedule.{name}", getattr(self, name), low=1)
        for name in ("learning_rate", "clip"):
            require_number(f"schedule.{name}", getattr(self, name), low=0, above=True)
        require_number("schedule.weight_decay", self.weight_decay, low=0)
        require_number("schedule.decay", self.decay, low=0, high=1, above=True)
        require_number("schedule.average", self.average, low=0, high=0.99999)
        require_choice("schedule.curve", self.curve, ("cosine", "linear"))

    def factor(self, step: int) -> float:
        """Return the share of `learning_rate` that a step takes, counted from 0: up, level, down to zero at the end.

        Notes
        -----
        One closed form for torch's `LambdaLR`: its chained schedulers compute each rate from the one before, and
        cannot have a warm-up that is longer than the fit.
        """
        left = min((self.steps - step) / (self.decay * self.steps), 1.0)
        fall = left if self.curve == "linear" else 0.5 * (1 - math.cos(math.pi * left))
        return min((step + 1) / self.warm_up, 1.0) * fall

    def fit(
        self,
        network: nn.Module,
        loss: Callable[[nn.Module, int], Mapping[str, Tensor]],
        file: Path,
        log: Log,
        score: Callable[[nn.Module], Mapping[str, float]] | None = None,
    ) -> nn.Module:
        """Fit a network, or resume where a fit was interrupted, and return the average of its weights.

        Parameters
        ----------
        network : Module
            Changed in place.
        loss : callable
            Network, number of the step → named terms; ``loss`` is descended, all are logged. The same step must give
            the same batch, so that a resumed fit ends with the weights of one that was never interrupted.
        file : Path
            Of the checkpoint. It stays, so that a finished fit is not repeated.
        log : callable
            Called with named figures and the number of steps done.
        score : callable, optional
            Called with the averaged network after each checkpoint; what it returns is logged.

        Returns
        -------
        Module
            In evaluation mode.

        Raises
        ------
        ConfigError
            If the loss stays infinite or not a number.
        DataError
            If the checkpoint cannot be read or written, or belongs to another network.
        """
        state = _State(self, network.train())
        state.resume(file)
        meter = _Meter(self, state.step)
        while state.step < self.steps:
            meter.add(state.descend(loss(network, state.step)))
            last = state.step == self.steps
            if state.step % _EVERY == 0 or last:
                log(meter.read(state.step), state.step)
            if state.step % self.checkpoint == 0 or last:
                state.save(file)
                if score is not None:
                    log(score(state.average), state.step)
        return state.average


class _State:
    """What a fit carries from step to step: network, average of its weights, optimiser, scheduler, steps done."""

    def __init__(self, schedule: Schedule, network: nn.Module) -> None:
        self.step, self._clip, self._network = 0, schedule.clip, network
        self._averaged = AveragedModel(network, multi_avg_fn=_moving_average(schedule.average), use_buffers=True)
        self._optimiser = torch.optim.AdamW(
            network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
        )
        self._scheduler = LambdaLR(self._optimiser, lambda step: schedule.factor(step))
        self._parts: Mapping[str, Any] = {
            "network": network,
            "averaged": self._averaged,
            "optimiser": self._optimiser,
            "scheduler": self._scheduler,
        }

    @property
    def average(self) -> nn.Module:
        """The averaged network, in evaluation mode."""
        return self._averaged.module.eval()

    def descend(self, terms: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Take a step down the gradient of ``loss``, none where the gradient is not finite; return the terms."""
        self._optimiser.zero_grad(set_to_none=True)
        terms["loss"].backward()
        norm = nn.utils.clip_grad_norm_(self._network.parameters(), self._clip)
        if not bool(norm.isfinite()):
            self._optimiser.zero_grad(set_to_none=True)  # AdamW leaves weights without a gradient as they are
        self._optimiser.step()
        self._scheduler.step()
        self._averaged.update_parameters(self._network)
        self.step += 1
        return terms

    def save(self, file: Path) -> None:
        """Write the checkpoint; the file is whole or not there."""
        buffer = io.BytesIO()
        torch.save({"step": self.step} | {name: part.state_dict() for name, part in self._parts.items()}, buffer)
        try:
            write_atomically(file, buffer.getvalue())
        except OSError as error:
            raise DataError(f"{file}: cannot be written ({error.strerror}); choose another output=") from error

    def resume(self, file: Path) -> None:
        """Take over the checkpoint where there is one."""
        if not file.is_file():
            return
        try:
            kept = torch.load(file, weights_only=True)
            for name, part in self._parts.items():
                part.load_state_dict(kept[name])
            self.step = int(kept["step"])
        except Exception as error:  # a damaged file fails in a dozen ways, from the archive to the shapes inside
            raise DataError(
                f"{file}: damaged, or of another network than this training's; remove it or choose another output="
            ) from error


def _moving_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Return torch's moving average with a decay that is smaller at first, so that the first weights are forgotten."""

    def update(averaged: Any, current: Any, count: Any) -> None:
        done = int(count)
        get_ema_multi_avg_fn(min(decay, (1 + done) / (10 + done)))(averaged, current, count)

    return update


class _Meter:
    """Means of the terms since it was last read, and what is left to do."""

    def __init__(self, schedule: Schedule, first: int) -> None:
        self._schedule, self._first, self._start = schedule, first, time.perf_counter()
        self._seen: list[dict[str, float]] = []
        self._count = 0

    def add(self, terms: Mapping[str, Tensor]) -> None:
        self._count += 1
        figures = {name: float(value.detach()) for name, value in terms.items()}
        if math.isfinite(figures["loss"]):
            self._seen.append(figures)

    def read(self, step: int) -> dict[str, float]:
        """Return the means and reset."""
        if not self._seen:
            raise ConfigError(
                f"schedule.learning_rate={self._schedule.learning_rate}: the loss of the last {self._count} steps is "
                "not finite; choose a smaller rate"
            )
        speed = (step - self._first) / (time.perf_counter() - self._start)
        means = {name: sum(row[name] for row in self._seen) / len(self._seen) for name in self._seen[0]}
        self._seen, self._count = [], 0
        left = (self._schedule.steps - step) / speed / 60
        return means | {"minutes_left": left, "steps_per_second": speed}
