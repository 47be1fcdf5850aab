"""What records need of a store, and how an MLflow client does it; `mer.tracking.tables` does the same without one."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mer.tracking.client import experiment_id

__all__ = ["MlflowWriter", "Row", "Writer"]

# MLflow's limits for one call of log_batch.
_METRICS_A_CALL = 1000
_PARAMS_A_CALL = 100
DIGEST_LENGTH = 36
_PAGE = 1000  # runs a query


class Row(NamedTuple):
    """One value of a metric; `timestamp` in milliseconds."""

    key: str
    value: float
    timestamp: int
    step: int


class Writer(ABC):
    """Writes runs into one store. Keys and texts must be such that MLflow takes them, see `mer.tracking.clean`."""

    @abstractmethod
    def experiment(self, study: str, location: str | None) -> str:
        """Return the id of a study, made where there is none; see `mer.tracking.client.experiment_id`."""

    @abstractmethod
    def finished(self, study: str) -> frozenset[str]:
        """Return the tag ``result`` of every finished run of a study; none where the study is not there."""

    @abstractmethod
    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """Add a run and return its id."""

    @abstractmethod
    def params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Add what was chosen."""

    @abstractmethod
    def data(self, run_id: str, data: Mapping[str, str]) -> None:
        """Name the data set and the hash of its manifest as the run's input; no pixel leaves the machine."""

    @abstractmethod
    def metrics(self, run_id: str, rows: Sequence[Row]) -> None:
        """Add numbers."""

    @abstractmethod
    def tag(self, run_id: str, key: str, text: str) -> None:
        """Set a tag."""

    @abstractmethod
    def files(self, run_id: str, folder: Path) -> None:
        """Copy the content of a folder to the run's artifacts."""

    @abstractmethod
    def status(self, run_id: str) -> str:
        """Return ``RUNNING`` or how the run has ended."""

    @abstractmethod
    def close(self, run_id: str, status: str) -> None:
        """End a run."""


class MlflowWriter(Writer):
    """Writes through MLflow.

    Parameters
    ----------
    client : mlflow.MlflowClient
    uri : str
        The client's store, for error messages.
    """

    def __init__(self, client: Any, uri: str) -> None:
        self._client, self._uri = client, uri

    def experiment(self, study: str, location: str | None) -> str:
        """See `Writer`."""
        return experiment_id(self._client, study, self._uri, location)

    def finished(self, study: str) -> frozenset[str]:
        """See `Writer`."""
        found = self._client.get_experiment_by_name(study)
        if found is None or found.lifecycle_stage == "deleted":
            return frozenset()
        results: set[str] = set()
        token = None
        while True:
            page = self._client.search_runs(
                [found.experiment_id], "attributes.status = 'FINISHED'", max_results=_PAGE, page_token=token
            )
            results |= {run.data.tags["result"] for run in page if "result" in run.data.tags}
            token = page.token
            if not token:
                return frozenset(results)

    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """See `Writer`."""
        return str(self._client.create_run(experiment, run_name=name, tags=dict(tags)).info.run_id)

    def params(self, run_id: str, params: Mapping[str, str]) -> None:
        """See `Writer`."""
        from mlflow.entities import Param

        rows = [Param(key, value) for key, value in params.items()]
        for start in range(0, len(rows), _PARAMS_A_CALL):
            self._client.log_batch(run_id, params=rows[start : start + _PARAMS_A_CALL])

    def data(self, run_id: str, data: Mapping[str, str]) -> None:
        """See `Writer`."""
        from mlflow.entities import Dataset, DatasetInput, InputTag
        from mlflow.exceptions import MlflowException

        entity = Dataset(data["name"], data["digest"][:DIGEST_LENGTH], "local", source_text(data))
        inputs = [DatasetInput(entity, [InputTag("mlflow.data.context", "evaluation")])]
        try:
            self._client.log_inputs(run_id, inputs)
        except MlflowException:
            # MLflow looks whether the study knows the data set, then adds it: where two runs begin a study at once, one
            # finds it added in between and is refused as a whole. The second time it is there.
            self._client.log_inputs(run_id, inputs)

    def metrics(self, run_id: str, rows: Sequence[Row]) -> None:
        """See `Writer`."""
        from mlflow.entities import Metric

        entities = [Metric(*row) for row in rows]
        for start in range(0, len(entities), _METRICS_A_CALL):
            self._client.log_batch(run_id, metrics=entities[start : start + _METRICS_A_CALL])

    def tag(self, run_id: str, key: str, text: str) -> None:
        """See `Writer`."""
        self._client.set_tag(run_id, key, text)

    def files(self, run_id: str, folder: Path) -> None:
        """See `Writer`."""
        self._client.log_artifacts(run_id, str(folder))

    def status(self, run_id: str) -> str:
        """See `Writer`."""
        return str(self._client.get_run(run_id).info.status)

    def close(self, run_id: str, status: str) -> None:
        """See `Writer`."""
        self._client.set_terminated(run_id, status)


def source_text(data: Mapping[str, str]) -> str:
    """Return where a data set comes from, as MLflow keeps it."""
    return json.dumps({"source": data["source"]})
