"""The order in which a fold sees its rows: given by what is in them, so that ids and names of subjects mean nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mer.svm import Split
from mer.types import FeatureTable

__all__ = ["amount", "content_rank", "gists", "in_order"]

Rows = NDArray[np.intp]


def content_rank(table: FeatureTable, mirrored: FeatureTable | None) -> Rows:
    """Return the place of every row, shape (n,), in an order that features and labels alone decide.

    A solver that starts from another row, or a sampler that meets another group first, rounds differently. The same
    clips under other ids and names, as another database would call them, must give the same result to the last digit.

    Notes
    -----
    Subjects stand in the order of a hash of what `gists` says, which last digits leave alone: another processor makes
    the same inner folds. A subject's rows stand by label, then by what their features amount to; what is still equal
    by the bytes of both. What differs in nothing can be swapped without a trace.
    """
    both = table.X if mirrored is None else np.concatenate([table.X, mirrored.X], axis=1)
    amounts = amount(both)
    contents = zip(table.y.tolist(), amounts.tolist(), (_sum(row.tobytes()) for row in both), strict=True)
    rows, names = list(contents), table.subject.tolist()
    of_subject = defaultdict(list)
    for name, row in zip(names, rows, strict=True):
        of_subject[name].append(row)
    known = gists(amounts, table.y, table.subject)
    places = {name: (_sum(known[name].encode()), sorted(own)) for name, own in of_subject.items()}
    # The name keeps two people apart who show the very same clips.
    keys = [(places[name], name, row) for name, row in zip(names, rows, strict=True)]
    rank = np.empty(len(rows), dtype=np.intp)
    rank[sorted(range(len(rows)), key=keys.__getitem__)] = np.arange(len(rows))
    return rank


def amount(X: NDArray[Any]) -> NDArray[np.float64]:
    """Return what the features of each row (n, D) amount to: the sum of their sizes."""
    return np.asarray(np.abs(X).sum(axis=1, dtype=np.float64))


def gists(amounts: NDArray[np.float64], y: NDArray[np.int64], subject: NDArray[np.str_]) -> dict[str, str]:
    """Return of each subject how many rows of each label it has and, to three digits, what they amount to in all."""
    names, index = np.unique(subject, return_inverse=True)
    counts = np.zeros((len(names), y.max() + 1), dtype=np.intp)
    np.add.at(counts, (index, y), 1)
    said = zip(names.tolist(), counts.tolist(), np.bincount(index, amounts).tolist(), strict=True)
    return {name: f"{count} {total:.2e}" for name, count, total in said}


def in_order(splits: Sequence[Split], rank: Rows) -> list[Split]:
    """Return splits of the table as splits of its rows in order of rank, those first whose test side comes first."""
    placed = [Split(name=s.name, train=np.sort(rank[s.train]), test=np.sort(rank[s.test])) for s in splits]
    return sorted(placed, key=lambda split: int(split.test[0]))


def _sum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
