"""The runs of a study in a list: score, factors, and mean and spread over the seeds of a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import TYPE_CHECKING

from mer.report.study import search_runs, study_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as Stored

__all__ = ["SCORES", "Line", "Repeats", "StudyLine", "factors", "repeats", "runs_of", "studies"]

# Names of MLflow's metrics, in the order of the columns; the first that the runs have sorts the list.
SCORES = {
    "strs": "STRS",
    "f1_together": "F1",
    "f1_micro": "F1 micro",
    "f1_macro": "F1 macro",
    "uf1": "UF1",
    "uar": "UAR",
    "accuracy": "accuracy",
}
_SEED = "seed"


@dataclass(frozen=True, kw_only=True)
class StudyLine:
    """One study: its name, how many runs have finished and how many not, and when the last began (ms since 1970)."""

    name: str
    finished: int
    others: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One run.

    Attributes
    ----------
    run_id, name, status : str
        Status as MLflow writes it: ``FINISHED``, ``FAILED``, ...
    began : int
        Milliseconds since 1970.
    params : mapping of str to str
    scores : mapping of str to float
        By the names of `SCORES`; those that the run has.
    repeats : str
        The same for runs that differ in their seed alone; empty where that is not known.
    """

    run_id: str
    name: str
    status: str
    began: int
    params: Mapping[str, str]
    scores: Mapping[str, float]
    repeats: str


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """The runs of one cell with several seeds: its first run, the seeds, and mean and standard deviation by score."""

    first: Line
    seeds: tuple[str, ...]
    scores: Mapping[str, tuple[float, float]]


def studies(client: MlflowClient) -> list[StudyLine]:
    """Return every study that has runs, the one with the newest run first."""
    found = []
    for experiment in client.search_experiments():
        runs = list(search_runs(client, experiment.experiment_id))
        done = sum(run.info.status == "FINISHED" for run in runs)
        if runs:
            last = max(run.info.start_time for run in runs)
            found.append(StudyLine(name=experiment.name, finished=done, others=len(runs) - done, last=last))
    return sorted(found, key=lambda line: -line.last)


def runs_of(client: MlflowClient, study: str) -> list[Line]:
    """Return the runs of a study, the best score first; those without a score come last.

    Raises
    ------
    DataError
        If there is no such study.
    """
    lines = [_line(run) for run in search_runs(client, study_id(client, study))]
    best = next((name for name in SCORES if any(name in line.scores for line in lines)), "")
    return sorted(lines, key=lambda line: (-line.scores.get(best, float("-inf")), line.began))


def factors(lines: Sequence[Line]) -> list[str]:
    """Return the params in which runs differ, in the order of the runs' own params."""
    keys = dict.fromkeys(key for line in lines for key in line.params)
    return [key for key in keys if len({line.params.get(key) for line in lines}) > 1]


def repeats(lines: Sequence[Line]) -> list[Repeats]:
    """Return the cells with several seeds; of several runs with one seed, the newest counts."""
    cells: dict[str, dict[str, Line]] = {}
    for line in sorted(lines, key=lambda line: line.began):
        if line.repeats and line.status == "FINISHED":
            cells.setdefault(line.repeats, {})[line.params.get(_SEED, "")] = line
    return [_summary(list(runs.values())) for runs in cells.values() if len(runs) > 1]


def _summary(runs: Sequence[Line]) -> Repeats:
    names = [name for name in SCORES if all(name in run.scores for run in runs)]
    values = {name: [run.scores[name] for run in runs] for name in names}
    return Repeats(
        first=runs[0],
        seeds=tuple(run.params.get(_SEED, "") for run in runs),
        scores={name: (mean(of), stdev(of)) for name, of in values.items()},
    )


def _line(run: Stored) -> Line:
    return Line(
        run_id=run.info.run_id,
        name=run.info.run_name or "",
        status=run.info.status,
        began=run.info.start_time,
        params=dict(run.data.params),
        scores={name: run.data.metrics[name] for name in SCORES if name in run.data.metrics},
        repeats=run.data.tags.get("repeats", ""),
    )
