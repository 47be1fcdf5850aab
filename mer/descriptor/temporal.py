"""A descriptor over a sequence of fields, cut into segments of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mer.descriptor.over_time import OverTime
from mer.errors import ConfigError, DataError
from mer.types import Float32, Regions
from mer.validation import require_choice, require_integer, require_number

__all__ = ["POOLINGS", "Temporal", "sparse"]

POOLINGS = ("mean", "max", "sparse")


@dataclass(frozen=True, kw_only=True)
class Temporal(OverTime):
    """Pool the rows of a sequence's fields within each of several segments, and put the segments side by side.

    Parameters
    ----------
    descriptor : FlowDescriptor
        Of one field.
    pooling : {"mean", "max", "sparse"}
        ``mean`` is the descriptor's own (of vectors for MDMO), ``max`` the largest value of each entry, ``sparse`` the
        mean of which only the outstanding part is left, see `sparse`.
    segments : int
        Parts of equal length, up to one field; ≥ 1.
    sparsity : float
        Of ``sparse``; in [0, 1).
    """

    pooling: str
    segments: int
    sparsity: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice("descriptor.pooling", self.pooling, POOLINGS)
        require_integer("descriptor.segments", self.segments, low=1)
        require_number("descriptor.sparsity", self.sparsity, low=0, high=1)
        if self.sparsity == 1:
            raise ConfigError("descriptor.sparsity=1: nothing would be left; give a share below 1")
        if self.pooling == "sparse" and not self.descriptor.amounts:
            raise ConfigError(
                f"descriptor.pooling=sparse shrinks entries towards 0, which means nothing for the angles of "
                f"{type(self.descriptor).__name__}; use pooling=mean"
            )

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return the columns of the descriptor, opened by ``part1:`` and so on where there are several segments."""
        columns = self.descriptor.columns(regions)
        if self.segments == 1:
            return columns
        return tuple(f"part{i + 1}:{column}" for i in range(self.segments) for column in columns)

    def sequence(self, flows: Float32, regions: Regions) -> Float32:
        """Return the row of a sequence.

        Parameters
        ----------
        flows : ndarray of float32, shape (T, H, W, 2)
            Fields in order of time, such as onset → each frame; T ≥ segments.
        regions : Regions
            Of the onset; the same for all fields.

        Returns
        -------
        ndarray of float32, shape (segments · D,)

        Raises
        ------
        DataError
            If the sequence is shorter than the number of segments.
        """
        if len(flows) < self.segments:
            raise DataError(
                f"a sequence of {len(flows)} fields cannot be cut into {self.segments} segments: take fewer with "
                "descriptor.segments, or more frames (frames=sequence, frames.count or frames.step, clips that have "
                "them)"
            )
        return np.concatenate([self._pooled(part, regions) for part in np.array_split(flows, self.segments)])

    def _pooled(self, part: Float32, regions: Regions) -> Float32:
        pool: dict[str, Callable[[], Float32]] = {
            "mean": lambda: self.descriptor.sequence(part, regions),
            "max": lambda: self.descriptor.batch(part, [regions]).max(axis=0),
            "sparse": lambda: sparse(self.descriptor.batch(part, [regions]), self.sparsity),
        }
        return pool[self.pooling]()


def sparse(rows: Float32, sparsity: float) -> Float32:
    """Return the sparse code that represents all rows of a sequence, in closed form.

    Parameters
    ----------
    rows : ndarray of float32, shape (T, D)
    sparsity : float
        λ in [0, 1): entries of the mean row below this share of its largest become 0, the others shrink by as much. At
        0 this is the mean.

    Returns
    -------
    ndarray of float32, shape (D,)
        The z that minimises the mean over t of ½‖rows_t − z‖² plus λ·m·‖z‖₁, with m the largest entry of the mean row.

    Notes
    -----
    Differs from Sparse MDMO in that every entry is its own atom: there the codes are over a dictionary that is learnt
    from the training clips, with a graph between them (``codes=sparse`` does that, inside the fold). Here nothing is
    learnt, so nothing can leak: motion that a few frames or a few pixels show by chance is dropped, and main motions
    stay.

    References
    ----------
    Liu, Li, Lai: Sparse MDMO: learning a discriminative feature for micro-expression recognition. IEEE Trans. Affective
    Computing 12(1), 2021. doi:10.1109/TAFFC.2018.2854166

    Tibshirani: Regression shrinkage and selection via the lasso. JRSS B 58(1), 1996 (soft thresholding).
    """
    mean = np.asarray(rows, dtype=np.float64).mean(axis=0)
    size = np.abs(mean)
    left = np.maximum(size - sparsity * size.max(initial=0.0), 0.0)
    return np.asarray(np.sign(mean) * left, dtype=np.float32)
