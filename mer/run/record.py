"""What MLflow gets of a run: factors as params, identity as tags, scores as metrics, folds as steps."""

from __future__ import annotations

import csv
import io
import math
import os
import platform
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mer.pipeline import Features
from mer.run.provenance import commit
from mer.types import LosoResult, Manifest, Metrics

if TYPE_CHECKING:
    from mer.run.experiment import Experiment

__all__ = ["data", "name", "numbers", "params", "per_subject", "series", "source_of", "tags"]

_DATA = ("dataset.", "evaluation.", "protocol.")  # settings that are not part of a name
_ABSENT = "none"  # option of a group that the run does not use, so that every run has the same keys


def name(experiment: Experiment) -> str:
    """Return the run's name, which need not be unique: ``dis mdmo36 hoof bins=8``."""
    chosen = [experiment.choices[group] for group in ("flow", "roi", "descriptor") if group in experiment.choices]
    named = [f"{key.split('.')[-1]}={value}" for key, value in _named(experiment).items() if not key.startswith(_DATA)]
    return " ".join([*chosen, *named])


def params(experiment: Experiment, groups: Sequence[str]) -> dict[str, str]:
    """Return every group's option under its name, the seed, and every setting that the command names.

    All cells of a sweep have the same keys, so that MLflow's compare page and parallel coordinates show the factors of
    the study and nothing that only follows from them; config.yaml has all settings.
    """
    return (
        dict.fromkeys(groups, _ABSENT) | dict(experiment.choices) | {"seed": str(experiment.seed)} | _named(experiment)
    )


def _named(experiment: Experiment) -> dict[str, str]:
    """Return the settings of a group that the command names, with their values in this run."""
    words = [word.lstrip("+").split("=", 1) for word in shlex.split(experiment.command) if "=" in word]
    flat = {key: text for group, fields in experiment.settings.items() for key, text in _flat(group, fields)}
    # descriptor@descriptor.descriptor=hoof puts an option into a place inside a group: the place is the factor
    placed = {key.partition("@")[2]: value for key, value in words if "@" in key}
    keys = [key.partition("@")[2] or key for key, _ in words]
    return {
        key: placed.get(key) or flat.get(key, _ABSENT)
        for key in keys
        if key.split(".")[0] in experiment.settings and "." in key
    }


def tags(experiment: Experiment, manifest: Manifest, *, cell: str, clip_list: str) -> dict[str, str]:
    """Return what identifies the run; nothing to be plotted, since MLflow only compares params and metrics."""
    protocol = manifest.notes.get("protocol", {})
    return {
        "cell": cell,
        "study": experiment.study,
        "dataset": experiment.pipeline.dataset.name,
        "clip_list": clip_list,
        "protocol": str(protocol.get("name", _ABSENT)) if isinstance(protocol, Mapping) else str(protocol),
        "evaluation": experiment.choices["evaluation"],
        "tuning": experiment.choices["tuning"],
        "optimistic": str(bool(getattr(experiment.tuning, "optimistic", False))).lower(),
        "seed": str(experiment.seed),
        "commit": commit() or "unknown",
        "device": str(getattr(experiment.pipeline.stages.flow, "device", None) or "cpu"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "command": experiment.command,
        "mlflow.source.name": "mer run",
        "mlflow.source.type": "LOCAL",
    }


def data(experiment: Experiment, *, clip_list: str) -> dict[str, str]:
    """Return the data set as MLflow's input: its name, the hash of its clips, and its location."""
    dataset = experiment.pipeline.dataset
    return {"name": dataset.name, "digest": clip_list, "source": source_of(dataset)}


def source_of(dataset: object) -> str:
    """Return where a data set is: its folder or its table; ``embedded`` for one that is generated."""
    return str(next((getattr(dataset, key) for key in ("root", "table") if getattr(dataset, key, None)), "embedded"))


def numbers(summary: Metrics, features: Features) -> dict[str, float]:
    """Return the scalar metrics: scores with their intervals, F1 and recall per class, seconds per stage."""
    found: dict[str, float] = {}
    for key in ("uf1", "uar", "accuracy", "weighted_f1"):
        found |= {
            key: summary[key]["value"],
            f"{key}_low": summary[key]["low"],
            f"{key}_high": summary[key]["high"],
        }
    for label, scores in summary["per_class"].items():
        found |= {f"f1_{label}": scores["f1"]["value"], f"recall_{label}": scores["recall"]["value"]}
    if worst := summary.get("worst_subject"):
        found["worst_subject_accuracy"] = worst["accuracy"]
    if fit := summary.get("calibration"):
        found |= {"brier": fit["brier"], "calibration_error": fit["ece"]}
    found |= {f"seconds_{stage}": math.fsum(times) for stage, times in features.computed.items()}
    return found | {"clips": len(features.table), "left_out": len(features.excluded)}


def series(result: LosoResult) -> dict[str, list[float]]:
    """Return one number per fold; step i is row i of folds.csv."""
    return {
        "fold_accuracy": [float((fold.y_true == fold.y_pred).mean()) for fold in result.folds],
        "fold_inner_score": [fold.inner_score for fold in result.folds],
        "fold_clips": [float(len(fold.sample_id)) for fold in result.folds],
        "fold_seconds": [fold.seconds for fold in result.folds],
    }


def per_subject(result: LosoResult) -> str:
    """Return a CSV table, one row per subject: the step of its fold, its number of clips, and how many were correct."""
    whose = dict(zip(result.table.sample_id.tolist(), result.table.subject.tolist(), strict=True))
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for step, fold in enumerate(result.folds):
        for sample_id, hit in zip(fold.sample_id, np.equal(fold.y_true, fold.y_pred), strict=True):
            clips, right = rows[whose[sample_id]][1:]
            rows[whose[sample_id]] = [step, clips + 1, right + int(hit)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["subject", "step", "clips", "right", "accuracy"])
    writer.writerows([subject, *row, f"{row[2] / row[1]:.4f}"] for subject, row in sorted(rows.items()))
    return text.getvalue()


def _flat(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() if key != "_target_" for pair in _flat(f"{prefix}.{key}", inner)]
    return [] if value is None else [(prefix, str(value))]
