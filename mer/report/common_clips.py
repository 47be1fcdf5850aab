"""Imported predictions beside own runs: all cut to the clips that every one of them predicted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError, counted
from mer.metrics import from_predictions
from mer.report.study import LeftOut, Run, Study
from mer.types import Card, Predictions
from mer.types.clip_names import ClipKey, clip_key, without_final_f

__all__ = ["OWN", "common_clips", "is_imported", "names_clips", "with_imported"]

OWN = "own run"
_PREDICTIONS = "predictions"  # the factor by which imported runs differ from own ones
_ABSENT = "–"
Places = Mapping[ClipKey, int]


def is_imported(run: Run) -> bool:
    """Return whether the predictions of a run were made by another program."""
    return "imported" in run.card


def names_clips(run: Run) -> bool:
    """Return whether it is known which clip each prediction belongs to."""
    return not any("names no clips" in warning for warning in run.card.get("warnings", []))


def with_imported(study: Study, protocol: Any) -> Study:
    """Return a study whose imported runs stand beside the own runs of every protocol, all cut to common clips.

    Parameters
    ----------
    study : Study
    protocol : callable
        Given a run, what must be equal for two runs to be compared.

    Raises
    ------
    DataError
        If they do not agree on the truth of a clip.
    """
    imported = [run for run in study.runs if is_imported(run)]
    groups: dict[object, list[Run]] = defaultdict(list)
    for run in study.runs:
        if not is_imported(run):
            groups[protocol(run)].append(run)
    if not imported or (len(imported) == 1 and not groups):
        return study
    runs: list[Run] = []
    left_out = list(study.left_out)
    for group in groups.values() if groups else [imported[:1]]:
        fitting = list(group)
        for run in imported:
            if run not in fitting:
                reason = _why_not(group[0], run)
                left_out += [LeftOut(run_id=run.run_id, name=run.name, reason=reason)] if reason else []
                fitting += [] if reason else [run]
        runs += common_clips(fitting) if len(fitting) > len(group) else group
    return Study(name=study.name, runs=tuple(runs), left_out=tuple(left_out))


def _why_not(first: Run, run: Run) -> str:
    """Return why two runs cannot be compared; empty where they can."""
    try:
        _matched([first, run])
    except DataError as error:
        return str(error)
    return ""


def common_clips(runs: Sequence[Run]) -> list[Run]:
    """Return the runs cut to the clips that all of them predicted, scored anew on these.

    The first own run says what clips and classes are called. Where one log names no clips, they are matched within
    subject and class: scores and tests over subjects are exact, and which clips differ is not known.

    Raises
    ------
    DataError
        If they share no clip, or do not agree on the truth of one; the message lists those.
    """
    first, cut = _matched(runs)
    varied = _varied([run for run in runs if not is_imported(run)])
    return [_rescored(run, table, first, varied) for run, table in zip(runs, cut, strict=True)]


def _matched(runs: Sequence[Run]) -> tuple[Run, list[Predictions]]:
    """Return the run that names the clips, and the predictions of each run on the common ones, in one order."""
    first = next((run for run in runs if not is_imported(run)), runs[0])
    named = [run for run in runs if names_clips(run)]
    nameless = len(named) < len(runs)
    if nameless and len(named) > 1:  # what names clips has to agree clip by clip all the same
        _matched(named)
    keys = [_by_class(run) if nameless else _places(run) for run in runs]
    wanted = keys[list(runs).index(first)]
    shared = [key for key in wanted if all(key in other for other in keys)]
    if not shared:
        raise DataError(_no_clip(first, next(run for run in runs if run is not first)))
    if nameless:
        for run, places in zip(runs, keys, strict=True):
            _require_same_counts(first, wanted, run, places)
    shared.sort(key=lambda key: str(first.predictions.sample_id[wanted[key]]))
    rows = [np.array([places[key] for key in shared]) for places in keys]
    reference = _cut(first.predictions, rows[list(runs).index(first)])
    return first, [
        _named_as(reference, _cut(run.predictions, at), first, run) for run, at in zip(runs, rows, strict=True)
    ]


def _no_clip(first: Run, second: Run) -> str:
    names = [str(run.predictions.sample_id[0]) for run in (first, second)]
    return (
        f"{first.name} and {second.name} share no clip: the first predicts {names[0]}, the second {names[1]}; compare "
        "runs on the same database, or spell database, subject and clip alike"
    )


def _keys(run: Run) -> list[ClipKey]:
    table = run.predictions
    return [clip_key(*map(str, names)) for names in zip(table.dataset, table.subject, table.sample_id, strict=True)]


def _places(run: Run) -> Places:
    """Return where each clip is; CASME II's ``EP02_01f`` also counts as ``EP02_01`` where that is no other clip."""
    whose = _keys(run)
    short = Counter(map(without_final_f, whose))
    return {without_final_f(key) if short[without_final_f(key)] == 1 else key: i for i, key in enumerate(whose)}


def _by_class(run: Run) -> Places:
    """Return where the first, second, ... clip of each class of each subject is."""
    table = run.predictions
    seen: Counter[ClipKey] = Counter()
    places: dict[ClipKey, int] = {}
    for i, (dataset, subject, _) in enumerate(_keys(run)):
        name = table.classes[table.y_true[i]]
        seen[dataset, subject, name] += 1
        places[dataset, subject, f"{name} {seen[dataset, subject, name]}"] = i
    return places


def _require_same_counts(first: Run, wanted: Places, run: Run, places: Places) -> None:
    """Raise where a subject of both has other numbers of clips: without names, it is unknown which one is missing."""
    both = {key[:2] for key in wanted} & {key[:2] for key in places}
    unlike = sorted({"/".join(key[:2]) for key in wanted.keys() ^ places.keys() if key[:2] in both})
    if unlike:
        raise DataError(
            f"{first.name} and {run.name} do not have the same number of clips of each class for "
            f"{counted(len(unlike), 'subject')} of {len(both)}: {', '.join(unlike)}; one of them names no clips, so "
            "compare it with runs on all clips of these subjects"
        )


def _cut(table: Predictions, rows: NDArray[np.int64]) -> Predictions:
    return replace(
        table,
        sample_id=table.sample_id[rows],
        dataset=table.dataset[rows],
        subject=table.subject[rows],
        y_true=table.y_true[rows],
        y_pred=table.y_pred[rows],
        scores=table.scores[rows],
    )


def _named_as(reference: Predictions, table: Predictions, first: Run, run: Run) -> Predictions:
    """Return predictions with the names of the reference, in the order of its classes."""
    if sorted(table.classes) != sorted(reference.classes):
        raise DataError(
            f"{first.name} has the classes {', '.join(reference.classes)} and {run.name} has "
            f"{', '.join(table.classes)}; import the log with classes=A,B,C in the order of its numbers"
        )
    order = np.array([reference.classes.index(name) for name in table.classes])
    true = order[table.y_true]
    _require_one_truth(reference, true, first, run)
    scores = np.full_like(table.scores, np.nan)
    scores[:, order] = table.scores
    return replace(reference, y_pred=order[table.y_pred], scores=scores)


def _require_one_truth(reference: Predictions, true: NDArray[np.int64], first: Run, run: Run) -> None:
    unlike = np.flatnonzero(true != reference.y_true)
    if len(unlike):
        clips = [
            f"{reference.sample_id[i]} ({reference.classes[reference.y_true[i]]}, {reference.classes[true[i]]})"
            for i in unlike
        ]
        raise DataError(
            f"{first.name} and {run.name} do not agree on the truth of {counted(len(unlike), 'clip')} of {len(true)}: "
            f"{', '.join(clips)}; correct the list that is wrong, or import the log with classes= in another order"
        )


def _varied(own: Sequence[Run]) -> set[str]:
    keys = {key for run in own for key in run.params}
    return {key for key in keys if len({run.level(key) for run in own}) > 1}


def _rescored(run: Run, table: Predictions, first: Run, varied: set[str]) -> Run:
    """Return a run with other predictions, their scores, and the clip list of all that are compared."""
    method = str(first.summary["interval"]["method"])
    known = method if method in ("t", "percentile", "bca") else "t"
    own = dict(run.params)
    if is_imported(run):  # outside of the grid of the own runs, and alike in what they have in common
        own = {**first.params, **dict.fromkeys(varied, _ABSENT)}
    left = len(run.predictions.y_true) - len(table.y_true)
    card: dict[str, Any] = {
        **run.card,
        "dataset": first.card.get("dataset"),
        "protocol": first.card.get("protocol"),
        "clip_list_hash": "common clips",
        "clips": len(table.y_true),
        "subjects": len(set(table.subject.tolist())),
        "classes": {name: int((table.y_true == k).sum()) for k, name in enumerate(table.classes)},
        "warnings": [*run.card.get("warnings", []), *([_cut_note(run, left)] if left else [])],
    }
    return replace(
        run,
        params={**own, _PREDICTIONS: run.params.get(_PREDICTIONS, OWN)},
        predictions=table,
        summary=from_predictions(table, method=known),
        card=cast(Card, card),
    )


def _cut_note(run: Run, left: int) -> str:
    return (
        f"{run.name}: {counted(left, 'clip')} of {len(run.predictions.y_true)} not shown, since not every method here "
        f"predicted {'it' if left == 1 else 'them'}; its scores are of the others alone"
    )
