"""MLflow's public client: quiet, with its errors as one sentence."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mer.errors import TrackingError
from mer.tracking.clean import first_line

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["experiment_id", "mlflow_client", "quieten", "translate_errors"]


def mlflow_client(uri: str) -> MlflowClient:
    """Import MLflow and return a client of the store at `uri`."""
    quieten()
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def quieten() -> None:
    """Set MLflow's environment variables; call it before its first import.

    It then sends no telemetry, writes nothing on stderr, reopens the database file for each use (a file that was
    replaced meanwhile is noticed) and gives up on a server within a minute, not ten.
    """
    for name, value in (
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("DO_NOT_TRACK", "true"),
        ("MLFLOW_LOGGING_LEVEL", "CRITICAL"),  # it prints tracebacks of what it then raises
        ("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"),
        ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
        ("MLFLOW_SQLALCHEMYSTORE_POOLCLASS", "NullPool"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3"),
    ):
        os.environ.setdefault(name, value)


def experiment_id(client: MlflowClient, study: str, uri: str, location: str | None) -> str:
    """Return the id of the experiment called `study`, created if there is none.

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
        If the study was deleted: MLflow then neither uses its name nor gives it away.
    """
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        try:
            return str(client.create_experiment(study, artifact_location=location))
        except MlflowException:  # on a server, another sweep may have made it meanwhile
            experiment = client.get_experiment_by_name(study)
            if experiment is None:
                raise
    if experiment.lifecycle_stage == "deleted":
        raise TrackingError(
            f"study={study}: this study was deleted in {uri}; restore it with MLFLOW_TRACKING_URI={uri} "
            f"mlflow experiments restore --experiment-id {experiment.experiment_id}, or choose another name, study=NAME"
        )
    return str(experiment.experiment_id)


@contextlib.contextmanager
def translate_errors(consequence: str) -> Iterator[None]:
    """Turn what MLflow, its database layer and the disk raise into a `TrackingError` of one sentence."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, sqlite3.Error | OSError) and not isinstance(error, _of_mlflow()):
            raise
        raise TrackingError(f"{consequence}: {first_line(error)}") from error


def _of_mlflow() -> tuple[type[Exception], ...]:
    if "mlflow" not in sys.modules:
        return ()
    # Imported late: `quieten` must have set what makes MLflow quiet before its first import.
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError
