"""What stages 1–7 give: the table of features, and what was measured of every region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.store.cache import Cache, Entry
from mer.types import Exclusion, FeatureTable, Manifest, Numbers, Sample

__all__ = ["Features", "Rows", "outline", "read_rows", "write_rows"]


@dataclass(frozen=True, kw_only=True)
class Features:
    """What stages 1–7 made of a data set.

    Attributes
    ----------
    table : FeatureTable
    mirrored : FeatureTable or None
        The same clips seen in a mirror, if requested.
    regions : tuple of str
        Names of the R regions.
    motion : ndarray of float32, shape (N, R, 5)
        Of every clip and region the `mer.types.REGION_QUANTITIES`, after the head's motion was taken out; of a
        sequence at its apex.
    pictures : ndarray of float32, shape (N, 4)
        `mer.dataset.still.pair_numbers` of every clip; NaN for ready-made flow.
    excluded : tuple of Exclusion
        Clips left out, by the data set or because a stage could not use them.
    computed : mapping of str to list of float
        Seconds of every result that was computed rather than read from the cache, by stage.
    """

    table: FeatureTable
    mirrored: FeatureTable | None
    regions: tuple[str, ...]
    motion: Numbers
    pictures: Numbers
    excluded: tuple[Exclusion, ...]
    computed: dict[str, list[float]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """A table on disk: one row per clip, and why the other clips have none.

    Attributes
    ----------
    X : ndarray of float32, shape (N, images, D)
        Images: the clip, and its mirror image if requested.
    ids : tuple of str
        The N clips.
    dropped : mapping of str to str
        Clip → reason.
    faults : tuple of str
        Those of `dropped` that are faulty, and not merely without a face.
    names : mapping of str to tuple of str
        ``columns`` and ``regions``.
    """

    X: NDArray[np.float32]
    ids: tuple[str, ...]
    dropped: Mapping[str, str]
    faults: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]


def read_rows(cache: Cache, stage: str, key: str) -> Rows | None:
    """Return a table that is kept, None where there is none."""
    entry = cache.get(stage, key)
    if entry is None:
        return None
    facts = entry.facts
    names = {name: tuple(values) for name, values in facts["names"].items()}
    ids, faults = tuple(facts["ids"]), tuple(facts["faults"])
    return Rows(X=entry.array, ids=ids, dropped=facts["dropped"], faults=faults, names=names)


def write_rows(cache: Cache, stage: str, key: str, rows: Rows) -> None:
    """Keep a table."""
    facts = {"ids": rows.ids, "dropped": dict(rows.dropped), "faults": rows.faults, "names": dict(rows.names)}
    cache.put(stage, key, Entry(array=rows.X, facts=facts))


def outline(manifest: Manifest, samples: Sequence[Sample]) -> FeatureTable:
    """Return the table of `samples` before any feature is known: whose they are and what they show."""
    return FeatureTable(
        X=np.empty((len(samples), 0), dtype=np.float32),
        y=np.array([manifest.classes.index(sample.label) for sample in samples]),
        subject=np.array([sample.subject for sample in samples]),
        sample_id=np.array([sample.id for sample in samples]),
        dataset=np.array([sample.dataset for sample in samples]),
        columns=(),
        classes=manifest.classes,
    )
