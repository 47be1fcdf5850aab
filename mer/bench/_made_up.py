"""Seeded feature tables for the benches of tuning, and their arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mer.errors import ConfigError
from mer.svm import Svm
from mer.types import FeatureTable

__all__ = ["GAMMA", "C", "comparison_svm", "made_up_table", "numbers", "search_settings"]

C = {"low": 0.01, "high": 1000.0, "log": True, "points": 10}
GAMMA = {"low": 0.01, "high": 10.0, "log": True, "points": 10}


def numbers(arguments: Sequence[str], known: Mapping[str, int]) -> dict[str, int]:
    """Return the whole numbers of 1 or more that ``name=value`` arguments give, the rest as in `known`.

    Raises
    ------
    ConfigError
    """
    found = dict(known)
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in known or not value.isdecimal() or int(value) < 1:
            raise ConfigError(
                f"{argument}: give name=number, 1 or more; there are {', '.join(f'{k}={v}' for k, v in known.items())}"
            )
        found[name] = int(value)
    return found


def made_up_table(
    clips: int,
    features: int,
    subjects: int,
    classes: int,
    distance: float,
    seed: int,
    *,
    habits: float,
) -> FeatureTable:
    """Return noise around class centres, with a habit of each subject added.

    Parameters
    ----------
    clips, features, subjects, classes : int
    distance, habits : float
        Standard deviation of the classes' centres and of the subjects' habits, in units of the noise.
    seed : int
    """
    rng = np.random.default_rng(seed)
    number = np.arange(clips)
    y, subject = number % classes, rng.permutation(number % subjects)
    centre = rng.normal(size=(classes, features)) * distance
    habit = rng.normal(size=(subjects, features)) * habits
    X = centre[y] + habit[subject] + rng.normal(size=(clips, features))
    return FeatureTable(
        X=X.astype(np.float32),
        y=y,
        subject=np.array([f"s{k:03d}" for k in subject]),
        sample_id=np.array([f"clip{k:05d}" for k in number]),
        dataset=np.array(["made_up"] * clips),
        columns=tuple(f"f{k:04d}" for k in range(features)),
        classes=tuple(f"class{k}" for k in range(classes)),
    )


def comparison_svm(**changes: Any) -> Svm:
    """Return the RBF machine that the benches vary."""
    fields = {"kernel": "rbf", "C": 10.0, "gamma": 1.0, "class_weight": "none", "scaling": "standard", "power": 1.0}
    rest = {
        "merge": 1.0,
        "shrinkage": 0.5,
        "blocks": "none",
        "keep": 1.0,
        "keep_by": "column",
        "tolerance": 1e-3,
        "iterations": 100_000,
    }
    return Svm(**{**fields, **rest, **changes})


def search_settings(sampler: str, trials: int | None) -> dict[str, Any]:
    """Return what all searches of the benches have in common: 100 RBF configurations, or the span that they cover."""
    return {
        "sampler": sampler,
        "trials": trials,
        "seconds": None,
        "patience": None,
        "objective": "uf1",
        "space": {"C": C, "gamma": GAMMA},
        "prune": "certain" if sampler == "grid" else "race",
        "margin": 0.01,
        "members": 1,
        "within": 0.0,
        "journal": None,
    }
