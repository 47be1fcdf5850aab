"""A store whose runs are recorded by a process beside ours, see `mer.helper`.

MLflow's imports and writes then take another core than the run's work. Where the run's process is killed outright, the
other closes the run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mer.errors import MerError, TrackingError
from mer.helper import Channel, Deserted, GoneError, Helper, answer_with, helper, portable, warm_up
from mer.tracking.clean import first_line
from mer.tracking.signals import exit_on_signals, undisturbed
from mer.tracking.stores import Server, Sqlite

__all__ = ["Beside", "BesideRecord", "beside", "warm"]

_KIND = "mlflow"


class BesideRecord:
    """What `mer.tracking.record.Record` is, from afar: nothing waits for the run to be opened before it must."""

    run_id = ""
    url_line = ""

    def __init__(self, process: Helper) -> None:
        self._process = process
        self.state = "opening"

    def check(self) -> None:
        """Raise where the store has refused the run meanwhile; does not wait."""
        if self.state == "opening" and self._process.answered:
            self.wait()

    def wait(self) -> None:
        """Wait until the run is open.

        Raises
        ------
        TrackingError
            Where the store cannot be opened, or the study was deleted.
        """
        if self.state != "opening":
            return
        try:
            self.run_id, self.url_line = self._process.answer()
        except MerError:
            self.state = "refused"
            raise
        self.state = "open"

    def finish(
        self,
        metrics: Mapping[str, float],
        series: Mapping[str, Sequence[float]],
        folder: Path,
        tables: Mapping[str, str] | None = None,
    ) -> None:
        """Write the results, see `mer.tracking.record.Record.finish`."""
        self.wait()
        _ask(self._process, "finish", dict(metrics), dict(series), folder.absolute(), tables)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Records in `store`, as it does itself, but from another process.

    Attributes
    ----------
    store : Sqlite or Server
    """

    store: Sqlite | Server

    def finished(self, study: str) -> frozenset[str]:
        """Return the results of a study's finished runs."""
        with helper(_KIND) as process:
            found: frozenset[str] = _ask(process, answer_with, self.store.finished, study)
        return found

    @contextlib.contextmanager
    def run(
        self,
        *,
        study: str,
        name: str,
        params: Mapping[str, str],
        tags: Mapping[str, str],
        data: Mapping[str, str] | None = None,
    ) -> Iterator[BesideRecord]:
        """Open a run of a study, as the store's own `run` does; the block begins before the run is open."""
        settings = {"study": study, "name": name, "params": dict(params), "tags": dict(tags), "data": data}
        with exit_on_signals(), helper(_KIND) as process:
            with undisturbed():
                process.send(_record, self.store, settings)
            record = BesideRecord(process)
            try:
                yield record
                record.wait()
            except BaseException as error:
                _close_after(error, process, record)
                raise
            with undisturbed():
                _ask(process, "end")


def _close_after(error: BaseException, process: Helper, record: BesideRecord) -> None:
    """Have the run of a block that raised closed; a store that fails here must not hide what the block raised."""
    killed = isinstance(error, KeyboardInterrupt | SystemExit)
    try:
        record.wait()
        if record.state == "open":
            with undisturbed():
                notes = _ask(process, "fail", killed, first_line(error))
            for note in notes:
                error.add_note(note)
    except KeyboardInterrupt:  # once more, while we wait: the other process closes the run by itself
        process.leave()
    except MerError as other:
        error.add_note(f"the MLflow run could not be closed: {first_line(other)}")


def _ask(process: Helper, *request: Any) -> Any:
    with undisturbed():  # half a request could not be understood
        process.send(*request)
    try:
        return process.answer()
    except GoneError as error:
        raise TrackingError("tracking: the process that records in MLflow was killed; run again") from error


def warm() -> None:
    """Start the other process before a run begins."""
    warm_up(_KIND, _ready)


def beside(store: Any) -> Any:
    """Return a store that records from another process where MLflow has a part in it, else `store` itself."""
    return Beside(store=store) if isinstance(store, Sqlite | Server) else store


class _KilledError(SystemExit):
    """The run's process was interrupted."""


class _RaisedError(Exception):
    """The run's process raised."""


def _ready(_: Channel) -> None:
    """Do nothing: that it was asked has imported what is needed, save MLflow, which most runs do without."""


def _record(channel: Channel, store: Any, settings: dict[str, Any]) -> None:
    """Keep a run open, in the other process; answers to the opening, to every request, and to the end."""
    try:
        with store.run(**settings) as record:
            channel.answer((record.run_id, record.url_line))
            _obey(channel, record)
        channel.answer([])
    except Deserted:
        raise
    except (_KilledError, _RaisedError) as told:
        channel.answer(list(getattr(told, "__notes__", [])))
    except Exception as error:
        channel.answer(portable(error))


def _obey(channel: Channel, record: Any) -> None:
    while True:
        verb, *rest = channel.request()
        if verb == "end":
            return
        if verb == "fail":
            killed, text = rest
            raise _KilledError(text) if killed else _RaisedError(text)
        answer_with(channel, getattr(record, verb), *rest)
