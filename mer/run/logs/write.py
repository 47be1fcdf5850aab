"""Logs of predictions, written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from mer.errors import DataError, reason
from mer.run.logs.prediction_log import PredictionLog
from mer.run.logs.table import NAMES

__all__ = ["write_log"]


def write_log(path: Path, log: PredictionLog, kind: str) -> None:
    """Write a log; one that was read from a file of the same format is written to the byte as it was.

    Parameters
    ----------
    path : Path
    log : PredictionLog
    kind : str
        ``megc``, one header per subject; ``csv``; or the format of the log.

    Raises
    ------
    DataError
        If a name has a blank, which separates the words of a line, or the file cannot be written.
    """
    text = log.text if kind == log.format else ""
    try:
        path.write_bytes((text or (_table(log) if kind == "csv" else _lines(log))).encode())
    except OSError as error:
        raise DataError(f"{path} cannot be written ({reason(error)}): give another output=FILE") from error


def _lines(log: PredictionLog) -> str:
    lines: list[str] = []
    head = ""
    for row in log.rows:
        for name in (row.database, row.subject, row.clip):
            if len(name.split()) != 1:
                raise DataError(f"clip {row.id!r}: a name with a blank cannot stand in a log; take format=csv")
        if head != (head := f"{row.database} {row.subject}"):
            lines.append(head)
        lines.append(f"{row.clip} {row.truth} {row.predicted}")
    return "".join(f"{line}\n" for line in lines)


def _table(log: PredictionLog) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NAMES)
    for row in log.rows:
        names = (log.classes[number] for number in (row.truth, row.predicted))
        writer.writerow([row.database, row.subject, row.clip, *names])
    return text.getvalue()
