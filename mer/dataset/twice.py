"""One recording in a data set twice: equal pictures under two names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from mer.types import Numbers, Sample

__all__ = ["listed_twice", "signature"]


def signature(pictures: Iterable[Numbers]) -> str:
    """Return a hash of the pixels (or of the flow) of a clip; empty where there is no picture."""
    digest, some = hashlib.blake2b(digest_size=16), False
    for picture in pictures:
        digest.update(str((picture.shape, picture.dtype)).encode())
        digest.update(np.ascontiguousarray(picture).tobytes())
        some = True
    return digest.hexdigest() if some else ""


def listed_twice(samples: Sequence[Sample], signatures: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each clip whose pictures are those of an earlier one, with a sentence that ends in the next step."""
    first: dict[str, Sample] = {}
    for sample, seen in zip(samples, signatures, strict=True):
        other = first.setdefault(seen, sample)
        if seen and other is not sample:
            yield (
                sample.id,
                f"{_named(sample)} shows the same pictures as {_named(other)}: one recording is listed twice; "
                "leave one of the two out",
            )


def _named(sample: Sample) -> str:
    return f"{sample.id} ({sample.subject}, {sample.label})"
