"""The order in which a fold sees its rows: given by what is in them, so that ids and names of subjects mean nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mer.svm import Split
from mer.types import FeatureTable, Numbers

__all__ = ["amount", "content_rank", "in_order", "subject_signatures"]

Rows = NDArray[np.intp]


def content_rank(table: FeatureTable, mirrored: FeatureTable | None) -> Rows:
    """Return the place of every row, shape (n,), in an order that features and labels alone decide.

    A solver that starts from another row, or a sampler that meets another group first, rounds differently. The same
    clips under other ids and names, as another database would call them, must give the same result to the last digit.

    Notes
    -----
    Subjects are ordered by their signatures, which are whole numbers. Those with equal signatures are
    ordered by the sum of their features, and the rows of a subject by label, then by their sum: these sums are compared
    as they are, never rounded or hashed, so that rounding differences swap two neighbours at most where their sums are
    equal to all digits that matter. What is still equal is ordered by its bytes; what differs in nothing can be swapped
    without a trace.
    """
    both = table.X if mirrored is None else np.concatenate([table.X, mirrored.X], axis=1)
    amounts = amount(both)
    rows = list(zip(table.y.tolist(), amounts.tolist(), map(_digest, both), strict=True))
    names = table.subject.tolist()
    of_subject = defaultdict(list)
    for name, row in zip(names, rows, strict=True):
        of_subject[name].append(row)
    signatures = subject_signatures(table.y, table.subject)
    places = {
        name: (signatures[name], sum(row[1] for row in sorted(own)), sorted(own)) for name, own in of_subject.items()
    }
    # The name keeps two people apart who show the very same clips.
    keys = [(places[name], name, row) for name, row in zip(names, rows, strict=True)]
    rank = np.empty(len(rows), dtype=np.intp)
    rank[sorted(range(len(rows)), key=keys.__getitem__)] = np.arange(len(rows))
    return rank


def amount(X: Numbers) -> NDArray[np.float64]:
    """Return what the features of each row (n, D) amount to: the sum of their sizes."""
    return np.asarray(np.abs(X).sum(axis=1, dtype=np.float64))


def subject_signatures(y: NDArray[np.int64], subject: NDArray[np.str_]) -> dict[str, tuple[int, ...]]:
    """Return for each subject the number of its rows, then how many of them have label 0, 1, …, up to the largest."""
    names, index = np.unique(subject, return_inverse=True)
    counts = np.zeros((len(names), y.max() + 1), dtype=np.intp)
    np.add.at(counts, (index, y), 1)
    return {name: (sum(row), *row) for name, row in zip(names.tolist(), counts.tolist(), strict=True)}


def in_order(splits: Sequence[Split], rank: Rows) -> list[Split]:
    """Return splits of the table as splits of its rows in order of rank, those first whose test set comes first."""
    placed = [Split(name=s.name, train=np.sort(rank[s.train]), test=np.sort(rank[s.test])) for s in splits]
    return sorted(placed, key=lambda split: int(split.test[0]))


def _digest(row: Numbers) -> bytes:
    return hashlib.blake2b(row.tobytes(), digest_size=16).digest()
