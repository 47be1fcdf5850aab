"""``predictions.csv`` as it is read back: the very same numbers as were written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from mer.errors import DataError
from mer.types import Predictions
from mer.types.combined import JOIN, NO_CLASS

__all__ = ["read_predictions"]

KEYS = ("sample_id", "dataset", "subject", "y_true", "y_pred")
SCORE = "score_"


def read_predictions(path: str | Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises
    ------
    DataError
        If the file is missing, torn, or names a class without a score column.
    """
    header, rows = _read(Path(path))
    classes = tuple(name.removeprefix(SCORE) for name in header[len(KEYS) :])
    if tuple(header[: len(KEYS)]) != KEYS or len(classes) < 2:
        raise DataError(f"{path}: the columns must be {', '.join(KEYS)} and one {SCORE}CLASS a class, got {header}")
    others = sorted({row[c] for row in rows for c in (3, 4)} - set(classes))
    number = {name: k for k, name in enumerate((*classes, *others))}
    unknown = [name for name in others if name != NO_CLASS and not set(name.split(JOIN)) <= set(classes)]
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
        combinations=tuple(others),
    )


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
