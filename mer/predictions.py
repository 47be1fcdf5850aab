"""``predictions.csv`` and ``folds.csv``: written so that a reader gets the very same numbers back."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.types import FoldResult, LosoResult

__all__ = ["Predictions", "read_predictions", "write_folds", "write_predictions"]

KEYS = ("sample_id", "dataset", "subject", "y_true", "y_pred")
SCORE = "score_"


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """What ``predictions.csv`` holds.

    Attributes
    ----------
    sample_id, dataset, subject : ndarray of str, shape (n,)
    y_true, y_pred : ndarray of int64, shape (n,)
        Indices into `classes`.
    scores : ndarray of float64, shape (n, classes)
    classes : tuple of str
        In the order of the score columns.
    """

    sample_id: NDArray[np.str_]
    dataset: NDArray[np.str_]
    subject: NDArray[np.str_]
    y_true: NDArray[np.int64]
    y_pred: NDArray[np.int64]
    scores: NDArray[np.float64]
    classes: tuple[str, ...]


def write_predictions(path: str | Path, result: LosoResult) -> None:
    """Write one row a clip, sorted by sample id: whose it is, the truth, the prediction, one score a class.

    A score is written with all its digits; a class that the training side did not hold has an empty cell.
    """
    table = result.table
    whose = {i: (d, s) for i, d, s in zip(table.sample_id, table.dataset, table.subject, strict=True)}
    rows = []
    for fold in result.folds:
        for i, sample_id in enumerate(fold.sample_id):
            names = (table.classes[fold.y_true[i]], table.classes[fold.y_pred[i]])
            rows.append([sample_id, *whose[sample_id], *names, *map(_exact, fold.scores[i])])
    _write(Path(path), [*KEYS, *(SCORE + name for name in table.classes)], sorted(rows))


def read_predictions(path: str | Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises
    ------
    DataError
        Where the file is missing, torn, or names a class without a score column.
    """
    header, rows = _read(Path(path))
    classes = tuple(name.removeprefix(SCORE) for name in header[len(KEYS) :])
    if tuple(header[: len(KEYS)]) != KEYS or len(classes) < 2:
        raise DataError(f"{path}: the columns must be {', '.join(KEYS)} and one {SCORE}CLASS a class, got {header}")
    number = {name: k for k, name in enumerate(classes)}
    unknown = sorted({row[c] for row in rows for c in (3, 4)} - set(number))
    if unknown:
        raise DataError(f"{path}: class {unknown[0]} has no column {SCORE}{unknown[0]}; the file names {classes}")
    text = np.array(rows, dtype=np.str_).reshape(len(rows), len(header))
    return Predictions(
        sample_id=text[:, 0],
        dataset=text[:, 1],
        subject=text[:, 2],
        y_true=np.array([number[name] for name in text[:, 3]], dtype=np.int64),
        y_pred=np.array([number[name] for name in text[:, 4]], dtype=np.int64),
        scores=np.where(text[:, 5:] == "", "nan", text[:, 5:]).astype(np.float64),
        classes=classes,
    )


def write_folds(path: str | Path, folds: Iterable[FoldResult]) -> None:
    """Write one row a fold: what was left out, the chosen parameters, the inner score, the seconds."""
    folds = list(folds)
    names = list(dict.fromkeys(name for fold in folds for name in fold.parameters))
    rows = []
    for fold in folds:
        chosen = [_exact(fold.parameters.get(name, "")) for name in names]
        rows.append([fold.fold, *chosen, _exact(fold.inner_score), f"{fold.seconds:.3f}"])
    _write(Path(path), ["subject", *names, "inner_score", "seconds"], rows)


def _exact(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return str(value)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text.getvalue(), encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise DataError(
            f"{path} cannot be written ({error.strerror}): free some space or choose another folder"
        ) from error


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} is no readable table of predictions ({error}): run the experiment again") from error
    short = next((n for n, row in enumerate(rows, start=2) if len(row) != len(header)), None)
    if short:
        raise DataError(f"{path}: row {short} does not have the {len(header)} cells of the header; the file is torn")
    return header, rows
