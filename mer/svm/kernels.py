"""Kernels in two steps: what depends on the rows alone, computed once, and what a width makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HISTOGRAM_KERNELS", "KERNELS", "WIDE_KERNELS", "Kernel", "base", "unit"]

Float = NDArray[np.float64]

KERNELS = ("linear", "rbf", "chi2", "intersection", "hellinger")
WIDE_KERNELS = ("rbf", "chi2")  # exp(−factor · distance)
HISTOGRAM_KERNELS = ("chi2", "intersection", "hellinger")  # for features that are never negative


def base(kind: str, a: Float, b: Float | None = None) -> Float:
    """Return the part of a kernel that has no parameter.

    Parameters
    ----------
    kind : {"linear", "rbf", "chi2", "intersection", "hellinger"}
    a, b : ndarray, shape (n, D), (m, D)
        Without `b`, of the rows with themselves; then the diagonal is exact, without which LIBSVM would take other
        steps than on its own kernels.

    Returns
    -------
    ndarray, shape (n, m)
        The inner product (linear; of the square roots for hellinger), the squared distance (rbf), Σ (x−y)²/(x+y)
        (chi2) or Σ min(x, y) (intersection).

    References
    ----------
    Zhang et al., doi:10.1007/s11263-006-9794-4 (chi2); Maji et al., doi:10.1109/CVPR.2008.4587630 (intersection);
    Vedaldi and Zisserman, doi:10.1109/TPAMI.2011.153 (hellinger).
    """
    if b is None:
        own = base(kind, a, a)
        if kind in WIDE_KERNELS:
            np.fill_diagonal(own, 0)
        elif kind == "linear":
            np.fill_diagonal(own, [row @ row for row in a])
        return own
    if kind == "linear":
        return a @ b.T
    if kind == "hellinger":
        return np.sqrt(a) @ np.sqrt(b).T
    if kind == "rbf":
        distance = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)
        product = a @ b.T
        distance -= np.multiply(product, 2, out=product)
        return np.maximum(distance, 0, out=distance)
    if kind == "chi2":
        from sklearn.metrics.pairwise import additive_chi2_kernel

        return -np.asarray(additive_chi2_kernel(a, b))
    from scipy.spatial.distance import cdist

    # min(x, y) = (x + y − |x − y|) / 2
    return np.asarray(a.sum(axis=1)[:, None] + b.sum(axis=1) - cdist(a, b, "cityblock")) / 2


def unit(kind: str, train: Float, own: Float) -> float:
    """Return the factor that brings a kernel to the scale of the training rows.

    Parameters
    ----------
    kind : str
    train : ndarray, shape (n, D)
    own : ndarray, shape (n, n)
        `base` of the training rows with themselves; not used by linear and rbf.

    Returns
    -------
    float
        rbf: 1 / (D · Var); chi2: 1 / the mean distance; intersection, hellinger: 1 / the mean of the diagonal;
        linear: 1, the plain product.
    """
    if kind == "linear":
        return 1.0
    if kind == "rbf":
        scale = train.shape[1] * float(train.var())
    else:
        scale = float(own.mean() if kind == "chi2" else np.diagonal(own).mean())
    return 1 / scale if scale > 0 else 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel:
    """A kernel with all its factors, as scikit-learn's SVC takes one: a call with two sets of rows.

    Attributes
    ----------
    kind : str
    factors : sequence of float
        One a block of columns; the kernel is the mean over the blocks.
    block : ndarray of int, shape (D,)
        Block of each column.
    """

    kind: str
    factors: Sequence[float]
    block: NDArray[np.intp]

    def __call__(self, a: Float, b: Float) -> Float:
        """Return the kernel between the rows (n, D) and (m, D), shape (n, m)."""
        return self.finish(self.bases(a, None if np.array_equal(a, b) else b))

    def bases(self, a: Float, b: Float | None = None) -> list[Float]:
        """Return the `base` of each block."""
        if len(self.factors) == 1:
            return [base(self.kind, a, b)]
        return [base(self.kind, a[:, part], None if b is None else b[:, part]) for part in self.parts()]

    def parts(self) -> list[NDArray[np.bool_]]:
        """Return the columns of each block."""
        return [self.block == k for k in range(len(self.factors))]

    def finish(self, bases: Sequence[Float], out: Float | None = None) -> Float:
        """Return the kernel from the blocks' `base`, in `out` where it is given: fresh memory costs as much time."""
        total = np.empty_like(bases[0]) if out is None else out
        self._part(0, bases[0], total)
        if len(bases) == 1:
            return total
        part = np.empty_like(total)
        for number, values in enumerate(bases[1:], start=1):
            total += self._part(number, values, part)
        total /= len(bases)
        return total

    def _part(self, number: int, values: Float, out: Float) -> Float:
        wide = self.kind in WIDE_KERNELS
        np.multiply(values, -self.factors[number] if wide else self.factors[number], out=out)
        return np.exp(out, out=out) if wide else out
