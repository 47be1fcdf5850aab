"""Motions with known truth: bumps like action units, smooth random fields, head drift, edges, none at all."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError
from mer.training.draws import log_uniform, name_by_share
from mer.validation import require_number

__all__ = ["Fields"]

Array = NDArray[np.float32]
KINDS = ("bumps", "smooth", "drift", "edges", "zero")


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Draws flow fields.

    Attributes
    ----------
    shares : dict of str to float
        Relative frequency of ``bumps``, ``smooth``, ``drift``, ``edges`` and ``zero``.
    bumps : tuple of (int, int)
        Least and largest number of bumps.
    peak : tuple of (float, float)
        Largest displacement by bumps or smooth fields, pixels, drawn evenly on a log scale.
    width : tuple of (float, float)
        σ of a bump in pixels, drawn evenly on a log scale.
    drift_share : float
        Probability that the head moves as well.
    drift : tuple of (float, float)
        Largest displacement by that drift inside the frame, pixels, evenly.
    """

    shares: dict[str, float]
    bumps: tuple[int, int]
    peak: tuple[float, float]
    width: tuple[float, float]
    drift_share: float
    drift: tuple[float, float]

    def __post_init__(self) -> None:
        if unknown := set(self.shares) - set(KINDS):
            raise ConfigError(f"fields.shares={', '.join(sorted(unknown))}: no such kind; there are {', '.join(KINDS)}")
        require_number("fields.drift_share", self.drift_share, low=0, high=1)
        for name in ("peak", "width"):
            require_number(f"fields.{name}", getattr(self, name)[0], low=0, above=True)

    def __call__(self, rng: np.random.Generator, size: int, places: NDArray[np.floating] | None) -> Array:
        """Draw a field.

        Parameters
        ----------
        rng : numpy.random.Generator
        size : int
            Side in pixels.
        places : ndarray, shape (N, 2), or None
            Where bumps may sit (x, y), such as landmarks; None: anywhere.

        Returns
        -------
        ndarray of float32, shape (size, size, 2)
            Pixels, x to the right, y downwards.
        """
        kind = name_by_share(rng, self.shares)
        if kind == "zero":
            return np.zeros((size, size, 2), np.float32)
        if kind == "drift":
            return _drift(rng, size, rng.uniform(*self.drift))
        skin = _smooth(rng, size) if kind == "smooth" else self._bumps(rng, size, places, kind == "edges")
        reach = np.sqrt((skin**2).sum(axis=-1).max())
        flow = skin * (float(log_uniform(rng, self.peak)) / max(float(reach), 1e-6))
        if rng.random() < self.drift_share:
            flow = flow + _drift(rng, size, rng.uniform(*self.drift))
        return np.asarray(flow, dtype=np.float32)

    def _bumps(self, rng: np.random.Generator, size: int, places: NDArray[np.floating] | None, edges: bool) -> Array:
        flow = np.zeros((size, size, 2), np.float32)
        for _ in range(rng.integers(self.bumps[0], self.bumps[1] + 1)):
            at = rng.uniform(0, size, 2) if places is None else places[rng.integers(len(places))] + rng.normal(0, 4, 2)
            across, along = float(log_uniform(rng, self.width)) * np.exp(rng.normal(0, 0.25, 2) * (rng.random() < 0.5))
            turn, way = rng.uniform(0, 2 * np.pi, 2)
            strength = np.exp(rng.normal(0, 0.5))
            bump = _bump(size, at, across, along, turn, cut=edges and rng.random() < 0.7)
            flow += (strength * bump)[..., None] * np.array([np.cos(way), np.sin(way)], np.float32)
        return flow


def _bump(size: int, at: NDArray[np.floating], across: float, along: float, turn: float, cut: bool) -> Array:
    """Return a Gaussian (size, size); with `cut` it ends on a line through its middle, as a lid or a lip does."""
    side = np.arange(size, dtype=np.float32)
    x, y = side - np.float32(at[0]), (side - np.float32(at[1]))[:, None]
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    p, q = c * x + s * y, c * y - s * x
    bump = np.exp(-0.5 * ((p / np.float32(across)) ** 2 + (q / np.float32(along)) ** 2))
    return np.asarray(bump * (q > 0) if cut else bump, dtype=np.float32)


def _smooth(rng: np.random.Generator, size: int) -> Array:
    knots = rng.integers(3, max(4, size // 12))
    coarse = rng.standard_normal((knots, knots, 2)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC))


def _drift(rng: np.random.Generator, size: int, reach: float) -> Array:
    """Return a shift with some turn, zoom and shear, its largest displacement `reach` pixels."""
    side = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = np.meshgrid(side, side)
    matrix = rng.normal(0, 1, (2, 2)) * rng.choice([0, 0.3, 0.3, 1]) * 0.5
    turn = rng.normal(0, 0.5) * rng.choice([0, 1])
    matrix += [[0, -turn], [turn, 0]]
    shift = rng.normal(0, 1, 2)
    flow = np.stack([x, y], axis=-1) @ matrix.T.astype(np.float32) + shift.astype(np.float32)
    return np.asarray(flow * (reach / max(float(np.sqrt((flow**2).sum(-1).max())), 1e-6)), dtype=np.float32)
