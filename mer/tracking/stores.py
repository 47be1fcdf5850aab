"""Where the runs are kept: a SQLite file (default), an MLflow server, or nowhere."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mer.errors import ConfigError, TrackingError
from mer.store.program import typed
from mer.tracking.clean import slug
from mer.tracking.client import mlflow_client, translate_errors
from mer.tracking.database import check_database, database, database_uri, has_address, open_database
from mer.validation import user_path

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Off", "Server", "Sqlite", "existing", "store_at"]

_ANSWER_S = 10  # MLflow itself would try for minutes
_HERE = "."


@dataclass(frozen=True, kw_only=True)
class Sqlite:
    """Runs in ``<home>/mlflow.db``, their files in ``<home>/artifacts/<study>``.

    Attributes
    ----------
    home : str
        Folder; made absolute at once, so that a later change of the working folder does not begin a second store.
    """

    home: str

    def __post_init__(self) -> None:
        home = user_path("home", self.home)
        if not has_address(home):
            raise ConfigError(f"home: {home} holds a % or ?, which the address of a database cannot; choose another")
        object.__setattr__(self, "home", str(home))

    @property
    def uri(self) -> str:
        """Address of the store, for MLflow."""
        return database_uri(Path(self.home))

    def address(self, home: Path) -> str:
        """Return what a record in `home` keeps of the store; a home that is moved takes its own store along."""
        return _HERE if Path(self.home) == home.absolute() else self.home

    def refuse(self, study: str) -> None:
        """Raise a `ConfigError` for a name that no study can have."""
        if study == "Default":  # made by MLflow, with artifacts in whatever folder the first run was started from
            raise ConfigError("study=Default: MLflow keeps this name for itself; choose another, such as study=default")

    @contextlib.contextmanager
    def open(self) -> Iterator[MlflowClient]:
        """Yield a client.

        Raises
        ------
        TrackingError
            If the store cannot be opened.
        """
        with open_database(Path(self.home)) as client:
            yield client

    def check(self) -> None:
        """Raise a `TrackingError` where the file cannot be written at the moment."""
        check_database(Path(self.home))

    def artifacts(self, study: str) -> str:
        """Return where the files of a new study go."""
        return (Path(self.home) / "artifacts" / slug(study).replace("/", "_")).as_uri()

    def see(self, study: str) -> str:
        """Return what to type to see a study."""
        return typed("ui", f"study={study}", f"home={self.home}")


@dataclass(frozen=True, kw_only=True)
class Server:
    """Runs on an MLflow server, such as a research group's.

    Attributes
    ----------
    uri : str
        Its address, such as ``http://localhost:5000``.
    """

    uri: str

    def __post_init__(self) -> None:
        if not self.uri.startswith(("http://", "https://")):
            raise ConfigError(f"tracking.uri: {self.uri} must be an address that begins with http:// or https://")

    def address(self, home: Path) -> str:
        """Return what a record keeps of the store."""
        return self.uri

    def refuse(self, study: str) -> None:
        """Refuse nothing: the server decides."""

    @contextlib.contextmanager
    def open(self) -> Iterator[MlflowClient]:
        """Yield a client.

        Raises
        ------
        TrackingError
            If the server does not answer.
        """
        self.check()
        yield mlflow_client(self.uri)

    def check(self) -> None:
        """Raise a `TrackingError` where the server does not answer."""
        try:
            with urllib.request.urlopen(f"{self.uri.rstrip('/')}/health", timeout=_ANSWER_S):
                return
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise TrackingError(
                f"tracking.uri: no MLflow server answers at {self.uri} ({reason}); start it, or correct the address"
            ) from error

    def artifacts(self, study: str) -> None:
        """Return nothing: the server decides where files go."""

    def see(self, study: str) -> str:
        """Return what to open to see the studies."""
        return f"{self.uri.rstrip('/')}/#/experiments (study {study})"


@dataclass(frozen=True, kw_only=True)
class Off:
    """No record in MLflow; the run's folder is all there is."""

    def address(self, home: Path) -> str | None:
        """Return None: there is no store."""
        return None

    def refuse(self, study: str) -> None:
        """Refuse nothing."""

    def see(self, study: str) -> str:
        """Return nothing to see."""
        return ""


def store_at(address: str, home: Path) -> Sqlite | Server:
    """Return the store that a record in `home` names."""
    if address.startswith(("http://", "https://")):
        return Server(uri=address)
    return Sqlite(home=str(home if address == _HERE else address))


@contextlib.contextmanager
def existing(home: Path) -> Iterator[MlflowClient]:
    """Yield a client of the store in `home`.

    Raises
    ------
    TrackingError
        If there is none, or it cannot be read.
    """
    if not database(home).exists():
        raise TrackingError(f"home={home} holds no mlflow.db yet: `mer run` makes it, or give another folder, home=DIR")
    with open_database(home) as client, translate_errors(f"{database(home)} cannot be read"):
        yield client
