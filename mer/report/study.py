"""A study as MLflow keeps it: the newest finished run of every cell, with the files that a report rests on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlparse

import yaml

from mer.errors import DataError, MerError
from mer.store.predictions import read_predictions
from mer.types import Card, Metrics, Predictions

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as Stored

__all__ = [
    "Files",
    "LeftOut",
    "Run",
    "Study",
    "files_of_run",
    "files_of_study",
    "load_run",
    "load_study",
    "search_runs",
    "setting",
    "study_id",
    "task_of",
    "texts_of",
]

Loaded = TypeVar("Loaded")
_FILES = ("predictions.csv", "metrics.json", "protocol.json", "config.yaml")
_HOUSEKEEPING = ("study", "home", "workers", "tracking", "seed", "bad_clips", "hydra", "cache_gb", "sweep")
_PAGE = 500
_DOWNLOADS = 8  # at a time, from a server
_ID_LENGTH = 32
_SEVERAL = (
    "its clips may have several classes, which report, compare and export do not handle; its metrics.json has the "
    "scores with their intervals"
)
_STATES = {"FAILED": "it failed", "KILLED": "it was stopped before its end", "RUNNING": "it has not ended"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One finished run.

    Attributes
    ----------
    run_id, name : str
    started : int
        Milliseconds since 1970.
    params, tags : mapping of str to str
    numbers : mapping of str to float
        MLflow's metrics: only they have the cost.
    summary, card : mapping
        The content of metrics.json and protocol.json.
    predictions : Predictions
    config : str
        The content of config.yaml.
    regions : str
        The content of regions.csv; empty where the run, an older one, has none.
    """

    run_id: str
    name: str
    started: int
    params: Mapping[str, str]
    tags: Mapping[str, str]
    numbers: Mapping[str, float]
    summary: Metrics
    card: Card
    predictions: Predictions = field(repr=False)
    config: str = field(repr=False)
    regions: str = field(repr=False, default="")

    def level(self, key: str) -> str | None:
        """Return a param; where this run's command did not name it, what config.yaml says; None where it has none."""
        if key in self.params:
            return self.params[key]
        return setting(self._settings, key)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every param, then every setting of config.yaml that can affect the result."""
        parts = {key: value for key, value in self._settings.items() if key not in _HOUSEKEEPING}
        return tuple(dict.fromkeys([*self.params, *_flat(parts)]))

    @cached_property
    def _settings(self) -> Mapping[str, object]:
        return yaml.safe_load(self.config) or {}


def setting(settings: Mapping[str, object], key: str) -> str | None:
    """Return a single setting, such as ``roi.rows``, of a whole configuration; None where it has none."""
    node: object = settings
    for part in key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return None if node is None or isinstance(node, Mapping) else str(node)


def _flat(settings: Mapping[str, object], prefix: str = "") -> list[str]:
    keys = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            keys += _flat(value, f"{prefix}{key}.")
        elif key != "_target_":
            keys.append(f"{prefix}{key}")
    return keys


@dataclass(frozen=True, kw_only=True)
class Files:
    """One finished run with the content of some of its files, by their names."""

    run_id: str
    name: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    texts: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A run that is not in the report, and why."""

    run_id: str
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """What is known of a study; `runs` in the order in which they began."""

    name: str
    runs: tuple[Run, ...]
    left_out: tuple[LeftOut, ...]


def load_study(client: MlflowClient, name: str) -> Study:
    """Read a study from an MLflow store.

    Parameters
    ----------
    client : mlflow.MlflowClient
        Of a local store or a server; nothing else is read.
    name : str

    Raises
    ------
    DataError
        If there is no such study, or none of its runs has ended well.
    """
    runs, left_out = _loaded(client, name, lambda run: _read(client, run))
    return Study(name=name, runs=tuple(runs), left_out=tuple(left_out))


def task_of(client: MlflowClient, name: str) -> str:
    """Return the task of the last finished run, such as ``spot``; ``recognise`` where there is none."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return "recognise"
    runs = client.search_runs(
        [experiment.experiment_id], "attributes.status = 'FINISHED'", max_results=1, order_by=["start_time DESC"]
    )
    return str(runs[0].data.tags.get("task", "recognise")) if runs else "recognise"


def files_of_study(client: MlflowClient, name: str, files: Sequence[str]) -> tuple[list[Files], list[LeftOut]]:
    """Return the runs of a study with the content of some of their files.

    Raises
    ------
    DataError
        If there is no such study, or no run of it has the files.
    """
    return _loaded(client, name, lambda run: _files(client, run, files))


def _loaded(
    client: MlflowClient, name: str, read: Callable[[Stored], Loaded | LeftOut]
) -> tuple[list[Loaded], list[LeftOut]]:
    """Return what `read` makes of the newest finished run of every cell; what is left out, with the reason."""
    newest, left_out = _finished_runs(client, name)
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        loaded = list(pool.map(read, newest))
    left_out += [item for item in loaded if isinstance(item, LeftOut)]
    found = [item for item in loaded if not isinstance(item, LeftOut)]
    if not found:
        raise DataError(f"study {name}: no run can be reported; the last of {len(left_out)}: {left_out[-1].reason}")
    return found, left_out


def files_of_run(client: MlflowClient, run_id: str, files: Sequence[str]) -> Files:
    """Return a finished run, named by its id or the beginning of it, with the content of some of its files.

    Raises
    ------
    DataError
        If there is no such run, or it lacks one of the files.
    """
    found = _files(client, _find_run(client, run_id), files)
    if isinstance(found, LeftOut):
        raise DataError(f"run {run_id}: {found.reason}")
    return found


def _files(client: MlflowClient, run: Stored, names: Sequence[str]) -> Files | LeftOut:
    try:
        with tempfile.TemporaryDirectory(prefix="mer_report_") as scratch:
            texts = {name: _read_artifact(client, run, name, scratch).read_text(encoding="utf-8") for name in names}
    except (MerError, OSError, ValueError) as error:
        return _left_out(run, f"its files cannot be read: {' '.join(str(error).split())}")
    return Files(
        run_id=run.info.run_id,
        name=run.info.run_name or "",
        params=dict(run.data.params),
        tags=dict(run.data.tags),
        texts=texts,
    )


def study_id(client: MlflowClient, name: str) -> str:
    """Return MLflow's id of a study.

    Raises
    ------
    DataError
        If there is no such study, naming those that there are.
    """
    experiment = client.get_experiment_by_name(name)
    if experiment is None or experiment.lifecycle_stage == "deleted":
        known = sorted(e.name for e in client.search_experiments() if e.name != "Default")
        raise DataError(f"study {name}: there is no such study; there are: {', '.join(known) or 'none yet'}")
    return str(experiment.experiment_id)


def _finished_runs(client: MlflowClient, name: str) -> tuple[list[Stored], list[LeftOut]]:
    """Return the newest finished run of every cell of a study, oldest first; what is left out, with the reason.

    Raises
    ------
    DataError
        If there is no such study, or it has no run.
    """
    found = sorted(search_runs(client, study_id(client, name)), key=lambda run: (run.info.start_time, run.info.run_id))
    if not found:
        raise DataError(f"study {name}: it has no run yet; begin with mer run study={name}")
    return _newest(found)


def load_run(client: MlflowClient, run_id: str) -> Run:
    """Read one finished run by its id, or by a beginning of it that no other run has.

    Raises
    ------
    DataError
        If there is no such run, several, or one that cannot be compared.
    """
    run = _find_run(client, run_id)
    if run.data.tags.get("task", "").startswith("spot"):
        raise DataError(f"run {run_id}: it spots intervals in long videos; mer report STUDY compares such runs")
    loaded = _read(client, run)
    if isinstance(loaded, LeftOut):
        raise DataError(f"run {run_id}: {loaded.reason}")
    return loaded


def texts_of(client: MlflowClient, run_id: str, name: str) -> str:
    """Return the content of one more file of a run; empty where the run has no such file."""
    with tempfile.TemporaryDirectory(prefix="mer_report_") as scratch:
        return _optional(client, _find_run(client, run_id), name, scratch)


def _find_run(client: MlflowClient, run_id: str) -> Stored:
    """Return a finished run by its id, or by a beginning of it that no other run has.

    Raises
    ------
    DataError
        If there is no such run, several, or it has no result.
    """
    experiments = [e.experiment_id for e in client.search_experiments()]
    found = [run for run in search_runs(client, *experiments) if run.info.run_id.startswith(run_id)]
    if len(found) != 1:
        which = "there is no such run" if not found else f"{len(found)} runs begin so"
        raise DataError(f"run {run_id}: {which}; take the run id that the MLflow UI shows ({_ID_LENGTH} letters)")
    if found[0].info.status != "FINISHED":
        raise DataError(f"run {run_id}: {_why(found[0])}, so it has no result; take a finished one")
    return found[0]


def search_runs(client: MlflowClient, *experiments: str) -> Iterable[Stored]:
    """Yield all runs of experiments, page by page."""
    token = None
    while True:
        page = client.search_runs(list(experiments), max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _newest(found: list[Stored]) -> tuple[list[Stored], list[LeftOut]]:
    """Return the newest finished run of every cell; what is not in the report, with the reason."""
    finished = {_cell(run): run for run in found if run.info.status == "FINISHED"}
    left_out = []
    for run in found:
        if run.info.status != "FINISHED" and _cell(run) not in finished:
            left_out.append(_left_out(run, _why(run)))
        elif run.info.status != "FINISHED":
            left_out.append(_left_out(run, f"{_why(run)}; a later or earlier run of the same cell is in"))
        elif finished[_cell(run)] is not run:
            left_out.append(_left_out(run, "an older run of a cell that is in"))
    return list(finished.values()), left_out


def _cell(run: Stored) -> str:
    return str(run.data.tags.get("cell", run.info.run_id))


def _why(run: Stored) -> str:
    return _STATES.get(run.info.status, f"its status is {run.info.status}")


def _left_out(run: Stored, reason: str) -> LeftOut:
    return LeftOut(run_id=run.info.run_id, name=run.info.run_name or "", reason=reason)


def _read(client: MlflowClient, run: Stored) -> Run | LeftOut:
    try:
        with tempfile.TemporaryDirectory(prefix="mer_report_") as scratch:
            files = {name: _read_artifact(client, run, name, scratch) for name in _FILES}
            predictions = read_predictions(files["predictions.csv"])
            if predictions.combinations:
                return _left_out(run, _SEVERAL)
            return Run(
                run_id=run.info.run_id,
                name=run.info.run_name or "",
                started=run.info.start_time,
                params=dict(run.data.params),
                tags=dict(run.data.tags),
                numbers=dict(run.data.metrics),
                summary=json.loads(files["metrics.json"].read_text(encoding="utf-8")),
                card=json.loads(files["protocol.json"].read_text(encoding="utf-8")),
                predictions=predictions,
                config=files["config.yaml"].read_text(encoding="utf-8"),
                regions=_optional(client, run, "regions.csv", scratch),
            )
    except (MerError, OSError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return _left_out(run, f"its files cannot be read: {reason}")


def _optional(client: MlflowClient, run: Stored, name: str, scratch: str) -> str:
    try:
        return _read_artifact(client, run, name, scratch).read_text(encoding="utf-8")
    except DataError:
        return ""


def _read_artifact(client: MlflowClient, run: Stored, name: str, scratch: str) -> Path:
    """Return the path of a file of a run, fetched into `scratch` where it lies on a server.

    Raises
    ------
    DataError
        If the run has no such file.
    """
    from mlflow.exceptions import MlflowException

    address = urlparse(run.info.artifact_uri)
    if address.scheme == "file":
        path = Path(unquote(address.path)) / name
        if not path.is_file():
            raise DataError(f"{name} is not among its artifacts")
        return path
    try:
        return Path(client.download_artifacts(run.info.run_id, name, scratch))
    except (MlflowException, OSError) as error:
        raise DataError(f"{name} is not among its artifacts, or the store does not give it out") from error
