"""A client that only reads: of the local store or of a server."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mer.store.program import typed
from mer.tracking.client import translate_errors
from mer.tracking.record import waiting
from mer.tracking.stores import Server, existing
from mer.validation import user_path

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["reading"]


@contextlib.contextmanager
def reading(*, home: str | Path, uri: str = "") -> Iterator[MlflowClient]:
    """Yield a client of the server at `uri`, or of the store in `home` where `uri` is empty.

    Raises
    ------
    TrackingError
        If the store does not exist, the server does not answer, or what it says cannot be read.
    """
    folder = user_path("home", home)
    if untold := len(waiting(folder / "results")):
        runs = "1 run is" if untold == 1 else f"{untold} runs are"
        print(
            f"mer: {runs} kept in {folder}, but not recorded in MLflow yet; {typed('sync', home=folder)} records it",
            file=sys.stderr,
        )
    with Server(uri=uri).open() if uri else existing(folder) as client, translate_errors("the runs cannot be read"):
        yield client
