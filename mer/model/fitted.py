"""A model in use: feature rows → probabilities, and how far a row lies from those that were learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.model.calibrate import Calibration
from mer.pipeline import Stages
from mer.svm.learner import Fitted
from mer.types import Numbers

__all__ = ["FittedModel", "Neighbourhood", "without_gaps"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbourhood:
    """How far a clip lies from the training clips: mean distance to the nearest ones.

    Rows may be normalised, which hides how much moved: they are brought back to pixels by the mean length of the flow,
    and their root is taken, so that no single bin decides.

    Attributes
    ----------
    rows : ndarray, shape (n, D)
        Training rows.
    lengths : ndarray, shape (n,)
        Mean length of the flow of each training clip, px.
    nearest : int
        How many of them count, ≥ 1.
    """

    rows: Float
    lengths: Float
    nearest: int

    def __call__(self, rows: Numbers, lengths: Numbers, apart: NDArray[np.bool_] | None = None) -> Float:
        """Return the distance of each of m clips, shape (m,).

        Parameters
        ----------
        rows : ndarray, shape (m, D)
        lengths : ndarray, shape (m,)
            Mean length of their flow, px.
        apart : ndarray of bool, shape (m, n), optional
            Which training clips may count for which clip, such as those of other subjects; all by default.
        """
        here, there = _in_pixels(rows, lengths), _in_pixels(self.rows, self.lengths)
        square = np.square(here).sum(axis=1)[:, None] + np.square(there).sum(axis=1) - 2 * here @ there.T
        distance = np.sqrt(np.maximum(square, 0))
        if apart is not None:
            distance = np.where(apart, distance, np.inf)
        return np.asarray(np.sort(distance, axis=1)[:, : self.nearest].mean(axis=1))


def _in_pixels(rows: Numbers, lengths: Numbers) -> Float:
    values = np.asarray(rows, dtype=np.float64) * np.asarray(lengths, dtype=np.float64)[:, None]
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)))


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedModel:
    """Everything that a prediction needs.

    Attributes
    ----------
    name : str
        ``NAME@VERSION``.
    classes, columns : tuple of str
    stages : Stages
        Stages 2 to 7.
    machine : Fitted
        Stage 8, fitted on all subjects.
    average : bool
        Score a clip together with its mirror image.
    calibration : Calibration
    neighbourhood : Neighbourhood
    far : float
        Distance above which a clip is far from those that were learnt from.
    card : mapping
        The content of ``model.json``.
    changed : tuple of str
        Stages whose code, weights or libraries are not those that the model was fitted with.
    """

    name: str
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    stages: Stages
    machine: Fitted
    average: bool
    calibration: Calibration
    neighbourhood: Neighbourhood
    far: float
    card: Mapping[str, Any]
    changed: tuple[str, ...] = ()

    @property
    def demonstration(self) -> bool:
        """Whether it was fitted on generated faces."""
        return bool(self.card["demonstration"])

    def scores(self, rows: Numbers) -> Float:
        """Return the scores (n, classes) of rows (n, images, D): the clip, and its mirror image where `average`."""
        each = [self.machine.scores(rows[:, image]) for image in range(rows.shape[1])]
        return without_gaps(np.mean(each, axis=0))


def without_gaps(scores: Float) -> Float:
    """Return scores (n, classes) in which a class that was not seen in training, NaN, has the lowest one of all."""
    lowest = np.nanmin(scores, axis=1, keepdims=True) - 1
    return np.asarray(np.where(np.isfinite(scores), scores, lowest))
