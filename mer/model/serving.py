"""A model as an MLflow model, through MLflow's public functions: saved, registered, and loaded by anyone with `mer`."""

from __future__ import annotations

import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mer
from mer.tracking import Server, Sqlite
from mer.tracking.client import experiment_id, quieten, translate_errors

__all__ = ["STUDY", "register", "save_mlflow_model"]

STUDY = "models"  # the MLflow experiment that holds the models
_CODE = Path(__file__).with_name("served.py")
_INPUT = {"input": "interview.mp4", "interval": "3.2-3.6"}


def save_mlflow_model(folder: Path, inner: Path) -> None:
    """Write an MLflow model whose artifact ``model`` is the folder `inner`."""
    quieten()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, on type hints in itself
        import pandas as pd
        from mlflow.models import ModelSignature
        from mlflow.pyfunc import save_model
        from mlflow.types import ColSpec, Schema

        text = Schema([ColSpec("string", "input"), ColSpec("string", "interval")])
        output = Schema([ColSpec("string", "input"), ColSpec("string", "outcome"), ColSpec("string", "probabilities")])
        save_model(
            path=str(folder),
            python_model=str(_CODE),
            artifacts={"model": str(inner)},
            signature=ModelSignature(inputs=text, outputs=output),
            input_example=pd.DataFrame([_INPUT]),
            pip_requirements=[f"micro-expression=={mer.__version__}", f"mlflow=={version('mlflow')}"],
        )


def register(store: Sqlite | Server, name: str, kept: str, folder: Path, card: dict[str, Any]) -> str:
    """Register a kept model, and return the version that MLflow gave it.

    Parameters
    ----------
    store : Sqlite or Server
    name, kept : str
        Name of the model; ``NAME@VERSION`` under which it is kept.
    folder : Path
        Where it is kept.
    card : dict
        The content of ``model.json``.

    Raises
    ------
    TrackingError
        If the store cannot be written.
    """
    quieten()
    with translate_errors(f"model {kept} is kept in {folder}, but not registered in MLflow"), store.open() as client:
        from mlflow.exceptions import MlflowException

        experiment = experiment_id(client, STUDY, getattr(store, "uri", ""), store.artifacts(STUDY))
        run = client.create_run(experiment, run_name=kept, tags={"mlflow.source.name": "mer fit", **_tags(card)})
        run_id = run.info.run_id
        for key, value in _numbers(card).items():
            client.log_metric(run_id, key, value)
        client.log_artifacts(run_id, str(folder), "model")
        client.set_terminated(run_id, "FINISHED", int(time.time() * 1000))
        try:
            client.create_registered_model(name, description="fitted by mer fit")
        except MlflowException:  # it has earlier versions
            client.get_registered_model(name)
        made = client.create_model_version(name, f"runs:/{run_id}/model", run_id, tags={"mer": kept})
    return str(made.version)


def _tags(card: dict[str, Any]) -> dict[str, str]:
    return {key: str(card[key]) for key in ("dataset", "clips", "subjects", "command", "demonstration")}


def _numbers(card: dict[str, Any]) -> dict[str, float]:
    scores = {name: score["value"] for name, score in card["scores"].items()}
    return {**scores, **card["reliability"]}
