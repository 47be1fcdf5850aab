"""MLflow's tables in a SQLite file, written without MLflow, whose import costs more than a run from the cache.

The tables are no interface that MLflow promises. So this is used for a version alone whose tables are known, on a file
of that version; a test compares what both ways leave in every table. Anything else is left to MLflow itself: another
version, a fresh file, a name or a place for files that MLflow may refuse.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlparse
from urllib.request import url2pathname

from mer.tracking.client import deleted
from mer.tracking.writer import DIGEST_LENGTH, Row, Writer, source_text

__all__ = ["KNOWN", "TableWriter", "known"]

# Release of MLflow → the revision of its tables. Add a release after tests/test_tables.py has passed with it.
KNOWN = MappingProxyType({"3.17.2": "dc11669786a5"})

_BUSY_S = 20  # for a write of another process to end
_NAME_LENGTH = 250  # of a study; MLflow has a limit of its own above
_LOCATION_LENGTH = 250


def known(file: Path, study: str, location: str | None) -> bool:
    """Tell whether runs of a study can be written into a file without MLflow.

    Parameters
    ----------
    file : Path
    study : str
    location : str or None
        Where its files go if it must be made.
    """
    if not file.exists() or os.environ.get("MLFLOW_ENABLE_WORKSPACES") or not 0 < len(study) <= _NAME_LENGTH:
        return False
    try:
        with _reading(file) as store:
            revisions = store.execute("SELECT version_num FROM alembic_version").fetchall()
            if revisions != [(KNOWN.get(_mlflow()),)]:
                return False
            strangers = store.execute("SELECT 1 FROM experiments WHERE workspace != 'default'").fetchone()
            found = store.execute("SELECT artifact_location FROM experiments WHERE name = ?", [study]).fetchone()
    except sqlite3.Error:
        return False
    return not strangers and _local(found[0] if found else location)


def _mlflow() -> str:
    try:
        return version("mlflow")
    except PackageNotFoundError:
        return ""


def _local(location: str | None) -> bool:
    if location is None or len(location) > _LOCATION_LENGTH:
        return False
    address = urlparse(location)
    return address.scheme == "file" and address.path.startswith("/") and location == f"file://{address.path}"


class TableWriter(Writer):
    """Writes into a file for which `known` holds; each call is one transaction.

    Parameters
    ----------
    file : Path
    uri : str
        Its address, for error messages.
    """

    def __init__(self, file: Path, uri: str) -> None:
        self._file, self._uri = file, uri

    def experiment(self, study: str, location: str | None) -> str:
        """See `Writer`."""
        with _writing(self._file) as store:
            found = store.execute("SELECT experiment_id, lifecycle_stage FROM experiments WHERE name = ?", [study])
            number, stage = found.fetchone() or (None, "active")
            if stage == "deleted":
                raise deleted(study, self._uri, str(number))
            if number is None:
                now = _now()
                number = store.execute(
                    "INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, "
                    "last_update_time, workspace) VALUES (?, ?, 'active', ?, ?, 'default')",
                    [study, location, now, now],
                ).lastrowid
        return str(number)

    def finished(self, study: str) -> frozenset[str]:
        """See `Writer`."""
        with _reading(self._file) as store:
            rows = store.execute(
                "SELECT tags.value FROM experiments JOIN runs USING (experiment_id) JOIN tags USING (run_uuid) "
                "WHERE experiments.name = ? AND experiments.lifecycle_stage = 'active' AND tags.key = 'result' "
                "AND runs.lifecycle_stage = 'active' AND runs.status = 'FINISHED'",
                [study],
            ).fetchall()
        return frozenset(result for (result,) in rows)

    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """See `Writer`."""
        run_id = uuid.uuid4().hex
        with _writing(self._file) as store:
            where = "SELECT artifact_location FROM experiments WHERE experiment_id = ? AND lifecycle_stage = 'active'"
            found = store.execute(where, [int(experiment)]).fetchone()
            if found is None:
                raise sqlite3.DataError(f"The experiment {experiment} must be in the 'active' state.")
            store.execute(
                "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, "
                "start_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "
                "VALUES (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, '', 'active', ?, ?)",
                [
                    run_id,
                    name,
                    tags.get("mlflow.user", "unknown"),
                    _now(),
                    f"{found[0].rstrip('/')}/{run_id}/artifacts",
                    int(experiment),
                ],
            )
            named = {"mlflow.runName": name} | dict(tags)
            rows = [(key, value, run_id) for key, value in named.items()]
            store.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", rows)
        return run_id

    def params(self, run_id: str, params: Mapping[str, str]) -> None:
        """See `Writer`."""
        rows = [(key, value, run_id) for key, value in params.items()]
        with _writing(self._file) as store:
            _active(store, run_id)
            store.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", rows)

    def data(self, run_id: str, data: Mapping[str, str]) -> None:
        """See `Writer`."""
        name, digest = data["name"], data["digest"][:DIGEST_LENGTH]
        edge = uuid.uuid4().hex
        with _writing(self._file) as store:
            experiment, _ = _active(store, run_id)
            store.execute(
                "INSERT OR IGNORE INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, "
                "dataset_source) VALUES (?, ?, ?, ?, 'local', ?)",
                [uuid.uuid4().hex, experiment, name, digest, source_text(data)],
            )
            store.execute(
                "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id) "
                "SELECT ?, 'DATASET', dataset_uuid, 'RUN', ? FROM datasets "
                "WHERE experiment_id = ? AND name = ? AND digest = ?",
                [edge, run_id, experiment, name, digest],
            )
            store.execute("INSERT INTO input_tags VALUES (?, 'mlflow.data.context', 'evaluation')", [edge])

    def metrics(self, run_id: str, rows: Sequence[Row]) -> None:
        """See `Writer`."""
        values = [(*row, run_id) for row in rows]
        with _writing(self._file) as store:
            _active(store, run_id)
            store.executemany(
                "INSERT OR IGNORE INTO metrics (key, value, timestamp, step, run_uuid, is_nan) "
                "VALUES (?, ?, ?, ?, ?, 0)",
                values,
            )
            store.executemany(
                "INSERT INTO latest_metrics (key, value, timestamp, step, run_uuid, is_nan) VALUES (?, ?, ?, ?, ?, 0) "
                "ON CONFLICT (key, run_uuid) DO UPDATE SET "
                "value = excluded.value, timestamp = excluded.timestamp, step = excluded.step "
                "WHERE (excluded.step, excluded.timestamp, excluded.value) > (step, timestamp, value)",
                values,
            )

    def tag(self, run_id: str, key: str, text: str) -> None:
        """See `Writer`."""
        with _writing(self._file) as store:
            _active(store, run_id)
            store.execute("INSERT OR REPLACE INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", [key, text, run_id])

    def files(self, run_id: str, folder: Path) -> None:
        """See `Writer`."""
        with _reading(self._file) as store:
            _, uri = _active(store, run_id)
        shutil.copytree(folder, url2pathname(urlparse(uri).path), dirs_exist_ok=True)

    def status(self, run_id: str) -> str:
        """See `Writer`."""
        with _reading(self._file) as store:
            found = store.execute("SELECT status FROM runs WHERE run_uuid = ?", [run_id]).fetchone()
        if found is None:
            raise sqlite3.DataError(f"Run with id={run_id} not found")
        return str(found[0])

    def close(self, run_id: str, status: str) -> None:
        """See `Writer`."""
        with _writing(self._file) as store:
            _active(store, run_id)
            store.execute("UPDATE runs SET status = ?, end_time = ? WHERE run_uuid = ?", [status, _now(), run_id])


def _active(store: sqlite3.Connection, run_id: str) -> tuple[int, str]:
    """Return experiment and address of a run, and refuse one that was deleted meanwhile, as MLflow does."""
    found = store.execute(
        "SELECT lifecycle_stage, experiment_id, artifact_uri FROM runs WHERE run_uuid = ?", [run_id]
    ).fetchone()
    if found is None:
        raise sqlite3.DataError(f"Run with id={run_id} not found")
    stage, experiment, uri = found
    if stage != "active":
        raise sqlite3.DataError(f"The run {run_id} must be in the 'active' state. Current state is {stage}.")
    return experiment, uri


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{file.as_uri()}?mode=rw"  # never makes a file
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)) as store:
        yield store


@contextlib.contextmanager
def _writing(file: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection in a transaction, which is undone where the block raises."""
    with _reading(file) as store:
        store.execute("PRAGMA foreign_keys = ON")
        store.execute("BEGIN IMMEDIATE")
        with store:
            yield store


def _now() -> int:
    return int(time.time() * 1000)
