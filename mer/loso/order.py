"""The order in which a fold sees its rows: given by what is in them, so that ids and names of subjects mean nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mer.svm import Split
from mer.types import FeatureTable

__all__ = ["content_rank", "in_order"]

Rows = NDArray[np.intp]


def content_rank(table: FeatureTable, mirrored: FeatureTable | None) -> Rows:
    """Return the place of every row, shape (n,), in an order that features and labels alone decide.

    A solver that starts from another row, or a sampler that meets another group first, rounds differently. The same
    clips under other ids and names, as another database would call them, must give the same result to the last digit.

    Notes
    -----
    Rows are ordered by a hash of their features, mirror image and label; equal rows by a hash of all that their subject
    shows. What is still equal can be swapped without a trace.
    """
    rows = _sums(table, mirrored)
    of_subject = defaultdict(list)
    for name, row in zip(table.subject.tolist(), rows, strict=True):
        of_subject[name].append(row)
    subjects = {name: _sum(b"".join(sorted(own))) for name, own in of_subject.items()}
    # The name comes last: it only keeps two people apart who show the very same clips.
    keys = [(row, subjects[name], name) for row, name in zip(rows, table.subject.tolist(), strict=True)]
    rank = np.empty(len(rows), dtype=np.intp)
    rank[sorted(range(len(rows)), key=keys.__getitem__)] = np.arange(len(rows))
    return rank


def in_order(splits: Sequence[Split], rank: Rows) -> list[Split]:
    """Return splits of the table as splits of its rows in order of rank, those first whose test side comes first."""
    placed = [Split(name=s.name, train=np.sort(rank[s.train]), test=np.sort(rank[s.test])) for s in splits]
    return sorted(placed, key=lambda split: int(split.test[0]))


def _sums(table: FeatureTable, mirrored: FeatureTable | None) -> list[bytes]:
    both = [table.X] if mirrored is None else [table.X, mirrored.X]
    images = [np.ascontiguousarray(X) for X in both]
    labels = np.asarray(table.y, dtype=np.int64)
    return [_sum(b"".join(X[i].tobytes() for X in images) + labels[i].tobytes()) for i in range(len(table))]


def _sum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
