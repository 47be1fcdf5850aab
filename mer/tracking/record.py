"""What MLflow records of one run: a file next to the run's result, written before MLflow is called.

``results/??/<key>/records/<id>.json`` moves into place together with the result; a run that failed has its record in
``results/failed/``. Next to a record, ``<id>.told`` says that it is in MLflow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from mer.errors import DataError
from mer.store.atomic import write_atomically

__all__ = ["FAILED", "RECORDS", "Record", "carry_over", "is_recorded", "records", "waiting"]

RECORDS = "records"  # in the folder of a result
FAILED = "failed"  # in the folder of all results
_OF_THE_RUN = ("config.yaml", "protocol.json")  # files that differ between runs of the same result


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run, as it is recorded in MLflow.

    Attributes
    ----------
    store : str
        ``.`` for the store in the folder that holds ``results``, another folder, or the address of a server.
    study : str
        MLflow experiment; created if needed.
    name : str
        Shown in the table of runs; need not be unique.
    began, ended : int
        Milliseconds since 1970.
    params : mapping of str to str
        What was chosen.
    tags : mapping of str to str
        Identity and protocol.
    data : mapping of str to str
        ``name``, ``digest`` (at most 36 characters count) and ``source`` of the data set, shown as the run's input;
        empty for none.
    metrics : mapping of str to float
        One number each. NaN and infinity are not logged; their names are in the tag ``undefined``.
    series : mapping of str to sequence of float
        One number per step, such as ``fold_accuracy``; step i is row i of folds.csv. NaN leaves a gap.
    texts : mapping of str to str
        Artifacts besides the result's files, such as ``per_subject.csv``, by their name.
    status : {"FINISHED", "FAILED"}
    id : str
        Found again in MLflow as the tag ``record``, so that no run is recorded twice.
    """

    store: str
    study: str
    name: str
    began: int
    ended: int
    params: Mapping[str, object]
    tags: Mapping[str, object]
    data: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    status: Literal["FINISHED", "FAILED"] = "FINISHED"
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def write(self, folder: Path) -> Path:
        """Write the record into a folder, created if needed, and return its file."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), ensure_ascii=False)
        path = folder / f"{self.id}.json"
        write_atomically(path, json.dumps({"record": text, "sha256": _sum(text)}, ensure_ascii=False).encode())
        return path

    @staticmethod
    def read(path: Path) -> Record:
        """Read a record.

        Raises
        ------
        DataError
            If it is cut or altered.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if _sum(content["record"]) == content["sha256"]:
                return Record(**json.loads(content["record"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass
        raise DataError(f"{path}: this record of a run is damaged; run the command of that run again")


def records(results: Path) -> list[Path]:
    """Return the records below the folder of all results, the oldest first."""
    found = [*results.glob(f"??/*/{RECORDS}/*.json"), *results.glob(f"{FAILED}/*.json")]
    return sorted(found, key=_time)


def waiting(results: Path) -> list[Path]:
    """Return the records that are not in MLflow yet, by their file names only."""
    return [path for path in records(results) if not path.with_suffix(".told").exists()]


def is_recorded(result: Path, store: str, study: str) -> bool:
    """Return whether a result is or will be recorded as a run of this study."""
    for path in (result / RECORDS).glob("*.json"):
        with contextlib.suppress(DataError):
            record = Record.read(path)
            if (record.store, record.study) == (store, study):
                return True
    return False


def carry_over(before: Path, after: Path) -> None:
    """Keep the records of a result whose folder is about to be replaced by one of the same content.

    What waits for MLflow keeps the files that name its own run; a later record of the same study takes its place.
    """
    new = {(record.store, record.study) for record in map(Record.read, (after / RECORDS).glob("*.json"))}
    for path in (before / RECORDS).glob("*.json"):
        with contextlib.suppress(DataError):
            record, told = Record.read(path), path.with_suffix(".told")
            if told.exists():
                record.write(after / RECORDS)
                (after / RECORDS / told.name).write_bytes(told.read_bytes())
            elif (record.store, record.study) not in new:
                own = {name: (before / name).read_text("utf-8") for name in _OF_THE_RUN if (before / name).exists()}
                replace(record, texts=own | dict(record.texts)).write(after / RECORDS)


def _time(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:  # replaced meanwhile
        return 0.0, path.name


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
