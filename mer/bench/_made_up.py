"""Seeded feature tables for the benches of tuning, and their arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mer.errors import ConfigError
from mer.types import FeatureTable

__all__ = ["made_up_table", "numbers"]


def numbers(arguments: Sequence[str], known: Mapping[str, int]) -> dict[str, int]:
    """Return the whole numbers that ``name=value`` arguments give, the rest as in `known`.

    Raises
    ------
    ConfigError
    """
    found = dict(known)
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in known or not value.isdigit():
            raise ConfigError(
                f"{argument}: give name=number; there are {', '.join(f'{k}={v}' for k, v in known.items())}"
            )
        found[name] = int(value)
    return found


def made_up_table(clips: int, features: int, subjects: int, classes: int, distance: float, seed: int) -> FeatureTable:
    """Return noise around class centres, with a habit of each subject added.

    Parameters
    ----------
    clips, features, subjects, classes : int
    distance : float
        Standard deviation of the classes' centres, and twice that of the subjects' habits, in units of the noise.
    seed : int
    """
    rng = np.random.default_rng(seed)
    number = np.arange(clips)
    y, subject = number % classes, rng.permutation(number % subjects)
    centres, habits = (rng.normal(size=(n, features)) * distance for n in (classes, subjects))
    X = centres[y] + habits[subject] / 2 + rng.normal(size=(clips, features))
    return FeatureTable(
        X=X.astype(np.float32),
        y=y,
        subject=np.array([f"s{k:03d}" for k in subject]),
        sample_id=np.array([f"clip{k:05d}" for k in number]),
        dataset=np.array(["made_up"] * clips),
        columns=tuple(f"f{k:04d}" for k in range(features)),
        classes=tuple(f"class{k}" for k in range(classes)),
    )
