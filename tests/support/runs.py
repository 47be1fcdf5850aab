"""Kept runs with something in them, for the tests that look at how MLflow is told; the store is in conftest.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mer.store.results import Results
from mer.tracking import FAILED, RECORDS, Record, carry_over

__all__ = ["FILES", "PARAMS", "TAGS", "fail", "keep_result", "record"]

PARAMS = {"flow": "dis", "descriptor.bins": "8"}
TAGS = {"commit": "0123abc", "result": "r1"}
FILES = {"folds.csv": b"subject\ns01\n", "figures/confusion.png": b"picture"}


def record(study: str = "trial", **given: Any) -> Record:
    """Return a record with something in every field."""
    settings: dict[str, Any] = {
        "store": ".",
        "name": "cell",
        "params": PARAMS,
        "tags": TAGS,
        "began": 1000,
        "ended": 2000,
    }
    return Record(study=study, **(settings | given))


def keep_result(home: Path, key: str, of: Record, files: Any = FILES) -> Path:
    """Keep a result with a record, as a run does, and return the record's file."""
    results = Results(root=home / "results")
    with results.writing(key, replacing=carry_over) as folder:
        for name, content in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        of.write(folder / RECORDS)
    return results.path(key) / RECORDS / f"{of.id}.json"


def fail(home: Path, of: Record) -> Path:
    """Keep the record of a run that failed."""
    return of.write(home / "results" / FAILED)
