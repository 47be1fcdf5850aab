"""One run: from the settings to the folder that a user keeps, and to its record in MLflow."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mer import run_folder
from mer.cache import digest
from mer.pipeline import Features, Pipeline
from mer.progress import progress
from mer.protocol_card import clip_list_hash, commit, protocol_card
from mer.types import FeatureTable, LosoResult

__all__ = ["FLOW_STAGES", "STAGES", "Experiment", "Outcome", "execute"]

STAGES = (
    "dataset",
    "frames",
    "landmarks",
    "align",
    "flow",
    "motion",
    "roi",
    "descriptor",
    "svm",
    "tuning",
    "evaluation",
)
FLOW_STAGES = ("frames", "landmarks", "align", "flow")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Everything that a run needs.

    Attributes
    ----------
    pipeline : Pipeline
    svm, tuning, evaluation, tracking
        The components of the groups of those names.
    study : str
    seed, workers : int
    bad_clips : {"stop", "exclude"}
    drop : tuple of str
        Classes to leave out.
    choices : mapping of str to str
        The option chosen of every group of `STAGES` that has a part in the run.
    settings : mapping
        What determines the result: every stage's fields and the seed, no paths, no number of workers.
    config : str
        The whole resolved configuration as YAML.
    command : str
        The command line that gives this run again.
    """

    pipeline: Pipeline
    svm: Any
    tuning: Any
    evaluation: Any
    tracking: Any
    study: str
    seed: int
    workers: int
    bad_clips: str
    drop: tuple[str, ...]
    choices: Mapping[str, str]
    settings: Mapping[str, Any]
    config: str
    command: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run gave.

    Attributes
    ----------
    folder : Path
    metrics : mapping
        The content of metrics.json.
    left_out : int
        Clips listed in excluded.csv.
    warnings : tuple of str
    computed : mapping of str to int
        Results that had to be computed, by stage; what is missing came from the cache.
    seconds : float
    """

    folder: Path
    metrics: Mapping[str, Any]
    left_out: int
    warnings: tuple[str, ...]
    computed: Mapping[str, int]
    seconds: float


def execute(experiment: Experiment, folder: Path) -> Outcome:
    """Run an experiment and write its folder, whole or not at all.

    Parameters
    ----------
    experiment : Experiment
    folder : Path
        Where the results go; made where it does not exist.

    Raises
    ------
    MerError
        For bad input; the folder then holds nothing new and the MLflow run, if it began, is FAILED.
    """
    start = time.perf_counter()
    manifest = experiment.pipeline.manifest(bad_clips=experiment.bad_clips, drop=experiment.drop)
    key = digest(experiment.settings, clip_list_hash(manifest.samples))
    tags = {"cell": key, "clip_list": clip_list_hash(manifest.samples), "dataset": experiment.pipeline.dataset.name}
    tags |= {"tuning": experiment.choices["tuning"], "commit": commit() or "unknown", "seed": str(experiment.seed)}
    with experiment.tracking.run(
        study=experiment.study, name=_name(experiment.choices), params=_params(experiment), tags=tags
    ) as record:
        features = experiment.pipeline.features(manifest, workers=experiment.workers, bad_clips=experiment.bad_clips)
        result = _evaluate(experiment, features.table, key)
        card = protocol_card(experiment, manifest, features, key=key)
        summary = run_folder.write(folder, experiment, manifest, features, result, card)
        record.finish(_numbers(summary, features), _series(result), folder)
    return Outcome(
        folder=folder,
        metrics=summary,
        left_out=len(features.excluded),
        warnings=tuple(card["warnings"]),
        computed={stage: len(times) for stage, times in features.computed.items()},
        seconds=time.perf_counter() - start,
    )


def _evaluate(experiment: Experiment, table: FeatureTable, key: str) -> LosoResult:
    evaluate = experiment.evaluation
    with progress("folds", evaluate.folds(table)) as advance:
        result: LosoResult = evaluate(
            table,
            experiment.svm,
            experiment.tuning,
            seed=experiment.seed,
            key=key,
            workers=experiment.workers,
            progress=lambda _: advance(),
        )
    return result


def _name(choices: Mapping[str, str]) -> str:
    return " ".join(f"{group}={choices[group]}" for group in ("flow", "roi", "descriptor") if group in choices)


def _params(experiment: Experiment) -> dict[str, str]:
    flat = dict(experiment.choices)
    for group, fields in experiment.settings.items():
        flat |= dict(_flat(group, fields))
    return flat


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() if key != "_target_" for pair in _flat(f"{prefix}.{key}", inner)]
    return [] if value is None else [(prefix, str(value))]


def _numbers(summary: Mapping[str, Any], features: Features) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name in ("uf1", "uar", "accuracy", "weighted_f1"):
        numbers |= {
            name: summary[name]["value"],
            f"{name}_low": summary[name]["low"],
            f"{name}_high": summary[name]["high"],
        }
    for label, scores in summary["per_class"].items():
        numbers |= {f"f1_{label}": scores["f1"]["value"], f"recall_{label}": scores["recall"]["value"]}
    numbers |= {f"seconds_{stage}": math.fsum(times) for stage, times in features.computed.items()}
    return numbers | {"clips": len(features.table), "left_out": len(features.excluded)}


def _series(result: LosoResult) -> dict[str, list[float]]:
    return {
        "fold_accuracy": [float((fold.y_true == fold.y_pred).mean()) for fold in result.folds],
        "fold_inner_score": [fold.inner_score for fold in result.folds],
        "fold_clips": [float(len(fold.sample_id)) for fold in result.folds],
        "fold_seconds": [fold.seconds for fold in result.folds],
    }
