"""What the bench of stability compares: predictions and chosen settings between runs, and stages between processors."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from mer.errors import DataError, MerError
from mer.metrics import score
from mer.pipeline import ClipView, Features
from mer.run.experiment import Experiment
from mer.run.predictions import write_folds, write_predictions
from mer.store.predictions import read_predictions
from mer.types import FeatureTable, Manifest, Numbers

__all__ = [
    "Observed",
    "Parting",
    "Processor",
    "differing",
    "folds_alike",
    "largest_difference",
    "noisy_runs",
    "observe",
    "part",
    "spread",
]

_NOT_CHOSEN = ("subject", "inner_score", "seconds")  # columns of folds.csv that are no settings


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What one run predicted and chose.

    Attributes
    ----------
    uf1 : float
    predictions : mapping of str to str
        Class that was predicted, by sample id.
    settings : mapping of str to tuple of str
        What the search chose, by fold.
    """

    uf1: float
    predictions: Mapping[str, str]
    settings: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Processor:
    """One of two processors: its experiment, which finds its results in the cache, with its manifest and features."""

    experiment: Experiment
    manifest: Manifest
    features: Features


@dataclass(frozen=True, kw_only=True)
class Parting:
    """At which stage two processors part.

    Attributes
    ----------
    landmarks_px, flow_px : float
        Largest difference of a coordinate of the aligned landmarks, and of a component of the flow after head-motion
        removal; NaN where there are no landmarks.
    images, flows, rows : int
        Clips whose aligned images, flow and feature rows are identical in all bits.
    clips : int
    """

    landmarks_px: float
    images: int
    flow_px: float
    flows: int
    rows: int
    clips: int


def observe(folder: Path) -> Observed:
    """Read predictions.csv and folds.csv of a run's folder."""
    found = read_predictions(folder / "predictions.csv")
    named = [found.classes[number] for number in found.y_pred]
    with (folder / "folds.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Observed(
        uf1=score(found.y_true, found.y_pred, len(found.classes), "uf1"),
        predictions=dict(zip(found.sample_id.tolist(), named, strict=True)),
        settings={row["subject"]: tuple(row[name] for name in row if name not in _NOT_CHOSEN) for row in rows},
    )


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> int:
    """Return how many clips two runs predict differently; a clip that only one of them has counts, too."""
    return sum(one.get(clip) != other.get(clip) for clip in one.keys() | other.keys())


def largest_difference(runs: Sequence[Observed]) -> int:
    """Return the largest number of predictions that differ between any two runs."""
    return max((differing(a.predictions, b.predictions) for a, b in combinations(runs, 2)), default=0)


def folds_alike(runs: Sequence[Observed]) -> tuple[int, int]:
    """Return in how many folds all runs chose the same settings, and how many folds there are."""
    folds = set().union(*(run.settings for run in runs))
    return sum(len({run.settings.get(fold) for run in runs}) == 1 for fold in folds), len(folds)


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the standard deviation of a sample (n − 1 in the denominator; NaN for one value), minimum and maximum."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return sd, min(values), max(values)


def noisy_runs(side: Processor, folder: Path, *, tables: int, noise: float) -> Iterator[Observed]:
    """Evaluate the features again and again, each time with other noise on them; folds and search stay the same.

    Parameters
    ----------
    side : Processor
    folder : Path
        For the tables of each evaluation; must exist.
    tables : int
    noise : float
        Standard deviation of the factor around 1 that multiplies each feature.
    """
    experiment, features = side.experiment, side.features
    for number in range(tables):
        rng = np.random.default_rng(number)
        result = experiment.evaluation(
            _noisy(features.table, rng, noise),
            experiment.svm,
            experiment.tuning,
            seed=experiment.seed,
            key="stability",
            workers=experiment.workers,
            mirrored=None if features.mirrored is None else _noisy(features.mirrored, rng, noise),
        )
        write_predictions(folder / "predictions.csv", result)
        write_folds(folder / "folds.csv", result.folds)
        yield observe(folder)


def _noisy(table: FeatureTable, rng: np.random.Generator, noise: float) -> FeatureTable:
    return replace(table, X=(table.X * (1 + noise * rng.standard_normal(table.X.shape))).astype(table.X.dtype))


def part(one: Processor, other: Processor) -> Parting:
    """Compare the stages of two processors, clip by clip; a clip that only one of them has is not identical."""
    rows = [_rows(side.features) for side in (one, other)]
    shared = [sample for sample in one.manifest.samples if all(sample.id in known for known in rows)]
    if not shared:
        raise DataError("mer bench stability: no clip is usable on both processors; see excluded.csv with keep=DIR")
    found = []
    for sample in shared:
        views = (one.experiment.pipeline.view(sample), other.experiment.pipeline.view(sample))
        found.append([*_compared(*views), np.array_equal(rows[0][sample.id], rows[1][sample.id])])
    _require_kept(one, other)
    landmarks, images, flow, flows, alike = np.array(found, dtype=np.float64).T
    return Parting(
        landmarks_px=float(landmarks.max()),
        images=int(images.sum()),
        flow_px=float(flow.max()),
        flows=int(flows.sum()),
        rows=int(alike.sum()),
        clips=len(rows[0].keys() | rows[1].keys()),
    )


def _rows(features: Features) -> dict[str, Numbers]:
    tables = [features.table.X] if features.mirrored is None else [features.table.X, features.mirrored.X]
    return dict(zip(features.table.sample_id.tolist(), np.concatenate(tables, axis=1), strict=True))


def _compared(a: ClipView, b: ClipView) -> tuple[float, bool, float, bool]:
    """Return of one clip: px between landmarks, whether images are identical, px between flows, whether identical."""
    landmarks, images = float("nan"), False
    if a.pair is not None and b.pair is not None:
        landmarks = _apart(a.pair.landmarks.xy, b.pair.landmarks.xy)
        images = np.array_equal(a.pair.onset, b.pair.onset) and np.array_equal(a.pair.apex, b.pair.apex)
    return landmarks, images, _apart(a.flow.uv, b.flow.uv), np.array_equal(a.flow.uv, b.flow.uv)


def _apart(a: Numbers, b: Numbers) -> float:
    return float(np.abs(a.astype(np.float64) - b).max())


def _require_kept(*sides: Processor) -> None:
    """Refuse a comparison of what this process has computed itself, with its own processor, in the place of others."""
    for side in sides:
        computed = [stage for stage, seconds in side.experiment.pipeline.timer.seconds.items() if seconds]
        if computed:
            raise MerError(
                f"mer bench stability: {', '.join(computed)} of {side.experiment.home} had to be computed again, so "
                "that the stages of the processors cannot be compared; leave that folder alone while the bench runs"
            )
