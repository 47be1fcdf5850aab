"""Trains `microflow`: ``mer train flow`` composes ``conf/train/flow.yaml`` and calls this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mer.errors import ConfigError, DataError
from mer.flow.network import GRID, MicroflowNet
from mer.flow.scales import upsampled
from mer.flow.weights_file import load_network, save_weights
from mer.training.flow.benchmark_pairs import benchmark_pairs
from mer.training.flow.pairs import Pairs
from mer.training.flow.training_images import Face, generated, read_faces
from mer.training.keypoints import read_keypoints
from mer.training.loop import Log, Schedule
from mer.types import Dataset, Numbers
from mer.validation import require_device, require_integer, require_number, require_present

__all__ = ["FlowTraining"]

_GLANCE = 4  # pairs per cell of the scores on the way
_ROUND, _SELF = 1e-2, 0.02  # px below which the error counts by its square; share of the confidence in the loss


@dataclass(frozen=True, kw_only=True)
class FlowTraining:
    """Everything that decides what the network becomes.

    Attributes
    ----------
    folder : str
        Faces: ``keypoints.csv`` and ``images/``, see `mer.training.keypoints`.
    held_out_stride : int
        Every n-th subject of the sorted names is held out and scored on.
    frames_per_subject : int
        Frames of one person are near-copies; no more than these are used.
    synthetic : Dataset
        A generator with known flow; not the seed that results are reported on.
    synthetic_pairs : int
        Pairs of it, rendered once at the start.
    pairs : Pairs
        The distribution of motions and degradations.
    start : str or None
        An ``.npz`` of an earlier training to begin from; None: random weights.
    filters, mixtures, widths
        Size of the network, see `MicroflowNet`.
    size : int
        Side of a training pair in pixels, multiple of 16.
    schedule : Schedule
        Its batch counts pairs. Where the rate is level before it falls, a longer training begins like a shorter one.
    stage_weights : sequence of float
        Of the four stages in the loss, coarse to fine.
    floor : float
        Pixels; the error of a pair counts divided by its mean motion plus this.
    score_pairs : int
        Pairs per cell of the final scores.
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
    schedule: Schedule
    stage_weights: Sequence[float]
    floor: float
    score_pairs: int
    seed: int
    threads: int
    device: str

    def __post_init__(self) -> None:
        require_device("train.device", self.device)
        require_present("train.device", self.device)
        require_integer("train.held_out_stride", self.held_out_stride, low=2)
        for name in ("score_pairs", "threads", "frames_per_subject", "synthetic_pairs"):
            require_integer(f"train.{name}", getattr(self, name), low=1)
        require_number("train.floor", self.floor, low=0, above=True)
        if self.size % 16:
            raise ConfigError(f"train.size={self.size}: must be a multiple of 16")

    @property
    def steps(self) -> int:
        """Steps of the schedule."""
        return self.schedule.steps

    def __call__(self, output: Path, log: Log) -> Mapping[str, float]:
        """Train, or resume an interrupted training.

        Parameters
        ----------
        output : Path
            Folder for ``microflow.npz``, as good as it is at each checkpoint, and ``checkpoint.pt``.
        log : callable
            Called now and then with measures and the step.

        Returns
        -------
        mapping
            Mean end-point errors (px) on people held out, by cell, and their mean ``epe``.

        Raises
        ------
        ConfigError
            If no folder is given.
        DataError
            If the faces cannot be read, or `output` holds the training of another network.
        """
        torch.set_num_threads(self.threads)
        known = read_keypoints(self.folder).at_most(self.frames_per_subject)
        seen, unseen = (read_faces(part) for part in known.split(self.held_out_stride))
        ready = generated(self.synthetic, self.synthetic_pairs, np.random.default_rng([self.seed, 1]))
        output.mkdir(parents=True, exist_ok=True)

        def loss(net: nn.Module, step: int) -> Mapping[str, Tensor]:
            frames, truth = self._batch(step, seen, ready)
            return self._loss(cast(MicroflowNet, net).knots(frames[:, :1], frames[:, 1:]), truth)

        def kept(average: nn.Module) -> Mapping[str, float]:
            save_weights(output / "microflow.npz", average.state_dict())
            return self.scores(average, unseen, _GLANCE)

        average = self.schedule.fit(self._network(), loss, output / "checkpoint.pt", log, kept)
        save_weights(output / "microflow.npz", average.state_dict())
        return self.scores(average, unseen, self.score_pairs)

    def scores(self, network: nn.Module, unseen: Sequence[Face], each: int) -> dict[str, float]:
        """Return the mean end-point error (px) per cell of `benchmark_pairs`, and of all as ``epe``."""
        cells: dict[str, list[float]] = {}
        for pair in benchmark_pairs(unseen, each, self.seed):
            frames = torch.from_numpy(np.stack([pair.onset, pair.apex])).to(self.device).float()[:, None, None]
            with torch.no_grad():
                uv = network(frames[0], frames[1])[0][0].permute(1, 2, 0).cpu().numpy()
            name = f"epe_{'degraded' if pair.degraded else 'clean'}_{pair.peak}"
            cells.setdefault(name, []).append(pair.error(uv))
        means = {name: float(np.mean(errors)) for name, errors in sorted(cells.items())}
        return means | {"epe": float(np.mean(list(means.values())))}

    def _network(self) -> MicroflowNet:
        """Return the network with its first weights: random ones, or those of an earlier training."""
        torch.manual_seed(self.seed)
        network = MicroflowNet(self.filters, self.mixtures, self.widths)
        if self.start:
            try:
                network.load_state_dict(load_network(Path(self.start)).state_dict())
            except RuntimeError as error:
                raise DataError(
                    f"train.start={self.start}: weights of another network than filters={self.filters}, "
                    f"mixtures={self.mixtures}, widths={self.widths}; give these settings those of the file"
                ) from error
        return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _batch(
        self, step: int, seen: Sequence[Face], ready: Sequence[tuple[Numbers, Numbers]]
    ) -> tuple[Tensor, Tensor]:
        """Draw the pairs of a step: the same ones whenever that step is taken."""
        rng = np.random.default_rng([self.seed, 2, step])
        drawn = [self.pairs(rng, self.size, seen, ready) for _ in range(self.schedule.batch)]
        frames, flows = (np.stack(part) for part in zip(*drawn, strict=True))
        return torch.from_numpy(frames).to(self.device).float(), torch.from_numpy(flows).to(self.device)

    def _loss(self, stages: Sequence[tuple[Tensor, Tensor]], truth: Tensor) -> Mapping[str, Tensor]:
        """Return the loss of all stages, and the relative error of the last."""
        weight = 1 / (torch.linalg.vector_norm(truth, dim=1).mean(dim=(1, 2)) + self.floor)
        errors = [_error(knots, truth) for knots, _ in stages]
        relative = [(error.mean(dim=(1, 2)) * weight).mean() for error in errors]
        weighted = [share * part for share, part in zip(self.stage_weights, relative, strict=True)]
        width = upsampled(stages[-1][1], GRID)[:, 0]
        surprise = (errors[-1].detach() + _ROUND) * torch.exp(-width) + width
        return {"loss": torch.stack(weighted).sum() + _SELF * surprise.mean(), "relative": relative[-1]}


def _error(knots: Tensor, truth: Tensor) -> Tensor:
    """Return the end-point error (B, H, W) in px, on the grid of the stage's frames, quadratic near zero."""
    coarser = truth.shape[-1] // knots.shape[-1] // GRID
    target = functional.avg_pool2d(truth, coarser) if coarser > 1 else truth
    difference = upsampled(knots, GRID) - target
    return torch.sqrt(difference.square().sum(dim=1) + _ROUND**2) - _ROUND
