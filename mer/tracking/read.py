"""A client that only reads: of the local store or of a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mer.errors import TrackingError
from mer.tracking.alive import close_dead_runs
from mer.tracking.client import mlflow_client, telling
from mer.tracking.sqlite_file import database, database_uri, open_database
from mer.tracking.stores import Server
from mer.tracking.writer import MlflowWriter

__all__ = ["reading"]


@contextlib.contextmanager
def reading(*, home: str | Path, uri: str = "") -> Iterator[Any]:
    """Yield a client of the server at `uri`, or of the store in `home` where `uri` is empty.

    Raises
    ------
    TrackingError
        Where the store does not exist, the server does not answer, or what it says cannot be read.
    """
    if uri:
        server = Server(uri=uri)
        server.require_answer()
        client = mlflow_client(uri)
    else:
        folder = Path(home).expanduser().absolute()
        if not database(folder).exists():
            raise TrackingError(
                f"home={folder} holds no mlflow.db yet: `mer run` makes it, or give another folder, home=DIR"
            )
        with open_database(folder) as client, telling(f"{database(folder)} cannot be read"):
            close_dead_runs(MlflowWriter(client, database_uri(folder)), folder)
    with telling("the runs cannot be read"):
        yield client
