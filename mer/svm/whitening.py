"""Whitening within the classes: what varies among clips of one emotion counts less than what separates emotions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Whitening", "whitened", "within_classes"]

Float = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Whitening:
    """A symmetric matrix a·I + Vᵀ·diag(d)·V, kept as its parts: features can be many more than clips.

    Attributes
    ----------
    scale : float
        a.
    gain : ndarray, shape (r,)
        d.
    directions : ndarray, shape (r, D)
        V, with orthonormal rows.
    """

    scale: float
    gain: Float
    directions: Float


def within_classes(X: Float, y: NDArray[np.int64], shrinkage: float) -> Whitening:
    """Return the whitening (S / t)^(−1/2) of the shrunk covariance S within the classes.

    Parameters
    ----------
    X : ndarray, shape (n, D)
        Rows of mean 0.
    y : ndarray of int64, shape (n,)
        Classes 0 … k−1, each present.
    shrinkage : float
        λ in (0, 1]: S = (1 − λ)·W + λ·(tr W / D)·I, with W the mean over the clips of the outer products of their
        distances from their class's mean. 1 leaves all directions alike.

    Returns
    -------
    Whitening
        t makes the mean squared length of the whitened rows 1, so that C means the same for any D.

    Notes
    -----
    People, lighting and head motion vary the features of one emotion. With W the covariance within the classes, these
    directions are shortened before the machine looks for a margin, as in speaker recognition. A linear machine with a
    small C then comes close to linear discriminant analysis.

    References
    ----------
    Hatch, Kajarekar, Stolcke: Within-class covariance normalization for SVM-based speaker recognition. Interspeech
    2006.

    Friedman: Regularized discriminant analysis. JASA 1989. doi:10.1080/01621459.1989.10478752
    """
    mean = np.stack([X[y == k].mean(axis=0) for k in range(y.max() + 1)])
    away = X - mean[y]
    _, singular, directions = np.linalg.svd(away, full_matrices=False)
    variance = singular**2 / len(X)
    floor = shrinkage * variance.sum() / X.shape[1]
    if not floor > 0:  # every clip lies on its class's mean
        return Whitening(scale=1.0, gain=np.zeros(0), directions=np.zeros((0, X.shape[1])))
    gain = ((1 - shrinkage) * variance + floor) ** -0.5 - floor**-0.5
    raw = Whitening(scale=float(floor**-0.5), gain=gain, directions=directions)
    length = float(np.sqrt((whitened(X, raw) ** 2).sum(axis=1).mean()))
    return Whitening(scale=raw.scale / length, gain=raw.gain / length, directions=directions)


def whitened(X: Float, by: Whitening) -> Float:
    """Return X · (a·I + Vᵀ·diag(d)·V)."""
    return by.scale * X + ((X @ by.directions.T) * by.gain) @ by.directions
