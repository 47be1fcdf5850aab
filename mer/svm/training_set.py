"""The training set of a fold: the only rows that a search or a fit ever gets to see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.types import Numbers

__all__ = ["Split", "TrainingSet"]

Rows = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """One fold.

    Attributes
    ----------
    name : str
        What is left out.
    train, test : ndarray of int
        Rows.
    """

    name: str
    train: Rows
    test: Rows


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSet:
    """Clips with their labels, and what came out of their mirror images where these are used.

    Attributes
    ----------
    X : ndarray, shape (n, D)
    y : ndarray of int64, shape (n,)
        Indices in [0, classes).
    subject : ndarray of str, shape (n,)
    columns : tuple of str
        D names; the part before the last colon names the region.
    classes : int
        Length of the whole class list, which may hold classes that `y` does not.
    mirrored : ndarray, shape (n, D), or None
        Features of the mirrored clips, which are added to the training set next to their originals.
    average : bool
        Score a clip by the mean of its own and its mirror image's decision values.
    oversample : int or None
        Seed of the clips of rarer classes that train more than once, until all classes have as many; None trains each
        clip once.
    """

    X: Numbers
    y: NDArray[np.int64]
    subject: NDArray[np.str_]
    columns: tuple[str, ...]
    classes: int
    mirrored: Numbers | None = None
    average: bool = False
    oversample: int | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def rows(self) -> NDArray[np.float64]:
        """All rows in double precision: the clips, then their mirror images where there are any."""
        both = self.X if self.mirrored is None else np.concatenate([self.X, self.mirrored])
        return np.asarray(both, dtype=np.float64)

    def training(self, clips: Rows) -> Rows:
        """Return the rows that train for these clips; what is drawn for rarer classes depends on these clips alone."""
        clips = clips if self.oversample is None else np.concatenate([clips, self._drawn(clips, self.oversample)])
        return clips if self.mirrored is None else self._both(clips)

    def _both(self, clips: Rows) -> Rows:
        return np.concatenate([clips, clips + len(self)])

    def _drawn(self, clips: Rows, seed: int) -> Rows:
        """Draw clips of every class until it has as many as the largest: all of them once more, as often as it goes."""
        rng = np.random.default_rng([seed, *clips.tolist()])
        members = [clips[self.y[clips] == k] for k in np.unique(self.y[clips])]
        most = max(map(len, members), default=0)
        return np.concatenate([clips[:0], *(_repeated(rng, some, most - len(some)) for some in members)])

    def scored(self, clips: Rows) -> Rows:
        """Return the rows that are scored for these clips."""
        return self._both(clips) if self.average else clips

    def merged(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one line of scores a clip from the lines of `scored`."""
        return scores.reshape(2, -1, scores.shape[1]).mean(axis=0) if self.average else scores

    def labels(self, rows: Rows) -> NDArray[np.int64]:
        """Return the class of each row."""
        return np.asarray(self.y[rows % len(self)])


def _repeated(rng: np.random.Generator, clips: Rows, count: int) -> Rows:
    rounds = -(-count // len(clips))
    return np.concatenate([clips[:0], *(rng.permutation(clips) for _ in range(rounds))])[:count]
