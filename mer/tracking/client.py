"""The door to MLflow: a quiet client, its experiments, and its errors as one sentence."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from typing import Any

from mer.errors import TrackingError
from mer.tracking.clean import first_line

__all__ = ["deleted", "experiment_id", "import_mlflow", "mlflow_client", "quieten", "telling"]


def mlflow_client(uri: str) -> Any:
    """Import MLflow and return a client of the store at `uri`."""
    quieten()
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def import_mlflow() -> None:
    """Import all that a client of a local store needs, which takes seconds."""
    quieten()
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401


def quieten() -> None:
    """Set what keeps MLflow from telemetry and from chatter on stderr; call it before its first import."""
    for name, value in (
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("DO_NOT_TRACK", "true"),
        ("MLFLOW_LOGGING_LEVEL", "CRITICAL"),  # it prints tracebacks of what it then raises
        ("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"),
        ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
    ):
        os.environ.setdefault(name, value)


def experiment_id(client: Any, study: str, uri: str, location: str | None) -> str:
    """Return the id of the experiment called `study`, made where there is none.

    Parameters
    ----------
    client : mlflow.MlflowClient
    study : str
    uri : str
        The client's store, for the error message.
    location : str or None
        Where the artifacts of a new experiment go; None leaves it to the server.

    Raises
    ------
    TrackingError
        Where the study was deleted: MLflow then neither uses its name nor gives it away.
    """
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        try:
            return str(client.create_experiment(study, artifact_location=location))
        except MlflowException:  # on a server, another sweep may have made it in between
            experiment = client.get_experiment_by_name(study)
            if experiment is None:
                raise
    if experiment.lifecycle_stage == "deleted":
        raise deleted(study, uri, str(experiment.experiment_id))
    return str(experiment.experiment_id)


def deleted(study: str, uri: str, number: str) -> TrackingError:
    """Return what a user is told whose study was deleted in the store at `uri`."""
    return TrackingError(
        f"study={study}: this study was deleted in {uri}; restore it with MLFLOW_TRACKING_URI={uri} "
        f"mlflow experiments restore --experiment-id {number}, or choose another name, study=NAME"
    )


@contextlib.contextmanager
def telling(consequence: str) -> Iterator[None]:
    """Turn what MLflow, its database layer and the disk raise into a `TrackingError` of one sentence."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, sqlite3.Error | OSError) and not isinstance(error, _of_mlflow()):
            raise
        raise TrackingError(
            f"tracking: {consequence}: {first_line(error)}; check the store and its disk and run again, or do without "
            "it by tracking=off"
        ) from error


def _of_mlflow() -> tuple[type[Exception], ...]:
    if "mlflow" not in sys.modules:
        return ()
    # Imported late: `quieten` must have set what makes MLflow quiet before its first import.
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError
