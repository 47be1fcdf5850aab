"""Stage 8c, who is left out: a subject, a group of subjects, a database, or one database for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.loso.evaluation import Evaluation
from mer.svm import Split
from mer.types import FeatureTable

__all__ = ["HoldOut", "LeaveDatabaseOut", "Loso", "SubjectFolds"]


@dataclass(frozen=True, kw_only=True)
class Loso(Evaluation):
    """Leave one subject out.

    References
    ----------
    See et al., MEGC 2019, doi:10.1109/FG.2019.8756611.
    """

    unit: ClassVar[str] = "subject"

    def splits(self, table: FeatureTable, seed: int) -> list[Split]:
        """Return one fold per subject."""
        return _leave_out(table.subject, "leaving one subject out needs two subjects or more")


@dataclass(frozen=True, kw_only=True)
class LeaveDatabaseOut(Evaluation):
    """Leave one database out: faces, cameras and coders that training has never seen."""

    unit: ClassVar[str] = "database"

    def splits(self, table: FeatureTable, seed: int) -> list[Split]:
        """Return one fold a database."""
        return _leave_out(table.dataset, "leaving one database out needs two databases or more")


@dataclass(frozen=True, kw_only=True)
class SubjectFolds(Evaluation):
    """Leave one group of subjects out; quicker than LOSO, and never to be called so.

    Attributes
    ----------
    groups : int
        ≥ 2. Which subject goes where is drawn from the seed; each group gets its share of the clips.
    """

    groups: int

    unit: ClassVar[str] = "group"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.groups, bool) or not isinstance(self.groups, int) or self.groups < 2:
            raise ConfigError(f"evaluation.groups={self.groups}: must be a whole number of 2 or more")

    def splits(self, table: FeatureTable, seed: int) -> list[Split]:
        """Return the groups."""
        names, number, clips = np.unique(table.subject, return_inverse=True, return_counts=True)
        if len(names) < self.groups:
            raise DataError(f"evaluation.groups={self.groups}: there are {len(names)} subjects; use that many or fewer")
        group, load = np.zeros(len(names), dtype=np.intp), np.zeros(self.groups)
        shuffled = np.random.default_rng(seed).permutation(len(names))
        # the subjects with most clips first, each to the group that has fewest so far
        for subject in shuffled[np.argsort(-clips[shuffled], kind="stable")]:
            group[subject] = np.argmin(load)
            load[group[subject]] += clips[subject]
        label = np.array([f"group{k + 1:02d}" for k in range(self.groups)])[group[number]]
        return _leave_out(label, "")


@dataclass(frozen=True, kw_only=True)
class HoldOut(Evaluation):
    """Train on all databases but these, predict these once.

    Attributes
    ----------
    databases : sequence of str
        Names of the data sets that are held out.
    """

    databases: Sequence[str]

    unit: ClassVar[str] = "database"

    def splits(self, table: FeatureTable, seed: int) -> list[Split]:
        """Return the one fold."""
        known = np.unique(table.dataset)
        unknown = sorted(set(self.databases) - set(known.tolist()))
        if unknown or not self.databases:
            raise DataError(
                f"evaluation.databases={list(self.databases)}: name one or more of the data sets {', '.join(known)}"
            )
        held = np.isin(table.dataset, list(self.databases))
        if held.all():
            raise DataError(f"evaluation.databases={list(self.databases)}: nothing is left to train on")
        name = "+".join(sorted(self.databases))
        return [Split(name=name, train=np.flatnonzero(~held), test=np.flatnonzero(held))]


def _leave_out(label: NDArray[np.str_], too_few: str) -> list[Split]:
    names = np.unique(label)
    if len(names) < 2:
        raise DataError(f"{too_few}, and the {len(label)} clips are of {names[0] if len(names) else 'none'}")
    return [
        Split(name=str(name), train=np.flatnonzero(label != name), test=np.flatnonzero(label == name)) for name in names
    ]
