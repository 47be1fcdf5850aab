"""Trains `microflow`: ``mer train flow`` composes ``conf/train/flow.yaml`` and calls this."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mer.checks import require_integer, require_number
from mer.device import require_device, require_present
from mer.errors import ConfigError
from mer.flow.network import GRID, MicroflowNet, upsampled
from mer.training.flow.benchmark_pairs import trials
from mer.training.flow.pairs import Pairs
from mer.training.flow.training_images import Face, faces, generated, held_out
from mer.training.flow.training_state import TrainingState
from mer.types import Dataset

__all__ = ["FlowTraining"]

Log = Callable[[Mapping[str, float], int], None]
_SAY, _GLANCE = 50, 4  # steps between two lines; pairs a cell of the scores on the way
_ROUND, _SELF = 1e-2, 0.02  # px below which the error counts by its square; share of the confidence in the loss


@dataclass(frozen=True, kw_only=True)
class FlowTraining:
    """Everything that decides what the network becomes.

    Attributes
    ----------
    folder : str
        Faces: ``keypoints.csv`` and ``images/``.
    held_out_stride : int
        Every n-th subject of the sorted names is kept out and scored on.
    frames_per_subject : int
        Frames of one person are near-copies; no more than these are taken.
    synthetic : Dataset
        A generator that knows its truth, of another seed than what results are reported on.
    synthetic_pairs : int
        Pairs of it, rendered once at the start.
    pairs : Pairs
        The distribution of motions and degradations.
    start : str or None
        An ``.npz`` of an earlier training to begin from; None: random weights.
    filters, mixtures, widths
        Size of the network, see `MicroflowNet`.
    size, batch : int
        Side of a training pair in pixels, multiple of 16; pairs a step.
    steps : int
        All steps. The rate is constant until the last `decay` of them, so a longer training begins like a shorter one.
    decay : float
        Share of the steps over which the rate falls to zero.
    warmup : int
        Steps over which it rises.
    rate, weight_decay, clip : float
        Of AdamW; norm that a larger gradient is shortened to.
    stage_weights : sequence of float
        Of the four stages in the loss, coarse to fine.
    floor : float
        Pixels; the error of a pair counts divided by its mean motion plus this.
    average : float
        Decay of the running average of the weights, which is what is saved.
    snapshot : int
        Steps between two checkpoints.
    score_pairs : int
        Pairs a cell of the final scores.
    seed, threads : int
    device : str
        ``cpu`` or ``cuda``.
    """

    folder: str
    held_out_stride: int
    frames_per_subject: int
    synthetic: Dataset
    synthetic_pairs: int
    pairs: Pairs
    start: str | None
    filters: int
    mixtures: int
    widths: Sequence[Sequence[int]]
    size: int
    batch: int
    steps: int
    decay: float
    warmup: int
    rate: float
    weight_decay: float
    clip: float
    stage_weights: Sequence[float]
    floor: float
    average: float
    snapshot: int
    score_pairs: int
    seed: int
    threads: int
    device: str

    def __post_init__(self) -> None:
        require_device("train.device", self.device)
        require_present("train.device", self.device)
        require_integer("train.held_out_stride", self.held_out_stride, low=2)
        for name in ("batch", "steps", "warmup", "snapshot", "score_pairs", "threads", "frames_per_subject"):
            require_integer(f"train.{name}", getattr(self, name), low=1)
        for name in ("rate", "clip", "floor"):
            require_number(f"train.{name}", getattr(self, name), low=0, above=True)
        require_number("train.decay", self.decay, low=0, high=1, above=True)
        if self.size % 16:
            raise ConfigError(f"train.size={self.size}: must be a multiple of 16")

    def __call__(self, output: Path, log: Log) -> Mapping[str, float]:
        """Train, or go on where a stopped training was.

        Parameters
        ----------
        output : Path
            Folder for ``microflow.npz`` and ``checkpoint.pt``.
        log : callable
            Called now and then with measures and the step.

        Returns
        -------
        mapping
            Mean end-point errors (px) on people held out, by cell, and their mean ``epe``.

        Raises
        ------
        ConfigError
            Where no folder is given.
        DataError
            Where the faces cannot be read, or `output` holds the training of another network.
        """
        if not self.folder:
            raise ConfigError("train.folder is not set: give train.folder=FOLDER with keypoints.csv and images/")
        torch.set_num_threads(self.threads)
        output.mkdir(parents=True, exist_ok=True)
        known = faces(Path(self.folder), self.frames_per_subject)
        out = held_out({face.subject for face in known}, self.held_out_stride)
        unseen = [face for face in known if face.subject in out]
        size = (self.filters, self.mixtures, self.widths)
        state = TrainingState(size, self.seed, self.device, self.average, self.weight_decay)
        if self.start:
            state.begin_from(Path(self.start))
        state.resume(output)
        self._train(state, [face for face in known if face.subject not in out], unseen, output, log)
        return self.scores(state.averaged, unseen, self.score_pairs)

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step: up, level, and down to zero along straight lines."""
        left = (self.steps - step) / (self.decay * self.steps)
        return self.rate * min(1.0, (step + 1) / self.warmup, left)

    def scores(self, net: MicroflowNet, unseen: Sequence[Face], each: int) -> dict[str, float]:
        """Return the mean end-point error (px) per cell of `benchmark_pairs`, and of all as ``epe``."""
        cells: dict[str, list[float]] = {}
        for trial in trials(unseen, each, self.seed):
            frames = torch.from_numpy(np.stack([trial.onset, trial.apex])).to(self.device).float()[:, None, None]
            with torch.no_grad():
                uv = net(frames[0], frames[1])[0][0].permute(1, 2, 0).cpu().numpy()
            name = f"epe_{'degraded' if trial.degraded else 'clean'}_{trial.peak}"
            cells.setdefault(name, []).append(trial.error(uv))
        means = {name: float(np.mean(errors)) for name, errors in sorted(cells.items())}
        return means | {"epe": float(np.mean(list(means.values())))}

    def _train(
        self, state: TrainingState, seen: Sequence[Face], unseen: Sequence[Face], output: Path, log: Log
    ) -> None:
        ready = generated(self.synthetic, self.synthetic_pairs, np.random.default_rng([self.seed, 1]))
        begun, losses = time.monotonic(), []
        while state.step < self.steps:
            frames, truth = self._drawn(state.step, seen, ready)
            loss, shown = self._loss(state.net.knots(frames[:, :1], frames[:, 1:]), truth)
            state.descend(loss, self.rate_at(state.step), self.clip)
            losses.append(shown)
            if state.step % _SAY == 0:
                speed = len(losses) / (time.monotonic() - begun)
                log({"loss": float(np.median(losses)), "steps_a_second": speed}, state.step)
                begun, losses = time.monotonic(), []
            if state.step % self.snapshot == 0 or state.step == self.steps:
                state.save(output)
                log(self.scores(state.averaged, unseen, _GLANCE), state.step)

    def _drawn(self, step: int, seen: Sequence[Face], ready: Sequence[tuple[Any, Any]]) -> tuple[Tensor, Tensor]:
        """Draw the pairs of a step: the same ones whenever that step is taken."""
        rng = np.random.default_rng([self.seed, 2, step])
        drawn = [self.pairs(rng, self.size, seen, ready) for _ in range(self.batch)]
        frames, flows = (np.stack(part) for part in zip(*drawn, strict=True))
        return torch.from_numpy(frames).to(self.device).float(), torch.from_numpy(flows).to(self.device)

    def _loss(self, stages: Sequence[tuple[Tensor, Tensor]], truth: Tensor) -> tuple[Tensor, float]:
        """Return the loss of all stages, and the relative error of the last."""
        weight = 1 / (torch.linalg.vector_norm(truth, dim=1).mean(dim=(1, 2)) + self.floor)
        errors = [_error(knots, truth) for knots, _ in stages]
        relative = [(error.mean(dim=(1, 2)) * weight).mean() for error in errors]
        total = sum(share * part for share, part in zip(self.stage_weights, relative, strict=True))
        width = upsampled(stages[-1][1], GRID)[:, 0]
        surprise = (errors[-1].detach() + _ROUND) * torch.exp(-width) + width
        return total + _SELF * surprise.mean(), float(relative[-1].detach())


def _error(knots: Tensor, truth: Tensor) -> Tensor:
    """Return the end-point error (B, H, W) in px, on the grid of the stage's frames, quadratic near zero."""
    coarser = truth.shape[-1] // knots.shape[-1] // GRID
    target = functional.avg_pool2d(truth, coarser) if coarser > 1 else truth
    difference = upsampled(knots, GRID) - target
    return torch.sqrt(difference.square().sum(dim=1) + _ROUND**2) - _ROUND
