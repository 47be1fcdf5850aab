"""Records one run in MLflow; doing it again completes what was begun and repeats nothing."""

from __future__ import annotations

import contextlib
import getpass
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mer.store.results import link_or_copy
from mer.tracking.clean import numbers, steps, texts
from mer.tracking.record import Record
from mer.tracking.view import REPEATS, arrange, repeats_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["tell"]

_Item = TypeVar("_Item")

# MLflow's limits for one call of log_batch.
_METRICS_A_CALL = 1000
_PARAMS_A_CALL = 100
_DIGEST_LENGTH = 36
_TAG = "record"


def tell(client: MlflowClient, experiment: str, record: Record, files: Path | None) -> str:
    """Record a run in MLflow, unless it is there already, and return MLflow's id of it.

    Parameters
    ----------
    client : mlflow.MlflowClient
    experiment : str
        Id of the study.
    record : Record
    files : Path or None
        Folder whose files become artifacts; its ``figures`` go to the root, where MLflow's compare page finds them.
    """
    known = _find(client, experiment, record.id)
    if known is not None and (known.info.status == record.status or known.info.lifecycle_stage == "deleted"):
        return str(known.info.run_id)
    run = known or client.create_run(experiment, start_time=record.began, run_name=record.name, tags=_tags(record))
    run_id = str(run.info.run_id)
    _log_values(client, run_id, record)
    _log_data(client, run_id, record)
    with _artifacts(files, record) as folder:
        client.log_artifacts(run_id, str(folder))
    client.set_terminated(run_id, record.status, record.ended)
    arrange(client, experiment, record)
    return run_id


def _find(client: MlflowClient, experiment: str, record_id: str) -> Run | None:
    from mlflow.entities import ViewType

    found = client.search_runs([experiment], f"tags.{_TAG} = '{record_id}'", ViewType.ALL, max_results=1)
    return found[0] if found else None


def _tags(record: Record) -> dict[str, str]:
    _, undefined = numbers(record.metrics)
    more = texts({"undefined": ", ".join(undefined) or None, _TAG: record.id, REPEATS: repeats_of(record) or None})
    return texts(record.tags) | more | _user()


def _user() -> dict[str, str]:
    """Return the tag that the UI shows as the run's user; none where the system does not know who it is."""
    try:
        return {"mlflow.user": getpass.getuser()}
    except (OSError, KeyError, ImportError):
        return {}


def _log_values(client: MlflowClient, run_id: str, record: Record) -> None:
    """Log params and metrics with the time at which the run ended: logged once more, they are no second value."""
    from mlflow.entities import Metric, Param

    params = [Param(key, value) for key, value in texts(record.params).items()]
    finite, _ = numbers(record.metrics)
    metrics = [Metric(key, value, record.ended, 0) for key, value in finite.items()]
    metrics += [Metric(key, value, record.ended, step) for key, step, value in steps(record.series)]
    for some in _parts(params, _PARAMS_A_CALL):
        client.log_batch(run_id, params=some)
    for more in _parts(metrics, _METRICS_A_CALL):
        client.log_batch(run_id, metrics=more)


def _parts(items: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _log_data(client: MlflowClient, run_id: str, record: Record) -> None:
    """Name the data set and the hash of its manifest as the run's input; no pixel leaves the machine."""
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.exceptions import MlflowException

    if not record.data:
        return
    source = json.dumps({"source": record.data["source"]})
    entity = Dataset(record.data["name"], record.data["digest"][:_DIGEST_LENGTH], "local", source)
    inputs = [DatasetInput(entity, [InputTag("mlflow.data.context", "evaluation")])]
    try:
        client.log_inputs(run_id, inputs)
    except MlflowException:
        # MLflow looks whether the study knows the data set, then adds it: where two runs begin a study at once, one
        # finds it added in between and is refused as a whole. The second time it is there.
        client.log_inputs(run_id, inputs)


@contextlib.contextmanager
def _artifacts(files: Path | None, record: Record) -> Iterator[Path]:
    """Yield the folder that MLflow copies, made of links where the file system has them."""
    with tempfile.TemporaryDirectory(dir=files.parent if files else None, prefix=".artifacts.") as name:
        folder = Path(name)
        if files:
            for path in [*files.iterdir(), *files.glob("figures/*")]:
                if path.is_file() and path.name not in ("cell.json", *record.texts):
                    link_or_copy(path, folder / path.name)
        for table, text in record.texts.items():
            (folder / table).write_text(text, encoding="utf-8")
        yield folder
