"""One MLflow run from its first line to its last: it ends as FINISHED, FAILED or KILLED, never as RUNNING."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Unpack

from mer.tracking.asked import Opening, Results
from mer.tracking.clean import first_line, numbers, steps, texts
from mer.tracking.client import telling
from mer.tracking.signals import exit_on_signals, undisturbed
from mer.tracking.writer import Row, Writer

__all__ = ["Record", "recorded"]


class Record:
    """What a run of ours keeps in MLflow.

    Parameters
    ----------
    writer : Writer
    run_id : str
        MLflow's id of the run.
    url_line : str
        What to type to see the run in the MLflow UI.
    """

    def __init__(self, writer: Writer, run_id: str, url_line: str) -> None:
        self._writer = writer
        self.run_id = run_id
        self.url_line = url_line
        self.complete = False

    def check(self) -> None:
        """Do nothing: the run is open, see `mer.tracking.beside` for one that may not be yet."""

    def finish(self, **results: Unpack[Results]) -> None:
        """Write the results in one go; its keywords are those of `mer.tracking.asked.Results`.

        Raises
        ------
        TrackingError
            Where the store cannot be written.
        """
        with telling("the results were not recorded"):
            self._log_metrics(results["metrics"], results["series"])
            folder = results["folder"]
            with tempfile.TemporaryDirectory(prefix="mer_record_") as name:
                whole = Path(name) / "run"
                shutil.copytree(folder, whole)
                for figure in sorted((folder / "figures").glob("*.png")):
                    shutil.copy(figure, whole)
                for table, text in results.get("tables", {}).items():
                    (whole / table).write_text(text, encoding="utf-8")
                self._writer.files(self.run_id, whole)  # one call: each asks the store where to write
        self.complete = True

    def _log_metrics(self, metrics: Mapping[str, float], series: Mapping[str, Sequence[float]]) -> None:
        now = int(time.time() * 1000)
        finite, undefined = numbers(metrics)
        rows = [Row(key, value, now, 0) for key, value in finite.items()]
        rows += [Row(key, value, now, step) for key, step, value in steps(series)]
        self._writer.metrics(self.run_id, rows)
        if undefined:
            self._writer.tag(self.run_id, "undefined", texts({"": ", ".join(undefined)})["_"])


@contextlib.contextmanager
def recorded(
    writer: Writer,
    experiment_id: str,
    opening: Opening,
    *,
    url_line: str,
    guard: Callable[[str], AbstractContextManager[None]],
) -> Iterator[Record]:
    """Open a run and close it with the status that the block deserves.

    A block that ends without `Record.finish` has FAILED; Ctrl-C, SystemExit, SIGTERM and SIGHUP make it KILLED. `guard`
    is held, with the run's id, from the start of the run until it is closed.
    """
    record = Record(writer, "", url_line)
    with exit_on_signals(), contextlib.ExitStack() as held:
        try:
            with undisturbed(), telling("no run was started"):
                named = texts(opening["tags"]) | _user()
                record.run_id = writer.begin(experiment_id, opening["name"], named)
                held.enter_context(guard(record.run_id))
            with telling("the parameters were not recorded"):
                writer.params(record.run_id, texts(opening["params"]))
                if "data" in opening:
                    writer.data(record.run_id, opening["data"])
            yield record
        except BaseException as error:
            _close_after(error, record)
            raise
        with undisturbed(), telling("the run was not closed"):
            writer.close(record.run_id, "FINISHED" if record.complete else "FAILED")


def _user() -> dict[str, str]:
    """Return the tag that the UI shows as the run's user; none where the system does not know who it is."""
    try:
        return {"mlflow.user": getpass.getuser()}
    except (OSError, KeyError, ImportError):
        return {}


def _close_after(error: BaseException, record: Record) -> None:
    """Close the run of a block that raised; a store that fails here must not hide what the block raised."""
    if not record.run_id:
        return
    killed = isinstance(error, KeyboardInterrupt | SystemExit)
    try:
        with undisturbed():
            record._writer.tag(record.run_id, "error", texts({"": first_line(error)})["_"])
            record._writer.close(record.run_id, "KILLED" if killed else "FAILED")
    except Exception as other:
        error.add_note(f"MLflow run {record.run_id} could not be closed: {first_line(other)}")
