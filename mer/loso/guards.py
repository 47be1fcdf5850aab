"""What makes a score of unknown faces: checks that stop a fold, or a whole evaluation, that would cheat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mer.errors import DataError, LeakError
from mer.svm import Split
from mer.types import FeatureTable

__all__ = ["check_classes", "check_duplicate_recordings", "check_mirrored", "check_split", "sorted_table"]

ENOUGH_VALUES = 4  # a row with fewer different values may be the same for two clips by chance


def sorted_table(table: FeatureTable) -> FeatureTable:
    """Return the table sorted by sample id, so that the order of its rows changes nothing.

    Raises
    ------
    DataError
        If a sample id occurs twice.
    """
    order = np.argsort(table.sample_id, kind="stable")
    ids = table.sample_id[order]
    twice = ids[1:][ids[1:] == ids[:-1]]
    if len(twice):
        raise DataError(f"clip {twice[0]} is in the table twice: each clip must be predicted once; remove one of them")
    return rows_of(table, order)


def rows_of(table: FeatureTable, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> FeatureTable:
    """Return the table with these rows only."""
    kept = {name: getattr(table, name)[rows] for name in ("X", "y", "subject", "sample_id", "dataset")}
    return FeatureTable(**kept, columns=table.columns, classes=table.classes)


def check_mirrored(table: FeatureTable, mirrored: FeatureTable) -> FeatureTable:
    """Return the mirrored rows in the order of the sorted table.

    Raises
    ------
    DataError
        If they are not of the same clips and columns.
    """
    mirrored = sorted_table(mirrored)
    if not np.array_equal(mirrored.sample_id, table.sample_id) or mirrored.columns != table.columns:
        raise DataError("the mirrored features must be of the same clips and columns as the features themselves")
    return mirrored


def check_split(table: FeatureTable, split: Split) -> None:
    """Refuse a fold in which a subject is in both sets, or a clip is used twice.

    Raises
    ------
    LeakError
    """
    both = np.intersect1d(table.subject[split.train], table.subject[split.test])
    if len(both):
        raise LeakError(
            f"fold {split.name}: subject {both[0]} is in the training and in the test set, so the score would be "
            "of a known face; a subject's clips must stay together"
        )
    rows = np.concatenate([split.train, split.test])
    if len(np.unique(rows)) != len(rows):
        raise LeakError(f"fold {split.name}: a clip is used twice; the rows of the two sets must differ")


def check_duplicate_recordings(table: FeatureTable, mirrored: FeatureTable | None = None) -> None:
    """Refuse two clips with the very same features: one recording, counted twice or on both sides of a fold.

    Parameters
    ----------
    table : FeatureTable
    mirrored : FeatureTable, optional
        The rows of the mirrored clips, in the same order: a clip that is another's mirror image is refused, too.

    Raises
    ------
    LeakError
        If the clips are of two subjects.
    DataError
        If they are of one.

    Notes
    -----
    Rows with fewer than four different values are let pass, such as those of clips without motion. For a recording
    that was compressed once more see `check_near_copies`.
    """
    X = table.X if mirrored is None else np.concatenate([table.X, mirrored.X])
    order = np.lexsort(X.T[::-1]) if X.shape[1] else np.arange(0)
    same = (X[order[1:]] == X[order[:-1]]).all(axis=1)
    for a, b in zip(order[:-1][same], order[1:][same], strict=True):
        first, second = sorted((a % len(table.X), b % len(table.X)))
        if first != second and len(np.unique(X[a])) >= ENOUGH_VALUES:
            raise _duplicate(table, first, second, "mirrored" if (a < len(table.X)) != (b < len(table.X)) else "same")


def _duplicate(table: FeatureTable, first: int, second: int, kind: str) -> DataError | LeakError:
    one, other = (f"{table.sample_id[i]} ({table.subject[i]}, {table.classes[table.y[i]]})" for i in (first, second))
    text = f"clips {one} and {other} have the very {kind} features"
    if table.subject[first] == table.subject[second]:
        return DataError(f"{text}: one recording is listed twice; leave one of the two out")
    return LeakError(
        f"{text}: one recording under two subjects would be in the training and in the test set of a fold; leave one "
        "out, or correct the subject"
    )


def check_classes(table: FeatureTable, splits: Sequence[Split], unit: str) -> None:
    """Refuse a class without clips, or one that a fold tests without having trained on it.

    Raises
    ------
    DataError
    """
    tested = np.concatenate([split.test for split in splits])
    for k, name in enumerate(table.classes):
        if not (table.y[tested] == k).any():
            raise DataError(f"class {name}: no clip has it; use drop=[{name}]")
        for split in splits:
            if (table.y[split.test] == k).any() and not (table.y[split.train] == k).any():
                raise DataError(
                    f"class {name}: only {unit} {split.name} shows it, so it can never be learnt when that {unit} is "
                    f"left out; use drop=[{name}]"
                )
