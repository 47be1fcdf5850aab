"""Records in MLflow every run that is not recorded yet."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from mer.errors import DataError, TrackingError
from mer.store.atomic import write_atomically
from mer.store.program import typed
from mer.store.results import is_whole
from mer.tracking.client import experiment_id, translate_errors
from mer.tracking.record import FAILED, Record, records
from mer.tracking.stores import Server, Sqlite, store_at
from mer.tracking.tell import tell

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Report", "run_id_of", "sync"]


@dataclass(kw_only=True)
class Report:
    """What became of the runs that were not recorded yet.

    Attributes
    ----------
    told : list of str
        Study and name of each run that is recorded now.
    problems : list of str
        Why one could not be recorded, one sentence per run.
    """

    told: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """Return what is wrong, and the next step; empty where nothing is."""
        if not self.problems:
            return ""
        reasons = "; ".join(f"{text} ({count} runs)" if count > 1 else text for text, count in self._reasons())
        return f"kept, but not recorded in MLflow yet: {reasons}; {typed('sync')} records it later"

    def _reasons(self) -> list[tuple[str, int]]:
        return list(Counter(self.problems).items())


def sync(home: Path, only: Sequence[Path] | None = None, *, thorough: bool = False) -> Report:
    """Record the runs whose results are in `home` and that are not recorded yet.

    Parameters
    ----------
    home : Path
        MER_HOME.
    only : sequence of Path, optional
        These records; else all.
    thorough : bool
        Also ask servers whether they were set up anew since, and if so record the runs again; the
        SQLite file is always asked.
    """
    report = Report()
    results = home / "results"
    if not results.is_dir():
        return report
    try:
        with FileLock(results / "telling.lock"):
            for address, paths in _by_store(only if only is not None else records(results), report).items():
                store = store_at(address, home)
                if thorough or isinstance(store, Sqlite) or any(_marker(path) is None for path in paths):
                    _tell_all(store, paths, report)
    except OSError as error:
        report.problems.append(f"{results} cannot be written: {error.strerror or error}")
    return report


def _by_store(paths: Sequence[Path], report: Report) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in paths:
        try:
            address = (_marker(path) or {}).get("store") or Record.read(path).store
            found.setdefault(address, []).append(path)
        except DataError as error:
            if path.exists():  # else its result was replaced meanwhile
                report.problems.append(str(error))
                path.unlink()
    return found


def _tell_all(store: Sqlite | Server, paths: Sequence[Path], report: Report) -> None:
    """Record in one store; once it cannot be reached at all, the rest waits without another try."""
    left = list(paths)
    try:
        with store.open() as client:
            made = _made(client)
            if isinstance(store, Sqlite):
                _close_older_runs(client, Path(store.home) / "running")
            while left:
                if (_marker(left[0]) or {}).get("made") != made:
                    _try(client, store, left[0], made, report)
                left.pop(0)
    except TrackingError as error:
        report.problems += [str(error)] * sum(_marker(path) is None for path in left)


def _try(client: MlflowClient, store: Sqlite | Server, path: Path, made: str, report: Report) -> None:
    try:
        record = Record.read(path)
        _tell_one(client, store, path, record, made)
        report.told.append(f"{record.study}: {record.name}")
    except (TrackingError, DataError) as error:
        store.check()
        report.problems.append(str(error))


def _tell_one(client: MlflowClient, store: Sqlite | Server, path: Path, record: Record, made: str) -> None:
    files = None if path.parent.name == FAILED else path.parent.parent
    if files is not None and not is_whole(files):
        raise DataError(f"{files}: the files of {record.name} are damaged or gone; run its command again")
    with translate_errors(f"study={record.study}"):
        experiment = experiment_id(client, record.study, store.uri, store.artifacts(record.study))
        run_id = tell(client, experiment, record, files)
        if files is None:
            path.unlink()
        else:
            marker = {"store": record.store, "made": made, "run": run_id}
            write_atomically(path.with_suffix(".told"), json.dumps(marker).encode(), flush=False)


def _close_older_runs(client: MlflowClient, locks: Path) -> None:
    """Mark as KILLED what earlier versions left as RUNNING: a run held a lock as long as its process lived."""
    for path in sorted(locks.glob("*.lock")):
        with contextlib.suppress(Timeout), FileLock(path, timeout=0), translate_errors(f"run {path.stem}"):
            if client.get_run(path.stem).info.status == "RUNNING":
                client.set_terminated(path.stem, "KILLED")
            path.unlink()


def _made(client: MlflowClient) -> str:
    """Return when the store was made, by its first experiment: one that was deleted and made again has another."""
    from mlflow.entities import ViewType
    from mlflow.exceptions import MlflowException

    try:
        first = client.search_experiments(ViewType.ALL, max_results=1, order_by=["creation_time ASC"])
    except MlflowException as error:
        raise TrackingError(f"the store cannot be read: {error}") from error
    return str(first[0].creation_time) if first else ""


def run_id_of(path: Path) -> str:
    """Return MLflow's id of the run of a record; empty where it is not recorded yet."""
    return (_marker(path) or {}).get("run", "")


def _marker(path: Path) -> dict[str, str] | None:
    """Return what was noted when the run was recorded; None if it was not."""
    try:
        found = json.loads(path.with_suffix(".told").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
