"""Draws and turns that both trainings make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mer.types import Numbers

__all__ = ["log_uniform", "name_by_share", "rotation"]


def name_by_share(rng: Generator, shares: Mapping[str, float]) -> str:
    """Return one of the names, each as likely as its share of their sum says."""
    weights = np.array(list(shares.values()), dtype=float)
    return list(shares)[rng.choice(len(weights), p=weights / weights.sum())]


def log_uniform(rng: Generator, limits: Sequence[float], size: int | None = None) -> Numbers:
    """Return numbers between two positive limits, even on a log scale; an array without axes unless `size` is given."""
    return np.asarray(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), size)))


def rotation(angle: float, zoom: float = 1.0) -> NDArray[np.float64]:
    """Return the matrix (2, 2) that turns by an angle in radians, x towards y, and enlarges by `zoom`."""
    return zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
