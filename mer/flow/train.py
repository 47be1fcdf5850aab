"""Trains `microflow`: `mer train flow` composes ``conf/train/flow.yaml`` and calls this."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mer.checks import require_integer, require_number
from mer.flow.material import Face, faces, generated, held_out
from mer.flow.network import GRID, MicroflowNet, upsampled
from mer.flow.pairs import Pairs
from mer.flow.trials import trials
from mer.flow.weights_file import save_weights
from mer.types import Dataset

__all__ = ["FlowTraining"]

Log = Callable[[Mapping[str, float], int], None]


@dataclass(frozen=True, kw_only=True)
class FlowTraining:
    """Everything that decides what the network becomes.

    Attributes
    ----------
    folder : Path
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
    rate, weight_decay, clip, wild : float
        Of AdamW; norm that a larger gradient is shortened to; norm from which on a step is left out.
    stage_weights : sequence of float
        Of the five stages in the loss, coarse to fine.
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
    filters: int
    mixtures: int
    widths: Any
    size: int
    batch: int
    steps: int
    decay: float
    warmup: int
    rate: float
    weight_decay: float
    clip: float
    wild: float
    stage_weights: Sequence[float]
    floor: float
    average: float
    snapshot: int
    score_pairs: int
    seed: int
    threads: int
    device: str

    def __call__(self, output: Path, log: Log) -> Mapping[str, float]:
        torch.set_num_threads(self.threads)
        output.mkdir(parents=True, exist_ok=True)
        known = faces(Path(self.folder), self.frames_per_subject)
        out = held_out({face.subject for face in known}, self.held_out_stride)
        seen = [face for face in known if face.subject not in out]
        unseen = [face for face in known if face.subject in out]
        ready = generated(self.synthetic, self.synthetic_pairs, np.random.default_rng([self.seed, 1]))
        state = _State(self)
        state.resume(output)
        begun, shown, losses = time.monotonic(), state.step, []
        while state.step < self.steps:
            losses.append(self._step(state, self._drawn(state.step, seen, ready)))
            if state.step % 50 == 0:
                speed = (state.step - shown) / (time.monotonic() - begun)
                log({"loss": float(np.mean(losses)), "steps_a_second": speed, "rate": self.rate_at(state.step), "norm": float(np.median(state.norms)), "norm_max": float(np.max(state.norms))}, state.step)
                state.norms.clear()
                begun, shown, losses = time.monotonic(), state.step, []
            if state.step % self.snapshot == 0 or state.step == self.steps:
                state.save(output)
                scores = self._scores(state.averaged, unseen, 4)
                log(scores, state.step)
        return self._scores(state.averaged, unseen, self.score_pairs)

    def rate_at(self, step: int) -> float:
        left = (self.steps - step) / (self.decay * self.steps)
        return self.rate * min(1.0, (step + 1) / self.warmup, left)

    def _drawn(self, step: int, seen: Sequence[Face], ready: Any) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([self.seed, 2, step])
        drawn = [self.pairs(rng, self.size, seen, ready) for _ in range(self.batch)]
        frames, flows = (np.stack(part) for part in zip(*drawn, strict=True))
        return torch.from_numpy(frames).to(self.device).float(), torch.from_numpy(flows).to(self.device)

    def _step(self, state: Any, drawn: tuple[Tensor, Tensor]) -> float:
        frames, truth = drawn
        for group in state.optimiser.param_groups:
            group["lr"] = self.rate_at(state.step)
        loss, shown = self._loss(state.net.knots(frames[:, :1], frames[:, 1:]), truth)
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(state.net.parameters(), self.clip)
        state.norms.append(float(norm))
        if norm < self.wild:  # a single wild or infinite gradient teaches nothing, and Adam would remember it
            state.optimiser.step()
        state.advance()
        return shown

    def _loss(self, stages: Any, truth: Tensor) -> tuple[Tensor, float]:
        weight = 1 / (torch.linalg.vector_norm(truth, dim=1).mean(dim=(1, 2)) + self.floor)
        total = truth.new_zeros(())
        for share, (knots, log_scale) in zip(self.stage_weights, stages, strict=True):
            step = truth.shape[-1] // knots.shape[-1]
            fine = min(step, GRID)
            target = truth if step == fine else torch.nn.functional.avg_pool2d(truth, step // fine)
            error = torch.sqrt((upsampled(knots, fine) - target).square().sum(dim=1) + 1e-4) - 1e-2
            relative = (error.mean(dim=(1, 2)) * weight).mean()
            total = total + share * relative
        width = upsampled(log_scale, fine)[:, 0]
        surprise = (error.detach() + 1e-2) * torch.exp(-width) + width
        return total + 0.02 * surprise.mean(), float(relative.detach())

    def _scores(self, net: MicroflowNet, unseen: Sequence[Face], each: int) -> dict[str, float]:
        cells: dict[str, list[float]] = {}
        with torch.no_grad():
            for trial in trials(unseen, each, self.seed):
                onset, apex = (torch.from_numpy(f)[None, None].float().to(self.device) for f in (trial.onset, trial.apex))
                uv = net(onset, apex)[0][0].permute(1, 2, 0).cpu().numpy()
                cells.setdefault(f"epe_{'degraded' if trial.degraded else 'clean'}_{trial.peak}", []).append(trial.error(uv))
        means = {name: float(np.mean(errors)) for name, errors in sorted(cells.items())}
        return means | {"epe": float(np.mean(list(means.values())))}


class _State:
    """Network, running average and optimiser, with the file that a stopped training goes on from."""

    def __init__(self, training: FlowTraining) -> None:
        torch.manual_seed(training.seed)
        size = {"filters": training.filters, "mixtures": training.mixtures, "widths": training.widths}
        self.net, self.averaged = (
            MicroflowNet(**size).to(training.device, memory_format=torch.channels_last) for _ in range(2)
        )
        self.averaged.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=1.0, weight_decay=training.weight_decay)
        self.average, self.step, self.norms = training.average, 0, []

    def advance(self) -> None:
        self.step += 1
        keep = min(self.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            mine, own = list(self.averaged.parameters()), list(self.net.parameters())
            torch._foreach_lerp_(mine, own, 1 - keep)

    def resume(self, output: Path) -> None:
        path = output / "checkpoint.pt"
        if path.is_file():
            kept = torch.load(path, weights_only=True)
            self.step = kept["step"]
            self.net.load_state_dict(kept["net"])
            self.averaged.load_state_dict(kept["averaged"])
            self.optimiser.load_state_dict(kept["optimiser"])

    def save(self, output: Path) -> None:
        kept = {"step": self.step, "net": self.net.state_dict(), "averaged": self.averaged.state_dict()}
        torch.save(kept | {"optimiser": self.optimiser.state_dict()}, output / "checkpoint.new")
        (output / "checkpoint.new").replace(output / "checkpoint.pt")
        save_weights(output / "microflow.npz", self.averaged.state_dict())
