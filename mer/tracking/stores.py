"""Where the runs are kept: a SQLite file (default), an MLflow server, or nowhere."""

from __future__ import annotations

import contextlib
import shlex
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Unpack

from mer.errors import ConfigError, TrackingError
from mer.tracking.alive import alive, close_dead_runs
from mer.tracking.asked import Opening, Results
from mer.tracking.clean import slug
from mer.tracking.client import mlflow_client, telling
from mer.tracking.record import Record, recorded
from mer.tracking.sqlite_file import checked_database, database, database_uri, open_database
from mer.tracking.tables import TableWriter, known
from mer.tracking.writer import MlflowWriter, Writer

__all__ = ["NoRecord", "Off", "Server", "Sqlite"]

_ANSWER_S = 10  # MLflow itself would try for minutes


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where the runs of one study go.

    Attributes
    ----------
    writer : Writer
    experiment : str
        Id of the study.
    url_line : str
        What to type or open to see it.
    guard : callable
        Run id → what is held while our process works on the run, see `mer.tracking.record.recorded`.
    """

    writer: Writer
    experiment: str
    url_line: str
    guard: Callable[[str], contextlib.AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class _Store(ABC):
    """What all stores have in common: they differ in where the runs go alone."""

    @abstractmethod
    def _open(self, study: str) -> _Place:
        """Make the study where it does not exist."""

    @abstractmethod
    def finished(self, study: str) -> frozenset[str]:
        """Return the tag ``result`` of every finished run of a study; none where the study is not there."""

    @contextlib.contextmanager
    def run(self, **opening: Unpack[Opening]) -> Iterator[Record]:
        """Open a run of a study; use it with ``with``, and with the keywords of `mer.tracking.asked.Opening`.

        Yields
        ------
        Record
            With ``run_id``, ``url_line`` and ``finish``.

        Raises
        ------
        TrackingError
            Where the store cannot be opened or written, or the study was deleted.
        """
        place = self._open(opening["study"])
        with recorded(place.writer, place.experiment, opening, url_line=place.url_line, guard=place.guard) as record:
            yield record


@dataclass(frozen=True, kw_only=True)
class Sqlite(_Store):
    """Runs in ``<home>/mlflow.db``, their files in ``<home>/artifacts/<study>``.

    Attributes
    ----------
    home : str
        Folder; made absolute at once, so that a later change of the working folder does not begin a second store.
    """

    home: str

    def __post_init__(self) -> None:
        home = Path(self.home).expanduser().absolute()
        if {"%", "?"} & set(str(home)):
            raise ConfigError(f"home: {home} holds a % or ?, which the address of a database cannot; choose another")
        object.__setattr__(self, "home", str(home))

    def _open(self, study: str) -> _Place:
        if study == "Default":  # made by MLflow, with artifacts in whatever folder the first run was started from
            raise TrackingError(
                "study=Default: MLflow keeps this name for itself; choose another, such as study=default"
            )
        home = Path(self.home)
        with self._writer(study) as writer, telling(f"study={study} cannot be opened"):
            close_dead_runs(writer, home)
            number = writer.experiment(study, self._files(study))
        line = shlex.join(["mer", "ui", f"study={study}", f"home={home}"])
        return _Place(writer=writer, experiment=number, url_line=line, guard=partial(alive, home))

    def finished(self, study: str) -> frozenset[str]:
        """Return the results of a study's finished runs; none where the store is not there."""
        if not database(Path(self.home)).exists():
            return frozenset()
        with self._writer(study) as writer, telling(f"study={study} cannot be read"):
            return writer.finished(study)

    @contextlib.contextmanager
    def _writer(self, study: str) -> Iterator[Writer]:
        home = Path(self.home)
        file, uri = database(home), database_uri(home)
        if known(file, study, self._files(study)):
            with checked_database(home):
                yield TableWriter(file, uri)
        else:
            with open_database(home) as client:
                yield MlflowWriter(client, uri)

    def _files(self, study: str) -> str:
        """Return where the files of a new study go."""
        return (Path(self.home) / "artifacts" / slug(study).replace("/", "_")).as_uri()


@dataclass(frozen=True, kw_only=True)
class Server(_Store):
    """Runs on an MLflow server that somebody keeps, such as a group's.

    Attributes
    ----------
    uri : str
        Its address, such as ``http://localhost:5000``.
    """

    uri: str

    def __post_init__(self) -> None:
        if not self.uri.startswith(("http://", "https://")):
            raise ConfigError(f"tracking.uri: {self.uri} must be an address that begins with http:// or https://")

    def _open(self, study: str) -> _Place:
        self.require_answer()
        writer = MlflowWriter(mlflow_client(self.uri), self.uri)
        with telling(f"study={study} cannot be opened"):
            number = writer.experiment(study, None)
        line = f"{self.uri.rstrip('/')}/#/experiments/{number}/runs?workflowType=machine_learning"
        return _Place(writer=writer, experiment=number, url_line=line, guard=_unguarded)

    def finished(self, study: str) -> frozenset[str]:
        """Return the results of a study's finished runs."""
        self.require_answer()
        with telling(f"study={study} cannot be read"):
            return MlflowWriter(mlflow_client(self.uri), self.uri).finished(study)

    def require_answer(self) -> None:
        """Raise a `TrackingError` where the server does not answer."""
        try:
            with urllib.request.urlopen(f"{self.uri.rstrip('/')}/health", timeout=_ANSWER_S):
                return
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise TrackingError(
                f"tracking.uri: no MLflow server answers at {self.uri} ({reason}); start it, correct the address, or "
                "use tracking=sqlite"
            ) from error


def _unguarded(_run_id: str) -> contextlib.AbstractContextManager[None]:
    """Guard nothing: who keeps a server cannot see from it whether our process is alive."""
    return contextlib.nullcontext()


class NoRecord:
    """Stands in for a `Record` where nothing is kept."""

    run_id = ""
    url_line = ""

    def check(self) -> None:
        """Do nothing."""

    def finish(self, **results: Unpack[Results]) -> None:
        """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Off:
    """No record in MLflow; the run's folder is all there is."""

    @contextlib.contextmanager
    def run(self, **opening: Unpack[Opening]) -> Iterator[NoRecord]:
        """Open nothing."""
        yield NoRecord()

    def finished(self, study: str) -> None:
        """Return nothing: a sweep without a record asks only whether the result is kept."""
