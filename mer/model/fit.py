"""``mer fit``: the score of some settings by LOSO, then one model fitted on all subjects, with its card."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mer
from mer.config.composition import resolved
from mer.errors import ConfigError, DataError
from mer.loso import EachClass, Evaluation
from mer.loso.fold import Job, fold_seed, training_side
from mer.loso.guards import sorted_table
from mer.loso.order import subject_signatures
from mer.metrics.calibration import brier, expected_calibration_error
from mer.model import calibrate as calibration
from mer.model.fitted import Neighbourhood, without_gaps
from mer.model.package import FORMAT, LEARNERS, STAGES, Training, refused, stage_keys
from mer.pipeline import Features
from mer.run.execute import execute, prepare
from mer.run.experiment import Experiment, Prepared
from mer.store.predictions import read_predictions
from mer.svm import TrainingSet
from mer.tuning import Choice
from mer.types import REGION_QUANTITIES, TRIAL_AFTER, FeatureTable, Metrics, Predictions

__all__ = ["NEAREST", "Fit", "fit"]

NEAREST = 5  # training clips from which the distance of a clip is measured
_FAR = 0.99  # quantile of the out-of-fold distances beyond which a clip is far from all of them
_GENERATED = "synthetic"
_NETWORKS = "mer.networks."


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """What is kept of a model.

    Attributes
    ----------
    document : mapping
        The content of ``model.json``.
    training : mapping of str to ndarray
        That of ``training.npz``.
    """

    document: Mapping[str, Any]
    training: Training


def fit(experiment: Experiment, cfg: Any, folder: Path) -> Fit:
    """Take the kept LOSO result of these settings or compute it, then fit on all subjects.

    Parameters
    ----------
    experiment : Experiment
    cfg : DictConfig
        That it was built from.
    folder : Path
        Folder of the run, if the LOSO result has to be computed.

    Raises
    ------
    ConfigError
        If the settings cannot become a model.
    DataError
        For bad input.
    """
    components = _components(experiment, cfg)
    prepared = prepare(experiment)
    result = _result(experiment, prepared, folder)
    features = experiment.pipeline.features(
        prepared.manifest,
        workers=experiment.workers,
        bad_clips=experiment.bad_clips,
        mirror=experiment.evaluation.mirrors,
    )
    table = sorted_table(features.table)
    lengths = _lengths(features)
    side, choice = _refit(experiment, features, table)
    clips = side.training(np.arange(len(side)))
    predictions = read_predictions(result / "predictions.csv")
    scored = _calibrated(predictions)
    return Fit(
        document={
            "format": FORMAT,
            "fitted": time.strftime("%Y-%m-%d"),
            "command": experiment.command,
            "dataset": experiment.pipeline.dataset.name,
            "demonstration": experiment.pipeline.dataset.name.startswith(_GENERATED),
            "clips": len(table),
            "subjects": len(np.unique(table.subject)),
            "classes": list(table.classes),
            "class_counts": np.bincount(table.y, minlength=len(table.classes)).tolist(),
            "columns": list(table.columns),
            "components": components,
            "settings": _settings(choice),
            "inner_score": choice.inner_score,
            "average": side.average,
            "nearest": NEAREST,
            "far": _far(table, lengths),
            "scores": _scores(experiment.results.metrics(prepared.result)),
            **scored,
            "stage_keys": stage_keys(experiment.pipeline.stages),
            "versions": _versions(),
            "config": experiment.config,
        },
        training={
            "rows": side.rows[clips].astype(np.float32),
            "y": side.labels(clips),
            "clips": table.X,
            "lengths": lengths,
        },
    )


def _components(experiment: Experiment, cfg: Any) -> dict[str, Any]:
    """Return the configuration of every stage that a model needs; refuse those that cannot become one."""
    if experiment.pipeline.ready_made:
        raise ConfigError(
            f"dataset={experiment.pipeline.dataset.name} has ready-made flow and no frames, so a model of it could not "
            "look at a video; use a data set of frames"
        )
    if getattr(experiment.tuning, "optimistic", False):
        raise ConfigError("tuning=global chooses by test scores, so no honest score is left; use tuning=nested")
    if isinstance(experiment.evaluation, EachClass):
        raise ConfigError(
            f"protocol={experiment.choices['protocol']}: clips may have several classes, and a model predicts one; use "
            "protocol=three_classes"
        )
    settings = resolved(cfg)
    used = [name for name in (*STAGES, *LEARNERS) if name in experiment.choices and settings[name].get("_target_")]
    components = {name: settings[name] for name in used}
    for name, node in components.items():
        for target in refused(node):
            raise ConfigError(
                f"{name}={experiment.choices[name]}: a model cannot hold {target}, which is no component of mer, "
                "or runs other code; use another option"
            )
        if node["_target_"].startswith(_NETWORKS):
            raise ConfigError(
                f"{name}={experiment.choices[name]}: a model is fitted again whenever it is loaded, which "
                "takes a network minutes; use svm= or another classifier"
            )
        if node.get("weights"):
            raise ConfigError(
                f"{name}.weights={node['weights']}: a model holds no weights but those that come with mer; leave it out"
            )
    return components


def _result(experiment: Experiment, prepared: Prepared, folder: Path) -> Path:
    """Return the folder of the LOSO result."""
    if experiment.results.folder(prepared.result) is None:
        execute(experiment, folder, prepared)
    return experiment.results.path(prepared.result)


def _refit(experiment: Experiment, features: Features, table: FeatureTable) -> tuple[TrainingSet, Choice]:
    """Return all clips as one training set, and the settings that the search of a fold finds on it."""
    evaluation = experiment.evaluation
    assert isinstance(evaluation, Evaluation)  # `_components` refuses others
    mirrored = None if features.mirrored is None else sorted_table(features.mirrored)
    key = experiment.learner_key
    job = Job(
        table=table,
        mirrored=mirrored,
        average=evaluation.mirror == "both",
        oversample=evaluation.balance == "oversample",
        learner=experiment.svm,
        tuning=experiment.tuning,
        seed=experiment.seed,
        key=key,
        store=None,
    )
    side = training_side(job, np.arange(len(table)))
    signatures = sorted(subject_signatures(side.y, side.subject).values())
    seed = fold_seed(experiment.seed, key, str(signatures))
    return side, experiment.tuning(experiment.svm, side, seed=seed, label=f"{key}/all")


def _settings(choice: Choice) -> list[dict[str, Any]]:
    """Return the settings of each machine of the ensemble; one without changes where nothing was searched."""
    chosen = [trial for trial in choice.trials if trial["chosen"]]
    return [{name: value for name, value in trial.items() if name not in TRIAL_AFTER} for trial in chosen] or [{}]


def _lengths(features: Features) -> NDArray[np.float64]:
    """Return the mean length of the flow of each clip, px, in the order of the sorted table."""
    order = np.argsort(features.table.sample_id)
    return np.asarray(features.motion[order][:, :, REGION_QUANTITIES.index("magnitude")].mean(axis=1), dtype=np.float64)


def _far(table: FeatureTable, lengths: NDArray[np.float64]) -> float:
    """Return the distance beyond which hardly any clip lies from those of the other subjects."""
    apart = table.subject[:, None] != table.subject[None]
    near = Neighbourhood(rows=table.X.astype(np.float64), lengths=lengths, nearest=NEAREST)
    distances = near(table.X, lengths, apart)
    return float(np.quantile(distances[np.isfinite(distances)], _FAR))


def _calibrated(predictions: Predictions) -> dict[str, Any]:
    """Return the calibration on all out-of-fold scores, and how good it is on subjects that it has not seen."""
    scores, y = without_gaps(predictions.scores), predictions.y_true
    if len(np.unique(predictions.subject)) < 3:
        raise DataError("a model needs three subjects or more: probabilities are fitted on some and checked on others")
    plain = calibration.UNCALIBRATED(scores)
    fitted = calibration.calibrate(scores, y)
    crossed = calibration.cross_fitted(scores, y, predictions.subject)
    return {
        "calibration": asdict(fitted),
        "reliability": {
            "brier": brier(crossed, y),
            "brier_uncalibrated": brier(plain, y),
            "ece": expected_calibration_error(crossed, y),
            "ece_uncalibrated": expected_calibration_error(plain, y),
        },
    }


def _scores(metrics: Metrics) -> dict[str, Any]:
    return {name: dict(metrics[name]) for name in ("uf1", "uar", "accuracy")}


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"mer": mer.__version__, **{name: version(name) for name in ("numpy", "scikit-learn", "torch")}}
