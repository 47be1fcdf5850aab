"""The predictions of an own run as a log."""

from __future__ import annotations

import re

from mer.run.logs.prediction_log import LogRow, PredictionLog
from mer.types import Predictions

__all__ = ["log_of_own"]


def log_of_own(table: Predictions) -> PredictionLog:
    """Return a log, sorted by database, subject and clip; names without the database in front, blanks as ``_``."""
    rows = []
    for i, sample_id in enumerate(table.sample_id.tolist()):
        database = str(table.dataset[i])
        subject = str(table.subject[i]).removeprefix(f"{database}/")
        clip = re.sub(rf"^{re.escape(database)}[_/]", "", sample_id).removeprefix(f"{subject}/")
        names = (re.sub(r"\s+", "_", name) for name in (database, subject, clip))
        key = dict(zip(("database", "subject", "clip"), names, strict=True))
        rows.append(LogRow(where=sample_id, truth=int(table.y_true[i]), predicted=int(table.y_pred[i]), **key))
    rows.sort(key=lambda row: (row.database, row.subject, row.clip))
    return PredictionLog(format="megc", rows=tuple(rows), classes=table.classes)
