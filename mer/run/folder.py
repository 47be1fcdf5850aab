"""The files in a run's folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mer import metrics
from mer.pipeline import Features, Pipeline
from mer.report.figures.drawing import Drawing
from mer.run import predictions
from mer.run.record import name
from mer.run.region_table import region_rows, region_text
from mer.run.trial_table import trial_table
from mer.store.predictions import read_predictions
from mer.types import Card, LosoResult, Manifest, Metrics, Sample

if TYPE_CHECKING:
    from mer.run.experiment import Experiment

__all__ = ["begin_figures", "draw_clip", "predicted", "telling_clip", "write"]

_KINDS = ("png", "svg", "pdf")  # of the figures of a single run; a cell of a sweep has the first
# What the petals of a clip's histograms add up, by the descriptor's weight.
_PETALS = {
    "magnitude": "sum of |flow|, {unit}",
    "log1p": "sum of log(1 + |flow|)",
    "count": "number of pixels",
    "strain": "sum of optical strain",
}


def write(
    folder: Path,
    experiment: Experiment,
    features: Features,
    result: LosoResult,
    card: Card,
    figures: Drawing,
    *,
    shown: Sample | None,
) -> Metrics:
    """Write all files of a run, with the figures that were begun.

    Parameters
    ----------
    folder : Path
        Empty.
    shown : Sample or None
        The clip that is drawn; with None, only the confusion matrix is drawn, and only as a PNG.

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
    kinds = _KINDS if shown is not None else _KINDS[:1]
    title = f"{experiment.pipeline.dataset.name} · {name(experiment)}"
    figures.begin("confusion", "confusion", kinds=kinds, metrics=summary, title=title)
    if shown is not None:
        said = _said(result, shown.id)
        figures.begin("clip", "clip", kinds=("png", "pdf"), **_clip(experiment.pipeline, shown, said))
    if trials := trial_table(result.folds):
        (folder / "trials.csv").write_text(trials, encoding="utf-8")
        if shown is not None:
            figures.begin("search", "search", kinds=kinds, text=trials)
    _json(folder / "metrics.json", summary)
    _json(folder / "protocol.json", card)
    (folder / "config.yaml").write_text(experiment.config, encoding="utf-8")
    _excluded(folder / "excluded.csv", features)
    (folder / "regions.csv").write_text(_regions(experiment, features), encoding="utf-8")
    (folder / "figures").mkdir()
    figures.write(folder / "figures")
    return summary


def begin_figures(figures: Drawing, experiment: Experiment, features: Features, shown: Sample) -> None:
    """Start the figure that needs no predictions: the motion of the regions, with a map of them."""
    regions = experiment.pipeline.view(shown).regions
    figures.begin("regions", "regions", kinds=_KINDS, text=_regions(experiment, features), shown=regions)


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


def draw_clip(path: Path, pipeline: Pipeline, sample: Sample, said: str = "") -> None:
    """Draw one clip as the pipeline sees it: frames, landmarks and regions, flow, histograms; `said` ends its title."""
    from mer.report.figures import clip

    clip.draw(path, **_clip(pipeline, sample, said))


def _said(result: LosoResult, sample_id: str) -> str:
    """Return the class that a clip was assigned to, and its score."""
    fold = next(fold for fold in result.folds if sample_id in fold.sample_id)
    at = fold.sample_id.index(sample_id)
    return predicted(result.table.classes, int(fold.y_pred[at]), fold.scores[at])


def predicted(classes: Sequence[str], chosen: int, scores: NDArray[np.float64]) -> str:
    """Return words for a prediction, such as ``predicted: surprise, score 2.13``."""
    score = float(scores[chosen]) if chosen < len(scores) else np.nan  # a combination of classes has none
    return f"predicted: {classes[chosen]}" + (f", score {score:.2f}" if np.isfinite(score) else "")


def _clip(pipeline: Pipeline, sample: Sample, said: str) -> dict[str, Any]:
    """Return what `mer.report.figures.clip.draw` shows of a clip."""
    view = pipeline.view(sample)
    roses = getattr(pipeline.stages.descriptor, "roses", None)
    drawn, angles = roses(view.flow, view.regions) if roses else (None, None)
    return {
        "title": " · ".join(filter(None, (view.sample.id, view.sample.label, said))),
        "onset": view.pair.onset if view.pair else None,
        "apex": view.pair.apex if view.pair else None,
        "landmarks": view.pair.landmarks if view.pair else None,
        "flow": view.flow,
        "regions": view.regions,
        "roses": drawn,
        "angles": angles,
        "petal": _PETALS.get(getattr(pipeline.stages.descriptor, "weight", ""), "").format(unit=_unit(pipeline)),
        "unit": _unit(pipeline),
    }


def _unit(pipeline: Pipeline) -> str:
    return "px" if pipeline.dataset.entry == "frames" else "units of the release"


def telling_clip(manifest: Manifest, features: Features) -> Sample:
    """Return the clip with the strongest features, whose motion is visible."""
    strength = np.linalg.norm(features.table.X.astype(np.float64), axis=1)
    strongest = features.table.sample_id[int(np.argmax(strength))]
    return next(sample for sample in manifest.samples if sample.id == strongest)
