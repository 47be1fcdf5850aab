"""A store whose runs are recorded by a process beside ours, see `mer.helper`.

MLflow's imports and writes then take another core than the run's work. Where the run's process is killed outright, the
other closes the run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Unpack

from mer.errors import MerError, TrackingError, notes
from mer.helper import Channel, Deserted, GoneError, Helper, answer_with, helper, portable, warm_up
from mer.tracking.asked import Opening, Results
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
        """Raise where the store has refused the run meanwhile, or what records it was killed; does not wait."""
        if self._process.answered:  # to the opening, or, after that, that it is gone
            self.wait()
            if self._process.answered:
                _answer(self._process)

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
            self.run_id, self.url_line = _answer(self._process)
        except MerError:
            self.state = "refused"
            raise
        self.state = "open"

    def finish(self, **results: Unpack[Results]) -> None:
        """Write the results, see `mer.tracking.record.Record.finish`."""
        self.wait()
        _ask(self._process, "finish", {**results, "folder": results["folder"].absolute()})


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
    def run(self, **opening: Unpack[Opening]) -> Iterator[BesideRecord]:
        """Open a run of a study, as the store's own `run` does; the block begins before the run is open."""
        with exit_on_signals(), helper(_KIND) as process:
            with undisturbed():
                process.send(_record, self.store, opening)
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
        if isinstance(error, KeyboardInterrupt) and record.state == "opening" and not process.answered:
            # MLflow may take seconds to start, and nobody who presses Ctrl-C waits for it: the other process opens the
            # run, hears of this and closes it. Who sends a signal may end that process too, as schedulers do: there we
            # wait.
            with undisturbed():
                process.send("fail", killed, first_line(error))
            process.leave()
            return
        record.wait()
        if record.state == "open":
            with undisturbed():
                told = _ask(process, "fail", killed, first_line(error))
            for note in told:
                error.add_note(note)
    except KeyboardInterrupt:  # once more, while we wait: the other process closes the run by itself
        process.leave()
    except MerError as other:
        error.add_note(f"the MLflow run could not be closed: {first_line(other)}")


def _ask(process: Helper, *request: Any) -> Any:
    with undisturbed():  # half a request could not be understood
        process.send(*request)
    return _answer(process)


def _answer(process: Helper) -> Any:
    try:
        return process.answer()
    except GoneError as error:
        raise TrackingError(
            "tracking: the process that records in MLflow was killed or ran out of memory; run again, what was "
            "computed is kept"
        ) from error


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


def _record(channel: Channel, store: Any, opening: Opening) -> None:
    """Keep a run open, in the other process; answers to the opening, to every request, and to the end."""
    try:
        with store.run(**opening) as record:
            channel.answer((record.run_id, record.url_line))
            _obey(channel, record)
        channel.answer([])
    except Deserted:
        raise
    except (_KilledError, _RaisedError) as told:
        channel.answer(notes(told))
    except Exception as error:
        channel.answer(portable(error))


def _obey(channel: Channel, record: Any) -> None:
    while True:
        match channel.request():
            case "finish", results:
                answer_with(channel, partial(record.finish, **results))
            case "fail", killed, text:
                raise _KilledError(text) if killed else _RaisedError(text)
            case _:  # "end"
                return
