"""A log of predictions as a run: a result folder like any other, and a record in MLflow, marked as imported."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mer import metrics
from mer.report.figures.drawing import drawing
from mer.run.logs.prediction_log import LogRow, PredictionLog
from mer.run.logs.published import recounted
from mer.run.provenance import commit
from mer.store.keys import digest
from mer.store.predictions import KEYS, SCORE
from mer.store.results import Results
from mer.tracking import RECORDS, Record, Sqlite, carry_over, settle, tell_later
from mer.types import Metrics, Predictions
from mer.types.clip_names import clip_key

__all__ = ["FILE", "Origin", "keep", "log_of"]

FILE = "imported.json"
_DRAWS = 10_000


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a log comes from.

    Attributes
    ----------
    name : str
        What the method is called in tables.
    file : str
        Name of the file.
    source, protocol : str
        Address or publication, and what is known of how the predictions were made; empty where unknown.
    optimistic : bool
        Whether something was chosen with the clips that are scored.
    published : mapping of str to str
        Scores that were published beside the log.
    command : str
    """

    name: str
    file: str
    source: str
    protocol: str
    optimistic: bool
    published: Mapping[str, str]
    command: str


def keep(log: PredictionLog, origin: Origin, study: str, home: Path) -> tuple[Metrics, str]:
    """Keep a log as a run of a study and record it in MLflow.

    Returns
    -------
    metrics : dict
        The content of metrics.json.
    warning : str
        Why it is not in MLflow yet; empty where it is.

    Raises
    ------
    MerError
        If the log cannot be scored, or the store cannot be used.
    """
    began = int(time.time() * 1000)
    tracking = Sqlite(home=str(home))
    tracking.refuse(study)
    table = log.predictions()
    summary = metrics.from_predictions(table, draws=_DRAWS)
    card = _card(log, table, origin)
    key = digest("imported", card, log.text, [[row.id, row.truth, row.predicted] for row in log.rows])
    results = Results(root=home / "results")
    with drawing() as figures, results.writing(key, replacing=carry_over) as folder:
        figures.begin("confusion.png", "confusion", metrics=summary)
        _write_files(folder, log, table, origin, {"metrics.json": summary, "protocol.json": {"cell": key, **card}})
        (folder / "figures").mkdir()
        figures.write(folder / "figures")
        record = Record(
            store=tracking.address(home),
            study=study,
            name=origin.name,
            began=began,
            ended=int(time.time() * 1000),
            params={"predictions": origin.name},
            tags=_tags(origin, card, key),
            data={"name": card["dataset"], "digest": card["clip_list_hash"], "source": origin.file},
            metrics=_numbers(table, summary),
        )
        record.write(folder / RECORDS)
    tell_later(home, results.path(key) / RECORDS / f"{record.id}.json")
    return summary, settle(home)


def log_of(text: str, table: Predictions) -> PredictionLog:
    """Return the log that imported.json and predictions.csv of a run hold, in the order of the file."""
    content = json.loads(text)
    known = dict(zip(table.sample_id.tolist(), zip(table.y_true, table.y_pred, strict=True), strict=True))
    rows = []
    for database, subject, clip in content["clips"]:
        row = LogRow(where=FILE, database=database, subject=subject, clip=clip, truth=0, predicted=0)
        truth, predicted = (int(number) for number in known[row.id])
        rows.append(LogRow(where=FILE, database=database, subject=subject, clip=clip, truth=truth, predicted=predicted))
    shape = {name: content["log"].get(name, "") for name in ("format", "text")}
    return PredictionLog(rows=tuple(rows), classes=table.classes, **shape)


def _card(log: PredictionLog, table: Predictions, origin: Origin) -> dict[str, Any]:
    clips = [[*clip_key(row.database, row.subject, row.clip), row.truth] for row in log.rows]
    warnings = [f"{origin.name}: the predictions are imported from {origin.file}; mer did not make them"]
    if not log.names_clips:
        warnings.append(f"{origin.name}: {origin.file} names no clips; they are matched within subject and class")
    return {
        "dataset": ", ".join(dict.fromkeys(table.dataset.tolist())),
        "protocol": {"name": f"of {origin.name}"},
        "clips": len(log.rows),
        "subjects": len(set(table.subject.tolist())),
        "classes": dict(Counter(log.classes[row.truth] for row in log.rows)),
        "clips_per_subject": dict(sorted(Counter(table.subject.tolist()).items())),
        "clip_list_hash": digest(sorted(clips)),
        "dropped": [],
        "imported": {"from": origin.file, "source": origin.source or "unknown"},
        "evaluation": origin.protocol or "unknown: the log does not say how the predictions were made",
        "tuning": "unknown",
        "optimistic": origin.optimistic,
        "warnings": warnings,
        "command": origin.command,
        "commit": commit(),
    }


def _tags(origin: Origin, card: Mapping[str, Any], key: str) -> dict[str, str]:
    return {
        "imported": origin.source or origin.file,
        "cell": key,
        "result": key,
        "dataset": card["dataset"],
        "clip_list": card["clip_list_hash"],
        "optimistic": str(origin.optimistic).lower(),
        "command": origin.command,
    }


def _numbers(table: Predictions, summary: Metrics) -> dict[str, float]:
    ends = {"": "value", "_low": "low", "_high": "high"}
    scores: Any = summary
    found = {f"{name}{end}": scores[name][kind] for name in metrics.HEADLINE for end, kind in ends.items()}
    parts = {name: value for name, value in recounted(table).items() if "_" in name and "precision" not in name}
    return found | parts | {"clips": len(table.y_true), "left_out": 0}


def _write_files(
    folder: Path, log: PredictionLog, table: Predictions, origin: Origin, documents: Mapping[str, Any]
) -> None:
    content = {
        "log": {"format": log.format, "text": log.text},
        "published": dict(origin.published),
        "clips": [[row.database, row.subject, row.clip] for row in log.rows],
    }
    for name, document in {**documents, FILE: content}.items():
        (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "predictions.csv").write_text(_predictions_csv(table), encoding="utf-8")
    (folder / "config.yaml").write_text(f"predictions: {json.dumps(origin.name)}\n", encoding="utf-8")


def _predictions_csv(table: Predictions) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*KEYS, *(SCORE + name for name in table.classes)])
    for i, sample_id in enumerate(table.sample_id.tolist()):
        names = (table.classes[table.y_true[i]], table.classes[table.y_pred[i]])
        writer.writerow([sample_id, table.dataset[i], table.subject[i], *names, *("" for _ in table.classes)])
    return text.getvalue()
