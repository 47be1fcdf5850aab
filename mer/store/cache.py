"""Results of the stages on disk, keyed by content: what was computed once is never computed again, nor trusted unseen.

One entry is a plain ``.npy`` file and a JSON file next to it with its checksum and a few facts. Both are written to a
temporary name and renamed; an entry that is torn, foreign or altered is recomputed. One writer per key: whoever comes
second, from this process or another, waits and reads.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from mer.errors import CacheError
from mer.store.atomic import write_atomically

__all__ = ["Cache", "Entry", "read_entry"]

_POLL_S = 0.01  # how often a lock that another holds is tried again


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """A cached result: one array, and small facts that belong to it (anything JSON can hold)."""

    array: NDArray[Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A folder of entries, ``<root>/<stage>/<first two of key>/<key>.npy`` and ``.json``.

    Attributes
    ----------
    root : Path
        Made on first use.
    """

    root: Path

    def get(self, stage: str, key: str) -> Entry | None:
        """Return the entry, or None where there is none that can be trusted."""
        path = self.path(stage, key)
        entry = read_entry(path)
        if entry is not None:
            with contextlib.suppress(OSError):  # another user's cache may be read-only
                os.utime(path)  # the least recently used entries go first when the cache is trimmed
        return entry

    def holds(self, stage: str, key: str) -> bool:
        """Return whether both files of the entry are there, without reading them."""
        path = self.path(stage, key)
        return path.exists() and path.with_suffix(".json").exists()

    def put(self, stage: str, key: str, entry: Entry) -> None:
        """Write an entry.

        Raises
        ------
        CacheError
            If the disk is full or the folder cannot be written.
        """
        buffer = io.BytesIO()
        np.save(buffer, entry.array, allow_pickle=False)
        data = buffer.getvalue()
        facts = json.dumps(dict(entry.facts))
        side = {"sha256": hashlib.sha256(data + facts.encode()).hexdigest(), "facts": facts}
        path = self.path(stage, key)
        with self._said_clearly():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Waiting for the disk costs more than a feature row. What a power cut tears, the checksum finds.
            write_atomically(path, data, flush=False)
            write_atomically(path.with_suffix(".json"), json.dumps(side).encode(), flush=False)

    def compute(self, stage: str, key: str, make: Callable[..., Entry], *arguments: Any, wait: bool = True) -> Entry:
        """Return the entry, `make(*arguments)` where it is not there yet; one process or thread makes it, others wait.

        Raises
        ------
        filelock.Timeout
            Where `wait` is False and another is making it.
        """
        found = self.get(stage, key)
        if found is not None:
            return found
        with self.locked(stage, key, wait=wait):
            found = self.get(stage, key)
            if found is None:
                found = make(*arguments)
                self.put(stage, key, found)
        return found

    def path(self, stage: str, key: str) -> Path:
        """Return the path of the array of an entry, whether it exists or not."""
        return self.root / stage / key[:2] / f"{key}.npy"

    @contextlib.contextmanager
    def locked(self, stage: str, key: str, *, wait: bool = True) -> Iterator[None]:
        """Hold the lock of a key.

        Keys that begin alike share a lock file, so that there are never more than 4096 a stage and none is ever
        removed: a lock file that is unlinked while a process waits for it would let two in.

        Raises
        ------
        filelock.Timeout
            Where `wait` is False and another holds it.
        """
        lock = self.root / "locks" / stage / f"{key[:3]}.lock"
        with self._said_clearly():
            lock.parent.mkdir(parents=True, exist_ok=True)
            handle = FileLock(lock)
            handle.acquire(timeout=-1 if wait else 0, poll_interval=_POLL_S)
        try:
            yield
        finally:
            handle.release()

    @contextlib.contextmanager
    def _said_clearly(self) -> Iterator[None]:
        try:
            yield
        except Timeout:  # an OSError, too; the caller that did not wait handles it
            raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                what = "the disk is full; free some space, or set MER_HOME to a folder on a larger disk"
            else:
                what = f"{error.strerror or error}; make the folder writable, or set MER_HOME to another one"
            raise CacheError(f"cannot write the cache {self.root}: {what}") from error


def read_entry(path: Path) -> Entry | None:
    """Return what the array at `path` and the JSON next to it hold; None where either is torn, altered or absent."""
    try:
        side = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        data = path.read_bytes()
        if side["sha256"] != hashlib.sha256(data + side["facts"].encode()).hexdigest():
            return None
        return Entry(array=_array(data), facts=json.loads(side["facts"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _array(data: bytes) -> NDArray[Any]:
    """Return the array of a ``.npy`` file without a copy, so that it cannot be written to."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):  # a header that is longer than arrays of numbers have
        raise ValueError("not an entry of this cache")
    shape, columns_first, kind = np.lib.format.read_array_header_1_0(file)
    flat = np.frombuffer(data, dtype=kind, offset=file.tell())
    return flat.reshape(shape, order="F" if columns_first else "C")
