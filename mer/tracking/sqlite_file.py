"""The SQLite file of the local store: made whole or not at all, and by one process at a time.

MLflow makes its tables without a lock: two processes that begin on a fresh file break each other, and one that is
killed half-way leaves a file that can never be opened again.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mer.errors import TrackingError
from mer.tracking.clean import first_line
from mer.tracking.client import import_mlflow, mlflow_client, telling

__all__ = ["checked_database", "database", "database_uri", "locked", "open_database"]

# For others that open the same store: a second each, on a busy machine ten, and a score of sweeps may begin at once.
_WAIT_S = 900
_BUSY_S = 20  # for a write of another process to end


def database(home: Path) -> Path:
    """Return the path of the database file in `home`."""
    return home / "mlflow.db"


def database_uri(home: Path) -> str:
    """Return the address of the store in `home` (absolute) as MLflow wants it: ``sqlite:////…/mlflow.db``."""
    return f"sqlite:///{database(home).as_posix()}"


@contextlib.contextmanager
def open_database(home: Path) -> Iterator[Any]:
    """Yield an `MlflowClient` of the store in `home`, made where there is none; holds the store's lock meanwhile.

    Raises
    ------
    TrackingError
        Where the folder or the file cannot be read and written.
    """
    import_mlflow()  # before the lock: others need not wait for it
    with checked_database(home):
        if not database(home).exists():
            _make(home)
        with telling(f"{database(home)} cannot be opened"):
            client = mlflow_client(database_uri(home))
        yield client


@contextlib.contextmanager
def checked_database(home: Path) -> Iterator[None]:
    """Hold the store's lock, once it is known that the file can be read and written, or is not there.

    Raises
    ------
    TrackingError
        Where the folder or the file cannot be read and written.
    """
    with locked(home):
        _check(home)
        yield


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the store's lock, so that one process at a time opens it or says that a run of its own is alive."""
    lock = FileLock(home / "mlflow.db.lock", timeout=_WAIT_S)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise TrackingError(
            f"{home}: other processes have kept the store locked for {_WAIT_S // 60} min; end one that hangs"
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


def _check(home: Path) -> None:
    """Refuse a file that SQLite cannot read or write; MLflow itself would try again for minutes."""
    file = database(home)
    if not file.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)) as connection:
            # Writers of a sweep then do not block readers, and wait less for each other.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise TrackingError(
            f"{file} cannot be used as the MLflow store: {first_line(error)}; make it readable and writeable, or move "
            "it away and a new one is made"
        ) from error


def _make(home: Path) -> None:
    """Make the tables in a file aside, then copy them in one transaction."""
    aside = home / "mlflow.db.new"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    with telling(f"{database(home)} cannot be made"):
        mlflow_client(database_uri(aside))
        with (
            contextlib.closing(sqlite3.connect(database(aside))) as source,
            contextlib.closing(sqlite3.connect(database(home))) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=WAL")
    shutil.rmtree(aside, ignore_errors=True)
