"""``predictions.csv`` and ``folds.csv``: written so that reading gives exactly the same numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mer.errors import DataError
from mer.store.predictions import KEYS, SCORE
from mer.types import FoldResult, LosoResult

__all__ = ["write_folds", "write_predictions"]


def write_predictions(path: str | Path, result: LosoResult) -> None:
    """Write one row per clip, sorted by sample id: its subject, truth, prediction and one score per class.

    Scores are written with all digits; the cell of a class that is not in the training set is empty. They rank the
    classes and are no probabilities: those of an SVM are votes of its one-against-one machines (of seven classes, 97 %
    of the winners have all six), moved by less than 1/3 by how sure those are.
    """
    table = result.table
    classes = table.classes[: result.folds[0].scores.shape[1]]  # what follows are combinations of them
    whose = {i: (d, s) for i, d, s in zip(table.sample_id, table.dataset, table.subject, strict=True)}
    rows = []
    for fold in result.folds:
        for i, sample_id in enumerate(fold.sample_id):
            names = (table.classes[fold.y_true[i]], table.classes[fold.y_pred[i]])
            rows.append([sample_id, *whose[sample_id], *names, *map(_exact, fold.scores[i])])
    _write(Path(path), [*KEYS, *(SCORE + name for name in classes)], sorted(rows))


def write_folds(path: str | Path, folds: Iterable[FoldResult]) -> None:
    """Write one row per fold: what was held out, the chosen parameters, the inner score and the seconds."""
    folds = list(folds)
    names = list(dict.fromkeys(name for fold in folds for name in fold.parameters))
    rows = []
    for fold in folds:
        chosen = [_exact(fold.parameters.get(name, "")) for name in names]
        rows.append([fold.fold, *chosen, _exact(fold.inner_score), f"{fold.seconds:.3f}"])
    _write(Path(path), ["subject", *names, "inner_score", "seconds"], rows)


def _exact(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return str(value)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    try:  # not atomically: the folder of results is renamed as a whole
        path.write_text(text.getvalue(), encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror}): free some space or choose another folder"
        ) from error
