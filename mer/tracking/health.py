"""What is wrong with the local store, and what to do about it; nothing is changed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

from mer.tracking.clean import first_line
from mer.tracking.client import quieten
from mer.tracking.sqlite_file import database, database_uri

__all__ = ["store_problems"]


def store_problems(home: Path) -> Iterator[tuple[str, str]]:
    """Yield (what is wrong, what to do) for the store in `home`; nothing where it is sound or does not exist yet.

    Opens the file read-only: a store of another MLflow version must be looked at before MLflow itself refuses it.
    """
    file = database(home)
    if (home / "mlflow.db.new").exists():
        yield f"{home / 'mlflow.db.new'} is left of a process that was killed", "delete it while no run is open"
    if not file.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=20)) as store:
            yield from _damage(store, file)
            yield from _schema(store, home)
            yield from _runs(store)
    except sqlite3.Error as error:
        advice = "make it readable, or move it away and a new one is made; the runs' own folders keep the results"
        yield f"{file} cannot be read as a SQLite file ({first_line(error)})", advice


def _damage(store: sqlite3.Connection, file: Path) -> Iterator[tuple[str, str]]:
    found = [row[0] for row in store.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        yield f"{file} is damaged ({found[0]})", "copy it away, then recover it: sqlite3 mlflow.db .recover"


def _schema(store: sqlite3.Connection, home: Path) -> Iterator[tuple[str, str]]:
    quieten()
    from mlflow.store.db.utils import _get_latest_schema_revision

    kept = {str(row[0]) for row in store.execute("SELECT version_num FROM alembic_version")}
    wanted = str(_get_latest_schema_revision())
    if kept != {wanted}:
        yield (
            f"the store has the tables of another MLflow version ({', '.join(sorted(kept))}, this one wants {wanted})",
            f"copy mlflow.db away, then: mlflow db upgrade {database_uri(home)}",
        )


def _runs(store: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    rows = store.execute("SELECT status, artifact_uri FROM runs WHERE lifecycle_stage = 'active'").fetchall()
    finished = [urlparse(uri) for status, uri in rows if status == "FINISHED"]
    lost = [address for address in finished if address.scheme == "file" and not Path(unquote(address.path)).is_dir()]
    if lost:
        advice = "move the folder back to where it was, or run these cells again: a report leaves them out"
        yield f"{len(lost)} finished runs have lost their files, such as {unquote(lost[0].path)}", advice
    deleted = store.execute("SELECT name FROM experiments WHERE lifecycle_stage = 'deleted'").fetchall()
    for (name,) in deleted:
        yield f"study {name} is deleted, and its name is taken", "mlflow gc, or restore it, or use another name"
