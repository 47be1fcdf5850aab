"""The SQLite file of the local store: made whole or not at all, and by one process at a time.

MLflow makes its tables without a lock: two processes that begin on a fresh file break each other, and one that is
killed half-way leaves a file that can never be opened again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from mer.errors import TrackingError
from mer.tracking.clean import first_line
from mer.tracking.client import mlflow_client, translate_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["check_database", "database", "database_uri", "exists", "has_address", "open_database"]

_OTHERS_S = 900  # for other processes that open the store, one second each: dozens of sweeps may start together
_BUSY_S = float(os.environ.get("MER_STORE_WAIT_S", "20"))  # for a write of another process to end


def database(home: Path) -> Path:
    """Return the path of the database file in `home`."""
    return home / "mlflow.db"


def has_address(home: Path) -> bool:
    """Return whether SQLAlchemy can address a database in this folder: a % or ? would end the path."""
    return not {"%", "?"} & set(str(home))


def database_uri(home: Path) -> str:
    """Return the address of the store in `home` (absolute) as MLflow expects it: ``sqlite:////…/mlflow.db``."""
    return f"sqlite:///{database(home).as_posix()}"


def exists(home: Path) -> bool:
    """Return whether there is a store; an empty file is what SQLite leaves where one was deleted during a write."""
    file = database(home)
    return file.exists() and file.stat().st_size > 0


@contextlib.contextmanager
def open_database(home: Path) -> Iterator[MlflowClient]:
    """Yield an `MlflowClient` of the store in `home`, created if there is none.

    Raises
    ------
    TrackingError
        If the folder or the file cannot be read and written.
    """
    with _locked(home):
        check_database(home)
        with translate_errors(f"{database(home)} cannot be opened"):
            if not exists(home):
                _make(home)
            client = mlflow_client(database_uri(home))
            client.search_experiments(max_results=1)  # MLflow opens the file on first use: while the lock is held
    yield client


def check_database(home: Path) -> None:
    """Refuse a file that SQLite cannot read or write; MLflow itself would try again for minutes."""
    if not exists(home):
        return
    file = database(home)
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)) as connection:
            # Writers of a sweep then do not block readers, and wait less for each other.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        locked = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        step = "end the process that keeps it" if locked else "make it readable and writeable, or move it away"
        raise TrackingError(f"{file} cannot be used as the MLflow store: {first_line(error)}; {step}") from error


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Hold the store's lock, so that one process at a time opens it."""
    lock = FileLock(home / "mlflow.db.lock", timeout=_OTHERS_S)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise TrackingError(
            f"{home}: other processes have kept the store locked for {_OTHERS_S // 60} min; end one that hangs"
        ) from error
    except OSError as error:
        raise TrackingError(
            f"home={home} cannot be written: {error.strerror or error}; choose a folder of your own with home=DIR or "
            "MER_HOME"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _make(home: Path) -> None:
    """Have MLflow create the store in a temporary file, then copy it in one transaction."""
    with tempfile.TemporaryDirectory(dir=home, prefix=".mlflow.db.") as name:
        aside = Path(name)
        mlflow_client(database_uri(aside)).search_experiments(max_results=1)
        with (
            contextlib.closing(sqlite3.connect(database(aside))) as source,
            contextlib.closing(sqlite3.connect(database(home))) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=WAL")
