"""The factors of a study: what differs between its runs, and what follows from something else that does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mer.report.study import Run

__all__ = ["ABSENT", "METHOD", "REPORTING", "SEED", "Factor", "as_number", "varied"]

ABSENT = "–"  # level of a factor that a cell does not have, such as a setting of another flow
SEED = "seed"
METHOD = ("evaluation.mirror", "evaluation.balance")  # settings that change what is learned, not which clips count
REPORTING = ("evaluation.draws", "evaluation.interval")  # settings of the intervals, not of the predictions


@dataclass(frozen=True, kw_only=True)
class Factor:
    """Something that differs between the cells.

    Attributes
    ----------
    key : str
        As it is typed: ``descriptor.bins``.
    name : str
        As a column's head: ``bins`` where that says it alone.
    levels : tuple of str
        By number where all are numbers, else in the order in which they were run.
    with_it : tuple of str
        Other settings that changed whenever this one did, so that it cannot be said which of them matters.
    """

    key: str
    name: str
    levels: tuple[str, ...]
    with_it: tuple[str, ...] = ()


def varied(runs: Sequence[Run]) -> tuple[Factor, ...]:
    """Return what differs: options by their group, then settings that their group's option does not determine.

    Settings that no command names are looked at only where the others do not distinguish the runs.
    """
    found = _among(runs, list(dict.fromkeys(key for run in runs for key in run.params)))
    apart = {(run.level(SEED), *(run.level(factor.key) for factor in found)) for run in runs}
    if len(apart) < len(runs):
        found = _among(runs, list(dict.fromkeys(key for run in runs for key in run.keys)))
    return found


def _among(runs: Sequence[Run], keys: Sequence[str]) -> tuple[Factor, ...]:
    levels = {key: [run.level(key) or ABSENT for run in runs] for key in keys if key not in (*REPORTING, SEED)}
    varied = {key: values for key, values in levels.items() if len(set(values)) > 1}
    own = [key for key in varied if not _determined(levels.get(key.split(".")[0]), varied[key], key)]
    kept: dict[str, list[str]] = {}
    for key in own:
        same = next((k for k in kept if _one_to_one(varied[k], varied[key])), None)
        if same is None:
            kept[key] = []
        else:
            kept[same].append(key)
    ends = [key.split(".")[-1] for key in kept]
    return tuple(
        Factor(
            key=key,
            name=end if ends.count(end) == 1 and end not in kept else key,
            levels=tuple(_ordered(varied[key])),
            with_it=tuple(others),
        )
        for (key, others), end in zip(kept.items(), ends, strict=True)
    )


def _determined(option: Sequence[str] | None, values: Sequence[str], key: str) -> bool:
    return "." in key and option is not None and len(set(zip(option, values, strict=True))) == len(set(option))


def _one_to_one(a: Sequence[str], b: Sequence[str]) -> bool:
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


def _ordered(values: Sequence[str]) -> list[str]:
    distinct = list(dict.fromkeys(values))
    if all(value == ABSENT or as_number(value) != float("inf") for value in distinct):
        return sorted(distinct, key=as_number)
    return distinct


def as_number(text: str) -> float:
    """Return a level as a number; infinity for one that is none, so that it comes last."""
    try:
        return float(text)
    except ValueError:
        return float("inf")
