"""Runs whose process was killed outright (power, SIGKILL, a full disk): closed when the store is opened next.

A run holds a lock as long as its process lives; the system frees it however the process ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from mer.tracking.sqlite_file import locked
from mer.tracking.writer import Writer

__all__ = ["alive", "close_dead_runs"]


@contextlib.contextmanager
def alive(home: Path, run_id: str) -> Iterator[None]:
    """Hold the lock of a run; a block that raises leaves the file behind, for `close_dead_runs` to look."""
    path = _folder(home) / f"{run_id}.lock"
    lock = FileLock(path)
    with locked(home):  # else another process could take the file for that of a dead run before it is locked
        path.parent.mkdir(exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
    path.unlink(missing_ok=True)


def close_dead_runs(writer: Writer, home: Path) -> None:
    """Mark the runs of this home as KILLED whose process is gone; call it with the store's lock held."""
    for path in sorted(_folder(home).glob("*.lock")):
        with contextlib.suppress(Timeout), FileLock(path, timeout=0):
            if writer.status(path.stem) == "RUNNING":
                writer.close(path.stem, "KILLED")
            path.unlink()


def _folder(home: Path) -> Path:
    return home / "running"
