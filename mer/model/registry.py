"""A model in MLflow's registry: one run of the study ``models``, with the model's files, scores and settings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from mer.model.serving import save_mlflow_model  # noqa: F401 - MLflow quiet before its first import
from mer.tracking import Server, Sqlite
from mer.tracking.client import experiment_id, translate_errors

__all__ = ["STUDY", "register"]

STUDY = "models"  # the MLflow experiment that holds them


def register(store: Sqlite | Server, name: str, version: str, folder: Path, card: dict[str, Any]) -> str:
    """Register a kept model, and return the version that MLflow gave it.

    Raises
    ------
    TrackingError
        If the store cannot be written.
    """
    from mlflow.exceptions import MlflowException

    with translate_errors(f"model {version} is kept in {folder}, but not registered in MLflow"), store.open() as client:
        experiment = experiment_id(client, STUDY, getattr(store, "uri", ""), store.artifacts(STUDY))
        run = client.create_run(experiment, run_name=version, tags={"mlflow.source.name": "mer fit", **_tags(card)})
        run_id = run.info.run_id
        for key, value in _numbers(card).items():
            client.log_metric(run_id, key, value)
        client.log_artifacts(run_id, str(folder), "model")
        client.set_terminated(run_id, "FINISHED", int(time.time() * 1000))
        try:
            client.create_registered_model(name, description="fitted by mer fit")
        except MlflowException:  # it has earlier versions
            client.get_registered_model(name)
        made = client.create_model_version(name, f"runs:/{run_id}/model", run_id, tags={"mer": version})
    return str(made.version)


def _tags(card: dict[str, Any]) -> dict[str, str]:
    return {key: str(card[key]) for key in ("dataset", "clips", "subjects", "command", "demonstration")}


def _numbers(card: dict[str, Any]) -> dict[str, float]:
    scores = {name: score["value"] for name, score in card["scores"].items()}
    return {**scores, **card["reliability"]}
