"""The files in a run's folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mer import metrics
from mer.pipeline import Features, Pipeline
from mer.report.figures.drawing import Drawing
from mer.run import predictions
from mer.run.region_table import region_rows, region_text
from mer.run.trial_table import trial_table
from mer.store.predictions import read_predictions
from mer.types import Card, LosoResult, Manifest, Metrics, Sample

if TYPE_CHECKING:
    from mer.run.experiment import Experiment

__all__ = ["begin_figures", "draw_clip", "write"]


def write(
    folder: Path,
    experiment: Experiment,
    features: Features,
    result: LosoResult,
    card: Card,
    figures: Drawing,
    *,
    every_figure: bool,
) -> Metrics:
    """Write all files of a run, with the figures that were begun.

    Parameters
    ----------
    folder : Path
        Empty.
    every_figure : bool
        If False, only the confusion matrix is drawn.

    Returns
    -------
    dict
        The content of metrics.json, computed only from predictions.csv.
    """
    predictions.write_predictions(folder / "predictions.csv", result)
    predictions.write_folds(folder / "folds.csv", result.folds)
    summary = metrics.from_predictions(
        read_predictions(folder / "predictions.csv"),
        draws=experiment.evaluation.draws,
        seed=experiment.seed,
        method=experiment.evaluation.interval,
    )
    figures.begin("confusion.png", "confusion", metrics=summary)
    if trials := trial_table(result.folds):
        (folder / "trials.csv").write_text(trials, encoding="utf-8")
        if every_figure:
            figures.begin("search.png", "search", text=trials)
    _json(folder / "metrics.json", summary)
    _json(folder / "protocol.json", card)
    (folder / "config.yaml").write_text(experiment.config, encoding="utf-8")
    _excluded(folder / "excluded.csv", features)
    (folder / "regions.csv").write_text(_regions(experiment, features), encoding="utf-8")
    (folder / "figures").mkdir()
    figures.write(folder / "figures")
    return summary


def begin_figures(figures: Drawing, experiment: Experiment, manifest: Manifest, features: Features) -> None:
    """Start the figures that need no predictions: the motion of the regions, and a clip."""
    figures.begin("regions.png", "regions", text=_regions(experiment, features))
    figures.begin("clip.png", "clip", **_clip(experiment.pipeline, _telling_clip(manifest, features)))


def _regions(experiment: Experiment, features: Features) -> str:
    unit = _unit(experiment.pipeline)
    return region_text(region_rows(features.table, features.regions, features.motion, unit=unit))


def _json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _excluded(path: Path, features: Features) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sample_id", "reason"])
        writer.writerows([exclusion.sample_id, exclusion.reason] for exclusion in features.excluded)


def draw_clip(path: Path, pipeline: Pipeline, sample: Sample) -> None:
    """Draw one clip as the pipeline sees it: frames, landmarks and regions, flow, histograms."""
    from mer.report.figures import clip

    clip.draw(path, **_clip(pipeline, sample))


def _clip(pipeline: Pipeline, sample: Sample) -> dict[str, Any]:
    """Return what `mer.report.figures.clip.draw` shows of a clip."""
    view = pipeline.view(sample)
    roses = getattr(pipeline.stages.descriptor, "roses", None)
    drawn, angles = roses(view.flow, view.regions) if roses else (None, None)
    return {
        "title": f"{view.sample.id} · {view.sample.label}",
        "onset": view.pair.onset if view.pair else None,
        "apex": view.pair.apex if view.pair else None,
        "landmarks": view.pair.landmarks if view.pair else None,
        "flow": view.flow,
        "regions": view.regions,
        "roses": drawn,
        "angles": angles,
        "unit": _unit(pipeline),
    }


def _unit(pipeline: Pipeline) -> str:
    return "px" if pipeline.dataset.entry == "frames" else "units of the release"


def _telling_clip(manifest: Manifest, features: Features) -> Sample:
    """Return the clip with the strongest features, whose motion is visible."""
    strength = np.linalg.norm(features.table.X.astype(np.float64), axis=1)
    name = features.table.sample_id[int(np.argmax(strength))]
    return next(sample for sample in manifest.samples if sample.id == name)
