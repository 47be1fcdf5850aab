"""What `mer bench flow` measures: error by cell and by magnitude, noise, large motion, synthetic truth, time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter

from mer.config.composition import component
from mer.training.flow.benchmark_pairs import BenchmarkPair, benchmark_pairs
from mer.training.flow.fields import Fields
from mer.training.flow.pairs import sampled
from mer.training.flow.training_images import SIDE, Face, read_faces
from mer.training.images import texture
from mer.training.keypoints import read_keypoints
from mer.types import FlowBackbone, Image, Numbers

__all__ = ["EDGES", "Measured", "large_motion", "measure", "noise_pairs", "synthetic_truth", "unseen_faces"]

EDGES = np.concatenate([[0], np.geomspace(0.03, 4.0, 13)])  # px, of the bins of true magnitude
_SEED = 20
Cell = tuple[float, bool]
Truth = tuple[Image, Image, NDArray[np.float32]]


@dataclass
class Measured:
    """Results of one method: mean end-point errors in px, milliseconds per pair."""

    cells: dict[Cell, list[float]] = field(default_factory=dict)
    by_magnitude: dict[bool, NDArray[np.float64]] = field(default_factory=dict)  # sums and counts (2, bins)
    times: list[float] = field(default_factory=list)
    noise: float = 0.0
    large: float = 0.0
    synthetic: float = 0.0

    @property
    def table(self) -> dict[Cell, float]:
        """Mean error of every cell."""
        return {cell: float(np.mean(errors)) for cell, errors in self.cells.items()}

    @property
    def mean(self) -> float:
        """Mean over the cells."""
        return float(np.mean(list(self.table.values())))

    def curve(self, degraded: bool) -> NDArray[np.float64]:
        """Return the mean error in every bin of true magnitude; NaN where no pixel fell."""
        total, count = self.by_magnitude[degraded]
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def measure(flow: FlowBackbone, pool: Sequence[Face], each: int, others: Mapping[str, Sequence[Truth]]) -> Measured:
    """Measure one method on `each` pairs per cell and on `others`: ``noise``, ``large``, ``synthetic``."""
    found = Measured()
    for pair in benchmark_pairs(pool, each, _SEED):
        if not found.times:
            flow(pair.onset, pair.apex)  # the first call may load weights
        started = time.perf_counter()
        uv = flow(pair.onset, pair.apex).uv
        found.times.append(1e3 * (time.perf_counter() - started))
        found.cells.setdefault((pair.peak, pair.degraded), []).append(pair.error(uv))
        _add(found, pair, uv)
    for name, truths in others.items():
        errors = [np.hypot(*np.moveaxis(flow(a, b).uv - uv, -1, 0)).mean() for a, b, uv in truths]
        setattr(found, name, float(np.mean(errors)))
    return found


def _add(found: Measured, pair: BenchmarkPair, uv: Numbers) -> None:
    error = np.hypot(*np.moveaxis(uv - pair.flow, -1, 0))[pair.inside]
    which = np.digitize(np.hypot(*np.moveaxis(pair.flow, -1, 0))[pair.inside], EDGES[1:-1])
    bins = len(EDGES) - 1
    sums = np.stack([np.bincount(which, error, bins), np.bincount(which, minlength=bins)])
    found.by_magnitude[pair.degraded] = found.by_magnitude.get(pair.degraded, np.zeros((2, bins))) + sums


def unseen_faces(folder: str, stride: int) -> list[Face]:
    """Return real faces that no training saw, or generated ones where there is no folder."""
    if folder:
        return read_faces(read_keypoints(folder).at_most(6).split(stride)[1])
    dataset = component("dataset", "synthetic", subjects=8, clips=1, noise=0.0, flicker=0.0, jpeg=None)
    return [Face(s.clip.read(s.onset), s.clip.landmarks(s.onset).xy, s.subject) for s in dataset.load().samples]


def noise_pairs(pool: Sequence[Face], count: int, sigma: float = 2.0) -> Iterator[Truth]:
    """Show one frame twice with fresh noise; the truth is zero."""
    rng = np.random.default_rng(_SEED)
    for face in pool[:: max(1, len(pool) // count)][:count]:
        a, b = (
            np.clip(np.rint(face.image + sigma * rng.standard_normal(face.image.shape)), 0, 255).astype(np.uint8)
            for _ in range(2)
        )
        yield a, b, np.zeros((*face.image.shape, 2), np.float32)


def large_motion(count: int) -> Iterator[Truth]:
    """Move made-up textures by smooth fields, bumps and drift of up to 8 px."""
    fields = Fields(
        shares={"bumps": 1, "smooth": 1, "drift": 1},
        bumps=(1, 4),
        peak=(2.0, 8.0),
        width=(16.0, 60.0),
        drift_share=0.3,
        drift=(2.0, 8.0),
    )
    for k in range(count):
        rng = np.random.default_rng([_SEED, k])
        scene = spline_filter(texture(rng, SIDE + 32), output=np.float32, mode="mirror")
        flow = fields(rng, SIDE, None)
        flow *= min(1.0, 8.0 / float(np.hypot(*np.moveaxis(flow, -1, 0)).max()))
        first, second = np.clip(np.rint(sampled(scene, np.array([[1, 0, 16], [0, 1, 16]], np.float32), flow)), 0, 255)
        yield first.astype(np.uint8), second.astype(np.uint8), flow


def synthetic_truth(count: int) -> Iterator[Truth]:
    """Return onset, apex and exact flow of clips of the data set ``synthetic``, as shipped, of different people."""
    samples = component("dataset", "synthetic").load().samples
    for sample in samples[:: max(1, len(samples) // count)][:count]:
        clip = sample.clip
        yield clip.read(sample.onset), clip.read(sample.apex), clip.true_flow(sample.onset, sample.apex).uv
