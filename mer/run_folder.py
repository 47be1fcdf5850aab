"""The folder of a run: written beside its place, then moved there, so that a folder is whole or holds nothing new."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mer import metrics, predictions
from mer.errors import DataError, reason
from mer.pipeline import Features, Pipeline
from mer.region_table import region_rows, region_text
from mer.report.drawing import Drawing
from mer.trial_table import trial_table
from mer.types import LosoResult, Manifest, Sample

if TYPE_CHECKING:
    from mer.run import Experiment

__all__ = ["begin_figures", "draw_clip", "write"]


def write(
    folder: Path,
    experiment: Experiment,
    features: Features,
    result: LosoResult,
    card: Mapping[str, Any],
    figures: Drawing,
    *,
    every_figure: bool,
) -> dict[str, Any]:
    """Write everything that a user keeps of a run, with the figures that were begun.

    Without `every_figure`, the confusion matrix is the only one that is drawn here.

    Returns
    -------
    dict
        The content of metrics.json, computed from predictions.csv alone.

    Raises
    ------
    DataError
        Where the disk is full or the folder cannot be written.
    """
    with _staging(folder) as staging:
        predictions.write_predictions(staging / "predictions.csv", result)
        predictions.write_folds(staging / "folds.csv", result.folds)
        summary = metrics.from_predictions(
            staging / "predictions.csv",
            draws=experiment.evaluation.draws,
            seed=experiment.seed,
            method=experiment.evaluation.interval,
        )
        figures.begin("confusion.png", "confusion", metrics=summary)
        if trials := trial_table(result.folds):
            (staging / "trials.csv").write_text(trials, encoding="utf-8")
            if every_figure:
                figures.begin("search.png", "search", text=trials)
        _json(staging / "metrics.json", summary)
        _json(staging / "protocol.json", card)
        (staging / "config.yaml").write_text(experiment.config, encoding="utf-8")
        _excluded(staging / "excluded.csv", features)
        (staging / "regions.csv").write_text(_regions(experiment, features), encoding="utf-8")
        (staging / "figures").mkdir()
        figures.write(staging / "figures")
    return summary


def begin_figures(figures: Drawing, experiment: Experiment, manifest: Manifest, features: Features) -> None:
    """Begin what can be drawn before anything is predicted: the motion of the regions, and a clip."""
    figures.begin("regions.png", "regions", text=_regions(experiment, features))
    figures.begin("clip.png", "clip", **_clip(experiment.pipeline, _telling_clip(manifest, features)))


def _regions(experiment: Experiment, features: Features) -> str:
    unit = _unit(experiment.pipeline)
    return region_text(region_rows(features.table, features.regions, features.motion, unit=unit))


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
            yield Path(name)
            folder.mkdir(exist_ok=True)
            for path in sorted(Path(name).iterdir()):
                _replace(path, folder / path.name)
    except OSError as error:
        raise DataError(
            f"cannot write the run's folder {folder}: {reason(error)}; free some space or choose hydra.run.dir=OUT"
        ) from error


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)


def _json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _excluded(path: Path, features: Features) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sample_id", "reason"])
        writer.writerows([exclusion.sample_id, exclusion.reason] for exclusion in features.excluded)


def draw_clip(path: Path, pipeline: Pipeline, sample: Sample) -> None:
    """Draw one clip as the pipeline sees it: frames, landmarks and regions, flow, histograms."""
    from mer.report import clip

    clip.draw(path, **_clip(pipeline, sample))


def _clip(pipeline: Pipeline, sample: Sample) -> dict[str, Any]:
    """Return what `mer.report.clip.draw` shows of a clip."""
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
    """Return the clip of the strongest features: motion that a reader can see."""
    strength = np.linalg.norm(features.table.X.astype(np.float64), axis=1)
    name = features.table.sample_id[int(np.argmax(strength))]
    return next(sample for sample in manifest.samples if sample.id == name)
