"""What ``metrics.json`` and ``protocol.json`` hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

__all__ = [
    "Calibration",
    "Card",
    "Chance",
    "ClassScores",
    "IntervalMethod",
    "Limits",
    "Majority",
    "Metrics",
    "Score",
    "Scored",
    "WorstSubject",
]

Score = Literal["uf1", "uar", "accuracy", "weighted_f1", "mcc"]


class Limits(TypedDict):
    """An interval."""

    low: float
    high: float


class Scored(Limits):
    """A score with its interval."""

    value: float


class ClassScores(TypedDict):
    """The scores of one class."""

    f1: Scored
    recall: Scored
    support: int


class Chance(TypedDict):
    """Scores of a guess."""

    uf1: float
    uar: float
    accuracy: float
    weighted_f1: float
    mcc: float


_Guessed = TypedDict("_Guessed", {"class": str})


class Majority(Chance, _Guessed):
    """Scores of guessing the majority class, and its name."""


class WorstSubject(TypedDict):
    """The subject with the lowest accuracy."""

    subject: str
    accuracy: float
    clips: int


class Calibration(TypedDict):
    """How good predicted probabilities are."""

    brier: float
    ece: float
    bins: int


class IntervalMethod(TypedDict):
    """How the intervals were made."""

    level: float
    method: str
    draws: NotRequired[int]
    seed: NotRequired[int]
    caution: NotRequired[str]


class Metrics(TypedDict):
    """The content of ``metrics.json``."""

    uf1: Scored
    uar: Scored
    accuracy: Scored
    weighted_f1: Scored
    mcc: Scored
    per_class: Mapping[str, ClassScores]
    per_dataset: Mapping[str, Mapping[str, float]]
    classes: Sequence[str]
    labels: NotRequired[Sequence[str]]
    confusion: Sequence[Sequence[int]]
    n: int
    subjects: int
    mean_over_subjects: Mapping[str, float]
    majority: Majority
    stratified_random: Chance
    label_permutation: Mapping[str, object]
    interval: IntervalMethod
    worst_subject: NotRequired[WorstSubject]
    calibration: NotRequired[Calibration]


class Card(TypedDict, total=False):
    """The content of ``protocol.json``; an older run may lack some of it."""

    cell: str
    dataset: str
    protocol: Mapping[str, object]
    clips: int
    subjects: int
    classes: Mapping[str, int]
    clips_per_subject: Mapping[str, int]
    clip_list_hash: str
    dropped: Sequence[Mapping[str, str]]
    frames: str
    apex: str
    oracle: str
    reader: Mapping[str, object]
    evaluation: str
    tuning: str
    optimistic: bool
    seeds: Mapping[str, int]
    warnings: Sequence[str]
    command: str
    commit: str | None
    versions: Mapping[str, str]
    compute: Mapping[str, object]
