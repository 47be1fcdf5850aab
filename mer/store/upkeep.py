"""Care of the cache on disk: what is there, what is damaged, and room made by removing what was not used for longest.

A limit is kept by `trim`, which a run calls at its end where one is set (``cache_gb``). A key in use is
never removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from mer.store.cache import Cache, read_entry

__all__ = ["FOLDS", "Item", "Trimmed", "intact", "items", "remove", "trim"]

FOLDS = "folds"  # stage whose files are finished folds rather than arrays
_LOCKS = "locks"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry of the cache.

    Attributes
    ----------
    stage : str
    path : Path
        The array, or the file of a finished fold.
    size : int
        Bytes, the side file included.
    used : float
        When it was last read or written, seconds since 1970.
    """

    stage: str
    path: Path
    size: int
    used: float


@dataclass(frozen=True, kw_only=True)
class Trimmed:
    """What `trim` did: entries and bytes that were removed, bytes that are left, entries that were in use."""

    removed: int
    freed: int
    left: int
    in_use: int


def items(cache: Cache) -> Iterator[Item]:
    """Yield every entry; one that vanishes meanwhile is passed over."""
    if not cache.root.is_dir():
        return
    for stage in sorted(path for path in cache.root.iterdir() if path.is_dir() and path.name != _LOCKS):
        pattern = "*.json" if stage.name == FOLDS else "*.npy"
        for path in stage.rglob(pattern):
            if path.name.startswith("."):
                continue
            try:
                state = path.stat()
                side = path.with_suffix(".json").stat().st_size if stage.name != FOLDS else 0
            except FileNotFoundError:
                side = 0
                if not path.exists():
                    continue
            yield Item(stage=stage.name, path=path, size=state.st_size + side, used=state.st_mtime)


def intact(item: Item) -> bool:
    """Return whether the content fits its checksum."""
    if item.stage != FOLDS:
        return read_entry(item.path) is not None
    try:
        digest, _, body = item.path.read_bytes().partition(b"\n")
    except OSError:
        return False
    return digest.decode(errors="replace") == hashlib.blake2b(body, digest_size=16).hexdigest()


def remove(cache: Cache, item: Item) -> bool:
    """Remove an entry; False if its key is in use."""
    try:
        with cache.locked(item.stage, item.path.stem, wait=False):
            item.path.unlink(missing_ok=True)
            if item.stage != FOLDS:
                item.path.with_suffix(".json").unlink(missing_ok=True)
    except Timeout:
        return False
    return True


def trim(cache: Cache, limit: int) -> Trimmed:
    """Remove entries, the least recently used first, until at most `limit` bytes are left."""
    found = sorted(items(cache), key=lambda item: item.used)
    left = sum(item.size for item in found)
    removed = freed = in_use = 0
    for item in found:
        if left <= limit:
            break
        if not remove(cache, item):
            in_use += 1
            continue
        removed, freed, left = removed + 1, freed + item.size, left - item.size
    return Trimmed(removed=removed, freed=freed, left=left, in_use=in_use)
