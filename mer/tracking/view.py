"""What the run table of a study shows at first sight: the scores and the factors, sorted by score.

MLflow keeps the columns, the order and the grouping of a shared view in a tag of the experiment, and opens it from an
address with ``viewStateShareKey``. The tag also holds the levels that were seen, so that no run is read again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from mer.tracking.clean import numbers, texts
from mer.tracking.record import Record

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["OVER_SEEDS", "REPEATS", "SHARED_VIEW", "arrange", "has_view", "repeats_of"]

SHARED_VIEW = "mer"  # the key in the address
REPEATS = "repeats"  # tag of runs that differ in their seed alone
OVER_SEEDS = "over_seeds"  # tag with mean and spread over such runs
_TAG = f"mlflow.sharedViewState.{SHARED_VIEW}"
_SCORES = (
    "uf1",
    "uar",
    "f1_together",
    "f1_micro",
    "f1_macro",
    "strs",
)  # in this order
_SORTED_BY = ("strs", "f1_together", "f1_micro", "uf1")
_MAIN = ("flow", "roi", "descriptor", "spotter")  # shown while all runs are alike
_MOST = 10  # factors with a column; the others are in MLflow's list of columns
_WIDTH = 80  # px of a column
_SHORT = 16
_SEEDS = 200  # at most
_LONGEST = 4900  # MLflow refuses a tag of more than 5,000 characters


def arrange(client: MlflowClient, experiment: str, record: Record) -> None:
    """Have the shared view of a study show the scores and all factors, this run's among them.

    Parameters
    ----------
    client : mlflow.MlflowClient
    experiment : str
        Id of the study.
    record : Record
        A run that is being recorded there.
    """
    before = client.get_experiment(experiment).tags.get(_TAG, "")
    state = _view(_read(before), texts(record.params), list(numbers(record.metrics)[0]))
    after = json.dumps(state, ensure_ascii=False)
    if after != before and len(after) <= _LONGEST:
        client.set_experiment_tag(experiment, _TAG, after)
    if "seed" in state["factors"] and record.status == "FINISHED":
        _summarise(client, experiment, repeats_of(record))


def _summarise(client: MlflowClient, experiment: str, repeats: str) -> None:
    """Write mean and standard deviation over the seeds of a cell into a tag of each of its runs."""
    chosen = f"tags.{REPEATS} = '{repeats}' and attributes.status = 'FINISHED'"
    newest = client.search_runs([experiment], chosen, max_results=_SEEDS, order_by=["start_time DESC"])
    runs = {run.data.params["seed"]: run for run in reversed(newest)}
    name = next((name for name in _SORTED_BY if all(name in run.data.metrics for run in runs.values())), "")
    if len(runs) < 2 or not name:
        return
    values = [run.data.metrics[name] for run in runs.values()]
    text = f"{name} {mean(values):.4f} ± {stdev(values):.4f} ({len(values)} seeds)"
    for run in runs.values():
        if run.data.tags.get(OVER_SEEDS) != text:
            client.set_tag(run.info.run_id, OVER_SEEDS, text)


def has_view(tags: Mapping[str, str]) -> bool:
    """Return whether a study, by its tags, has a shared view; one that an earlier version made has none."""
    return _TAG in tags


def repeats_of(record: Record) -> str:
    """Return what all runs have in common that differ from this one in their seed alone; empty without a seed."""
    from mer.store.keys import digest

    if "seed" not in record.params:
        return ""
    alike = {key: str(value) for key, value in record.params.items() if key != "seed"}
    return digest(alike, record.data.get("digest", ""))[:16]


def _read(text: str) -> dict[str, Any]:
    """Return the view as it was; an empty one where there is none, or another program wrote it."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "levels" in found else {}


def _view(before: Mapping[str, Any], params: Mapping[str, str], metrics: Sequence[str]) -> dict[str, Any]:
    own = {key: _short(value) for key, value in params.items()}
    levels: dict[str, str | None] = dict(before.get("levels", own))
    factors = list(before.get("factors", ()))
    for key in [*levels, *(key for key in own if key not in levels)]:
        if levels.setdefault(key, None) != own.get(key) and key not in factors:
            factors.append(key)
    scores = [name for name in _SCORES if name in metrics] or list(before.get("scores", ()))
    shown = factors[:_MOST] or [key for key in _MAIN if key in params]
    first = next((name for name in _SORTED_BY if name in scores), "")
    order: dict[str, Any] = {"orderByKey": _column("metrics", first), "orderByAsc": False} if first else {}
    columns = [*(_column("metrics", name) for name in scores), *(_column("params", key) for key in shown)]
    columns += [_column("tags", OVER_SEEDS)] if "seed" in factors else []
    widths = {column: _WIDTH for column in columns if not column.startswith("tags")}
    order |= {"selectedColumns": columns, "columnOrder": columns, "columnWidths": widths}
    return order | {"levels": levels, "factors": factors, "scores": scores}


def _short(value: str) -> str:
    """Return a level, or the hash of a long one: levels are only compared."""
    from mer.store.keys import digest

    return value if len(value) <= _SHORT else digest(value)[:_SHORT]


def _column(kind: str, name: str) -> str:
    return f"{kind}.`{name}`"
