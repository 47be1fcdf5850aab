"""How the MLflow UI is started on the local store, and where in it a study is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from mer.errors import TrackingError
from mer.tracking.database import database, database_uri
from mer.tracking.stores import existing
from mer.tracking.view import SHARED_VIEW, has_view
from mer.validation import user_path

__all__ = ["UI_ENVIRONMENT", "study_url", "ui_command"]

# Set these for the server's process: without job execution it takes 2 processes instead of 10.
UI_ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "PYTHONWARNINGS": "ignore",
    }
)


def ui_command(home: str | Path, host: str, port: int) -> list[str]:
    """Return the command that serves the store in `home`; run it with `UI_ENVIRONMENT` added to the environment.

    Parameters
    ----------
    home : str or Path
        Folder that holds mlflow.db.
    host : str
        Such as ``127.0.0.1``: this machine only.
    port : int

    Returns
    -------
    list of str
        Ready after about 12 s, when ``/health`` answers 200.
    """
    folder = user_path("home", home)
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", host, "--port", str(port)]
    stores = ["--backend-store-uri", database_uri(folder), "--artifacts-destination", (folder / "artifacts").as_uri()]
    return [*command, *stores, "--uvicorn-opts", "--log-level=warning"]


def study_url(base: str, home: str | Path, study: str) -> str:
    """Return the page of a study, sorted by score, in the layout for experiments (by default it is the one for chats).

    Parameters
    ----------
    base : str
        Address of the server, such as ``http://127.0.0.1:5000``.
    home : str or Path
    study : str

    Raises
    ------
    TrackingError
        If the store or the study does not exist, naming the studies that do.
    """
    folder = user_path("home", home)
    with existing(folder) as client:
        studies = {found.name: found for found in client.search_experiments()}
    if study not in studies:
        known = ", ".join(sorted(name for name in studies if name != "Default")) or "none"
        raise TrackingError(f"study={study}: there is no such study in {database(folder)}; there are: {known}")
    view = f"&viewStateShareKey={SHARED_VIEW}" if has_view(studies[study].tags) else ""
    return f"{base.rstrip('/')}/#/experiments/{studies[study].experiment_id}/runs?workflowType=machine_learning{view}"
