"""Clips side by side in threads: every clip's rows, and the tables that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import cv2
import numpy as np
from filelock import Timeout

from mer.errors import DataError, FaceNotFoundError
from mer.pipeline.features import Rows
from mer.progress import progress
from mer.types import AlignedPair, Numbers, Sample

__all__ = ["Found", "as_table", "in_batches", "one_thread_each", "side_by_side"]

Found = Mapping[str, Numbers | DataError]
"""Kind of table → the clip's row in it, shape (images, D), or why it has none."""


def side_by_side(
    samples: Sequence[Sample],
    one: Callable[[Sample, bool], Found],
    workers: int,
    *,
    stop: bool,
) -> dict[str, Found]:
    """Return what every clip gives, by its id.

    Parameters
    ----------
    samples : sequence of Sample
    one : callable
        Works on one clip; its argument says whether to wait for another process that works on it; else it raises
        `Timeout`.
    workers : int
        Threads.
    stop : bool
        Raise for the first faulty clip; one without a face is none.
    """
    found: dict[str, Found] = {}
    with one_thread_each(), progress("features", len(samples)) as advance, ThreadPoolExecutor(workers) as pool:
        busy: list[Sample] = []
        # A clip that another process works on is put off, so that both do other clips meanwhile.
        for some, wait in ((samples, False), (busy, True)):
            futures = [pool.submit(one, sample, wait) for sample in some]
            try:
                for sample, future in zip(tuple(some), futures, strict=True):
                    try:
                        found[sample.id] = future.result()
                    except Timeout:
                        busy.append(sample)
                        continue
                    if stop:
                        _raise_fault(found[sample.id])
                    advance()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return found


def in_batches(
    samples: Sequence[Sample], align: Callable[[Sample], AlignedPair | None], together: int, workers: int
) -> Iterator[tuple[list[Sample], list[AlignedPair]]]:
    """Yield clips with their aligned frames, so many at once; those without are left out.

    Parameters
    ----------
    samples : sequence of Sample
    align : callable
        Returns None for a clip that cannot be used.
    together : int
        Clips at once. Only so many are held in memory.
    workers : int
        Threads that align.
    """
    with one_thread_each(), progress("flow", len(samples)) as advance, ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(samples), together):
            some = samples[start : start + together]
            aligned = [(sample, pair) for sample, pair in zip(some, pool.map(align, some), strict=True) if pair]
            if aligned:
                yield [sample for sample, _ in aligned], [pair for _, pair in aligned]
            for _ in some:
                advance()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep OpenCV and BLAS to one thread: clips run side by side, and more threads of a product round differently."""
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def _raise_fault(found: Found) -> None:
    for row in found.values():
        if isinstance(row, DataError) and not isinstance(row, FaceNotFoundError):
            raise row


def as_table(
    kind: str,
    samples: Sequence[Sample],
    found: Mapping[str, Found],
    names: Callable[[Sample], Mapping[str, tuple[str, ...]]],
) -> Rows:
    """Return the table of a kind from what every clip gave.

    Raises
    ------
    DataError
        If no clip has a row.
    """
    rows: dict[str, Numbers] = {}
    errors: dict[str, DataError] = {}
    for sample in samples:
        row = found[sample.id][kind]
        if isinstance(row, DataError):
            errors[sample.id] = row
        else:
            rows[sample.id] = row
    if not rows:
        raise DataError(f"no clip is left of {len(samples)}; the first: {errors[samples[0].id]}")
    return Rows(
        X=np.stack(list(rows.values())),
        ids=tuple(rows),
        dropped={name: str(error) for name, error in errors.items()},
        faults=tuple(name for name, error in errors.items() if not isinstance(error, FaceNotFoundError)),
        names=names(next(sample for sample in samples if sample.id in rows)),
    )
