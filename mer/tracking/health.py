"""What is wrong with the local store, and what to do about it; nothing is changed."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

from mer.tracking.clean import first_line
from mer.tracking.client import mlflow_client, quieten
from mer.tracking.database import database, database_uri, has_address
from mer.tracking.record import waiting

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["store_problems"]

_OTHER_VERSION = "out-of-date database schema"  # in MLflow's own words
_PAGE = 1000


def store_problems(home: Path) -> Iterator[tuple[str, str]]:
    """Yield (what is wrong, what to do) for the store in `home`; nothing where it is sound or does not exist yet.

    MLflow opens a copy: it might change the file itself.
    """
    if not has_address(home):
        yield f"{home} holds a % or ?, which the address of a database cannot", "choose another MER_HOME or home=DIR"
    file = database(home)
    if file.exists():
        with tempfile.TemporaryDirectory(prefix="mer_doctor_") as name:
            yield from _of_copy(file, Path(name))
    if untold := len(waiting(home / "results")):
        yield f"{untold} finished or failed runs are not recorded in MLflow yet", f"mer sync home={home}"


def _of_copy(file: Path, scratch: Path) -> Iterator[tuple[str, str]]:
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=20)) as store,
            contextlib.closing(sqlite3.connect(database(scratch))) as copy,
        ):
            found = [row[0] for row in store.execute("PRAGMA quick_check(1)")]
            store.backup(copy)
    except sqlite3.Error as error:
        advice = "make it readable, or move it away: a new one is made, and mer sync records all runs in it"
        yield f"{file} cannot be read as a SQLite file ({first_line(error)})", advice
        return
    if found != ["ok"]:
        advice = "move it away; mer sync then records all kept runs in a new one"
        yield f"{file} is damaged ({found[0]})", advice
        return
    yield from _of_runs(file, scratch)


def _of_runs(file: Path, scratch: Path) -> Iterator[tuple[str, str]]:
    quieten()
    from mlflow.entities import ViewType
    from mlflow.exceptions import MlflowException

    try:
        client = mlflow_client(database_uri(scratch))
        studies = client.search_experiments(ViewType.ALL)
    except MlflowException as error:
        if _OTHER_VERSION not in str(error):
            raise
        yield (
            f"the store has the tables of another MLflow version ({first_line(error)})",
            f"copy mlflow.db away, then: mlflow db upgrade {database_uri(file.parent)}",
        )
        return
    lost = [folder for study in studies for folder in _lost(client, study.experiment_id)]
    if lost:
        advice = "move the folder back to where it was, or run these cells again: a report leaves them out"
        yield f"{len(lost)} finished runs have lost their files, such as {lost[0]}", advice
    for study in studies:
        if study.lifecycle_stage == "deleted":
            yield f"study {study.name} is deleted, and its name is taken", "mlflow gc, or restore it, or another name"


def _lost(client: MlflowClient, experiment: str) -> Iterator[str]:
    """Yield the artifact folders that are gone."""
    token = None
    while True:
        page = client.search_runs([experiment], "attributes.status = 'FINISHED'", max_results=_PAGE, page_token=token)
        for run in page:
            address = urlparse(run.info.artifact_uri)
            if address.scheme == "file" and not Path(unquote(address.path)).is_dir():
                yield unquote(address.path)
        token = page.token
        if not token:
            return
