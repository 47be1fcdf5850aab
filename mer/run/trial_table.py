"""``trials.csv``: every setting that the searches of a run tried, its score on the inner folds, and what was chosen."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from mer.types import TRIAL_AFTER, TRIAL_BEFORE, FoldResult, Parameters

__all__ = ["trial_table"]

_ALL = "all"  # instead of the subject, if one search was used for every fold


def trial_table(folds: Sequence[FoldResult]) -> str:
    """Return the table as CSV; empty if nothing was searched.

    Parameters
    ----------
    folds : sequence of FoldResult

    Returns
    -------
    str
        One row per trial: what was left out, the number of the trial from 1, its settings, its score on the pooled
        inner predictions, the inner folds that were scored before it was left, and 1 for a trial that was chosen, alone
        or as a member of an ensemble. A setting that a trial did not have is an empty cell. Numbers have all their
        digits.
    """
    searches = _searches(folds)
    names = list(dict.fromkeys(name for fold in searches.values() for row in fold.trials for name in _settings(row)))
    rows = [
        [left_out, number, *(_exact(trial.get(name, "")) for name in names), *_outcome(trial)]
        for left_out, fold in searches.items()
        for number, trial in enumerate(fold.trials, start=1)
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[*TRIAL_BEFORE, *names, *TRIAL_AFTER], *rows])
    return text.getvalue() if rows else ""


def _searches(folds: Sequence[FoldResult]) -> dict[str, FoldResult]:
    once = len(folds) > 1 and all(fold.trials == folds[0].trials for fold in folds)
    return {_ALL: folds[0]} if once else {fold.fold: fold for fold in folds}


def _settings(trial: Parameters) -> list[str]:
    return [name for name in trial if name not in TRIAL_AFTER]


def _outcome(trial: Parameters) -> list[str]:
    return [_exact(trial["inner_score"]), str(trial["folds"]), str(trial["chosen"])]


def _exact(value: object) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)
