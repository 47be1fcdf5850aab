"""Seeded randomness: one stream per purpose, and smooth noise that is made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ABSENT",
    "FACE",
    "FRAME",
    "LABEL",
    "LONG",
    "PERFORMANCE",
    "PIGMENT",
    "STYLE",
    "TIMING",
    "fractal",
    "strands",
    "stream",
]

Array = NDArray[np.float64]

# First word of a stream's key: what the numbers are for. A new purpose gets a new number; the old ones never change.
LABEL, FACE, PIGMENT, STYLE, TIMING, PERFORMANCE, FRAME, ABSENT, LONG = range(9)


def stream(seed: int, purpose: int, *where: int) -> np.random.Generator:
    """Return the generator of one purpose and place, independent of all the others and of the order of calls."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(purpose, *where))))


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], cells: float, octaves: int, falloff: float = 0.5
) -> Array:
    """Return smooth noise of mean about 0 and deviation about 1.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
        Height and width.
    cells : float
        Lattice cells along the width in the coarsest octave; each further octave has twice as many.
    octaves : int
    falloff : float
        Amplitude of an octave relative to the one before.

    Returns
    -------
    ndarray of float64, shape (H, W)
    """
    total = np.zeros(shape)
    power = 0.0
    for octave in range(octaves):
        amplitude = falloff**octave
        total += amplitude * _lattice(rng, shape, cells * 2**octave)
        power += amplitude**2
    return total / (0.47 * power**0.5)  # a cubic B-spline keeps 0.47 of the deviation of white noise on its lattice


def _lattice(rng: np.random.Generator, shape: tuple[int, int], cells: float) -> Array:
    rows, columns = (_spline_weights(n, cells * n / shape[1]) for n in shape)
    values = rng.standard_normal((rows.shape[1], columns.shape[1]))
    return np.asarray(rows @ values @ columns.T)


def _spline_weights(length: int, cells: float) -> Array:
    """Return the weights of a cubic B-spline with `cells` cells at `length` places, shape (length, knots)."""
    place = np.arange(length) * (cells / length)
    first = np.floor(place).astype(int)
    t = place - first
    taps = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    weights = np.zeros((length, int(np.ceil(cells)) + 4))
    for k in range(4):
        weights[np.arange(length), first + k] += taps[k]
    return weights


def strands(rng: np.random.Generator, across: Array, frequency: float, octaves: int) -> Array:
    """Return noise along one coordinate: streaks, such as hair seen across; deviation about 1."""
    total = np.zeros(across.shape)
    for octave in range(octaves):
        values = rng.standard_normal(512)
        place = across * (frequency * 2.0**octave)
        total += np.interp(place, np.arange(512), values, period=512) * 0.7**octave
    return total / (0.8 * sum(0.49**k for k in range(octaves)) ** 0.5)
