"""Finished cells on disk: the folder of each, under the hash of all that determines its content, with checksums."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mer.cache import write_atomically
from mer.errors import CacheError, reason

__all__ = ["Results"]

_LIST = "cell.json"  # names and checksums of the other files


@dataclass(frozen=True, kw_only=True)
class Results:
    """A folder of finished cells, ``<root>/<first two of key>/<key>/``, and of the errors of those that failed.

    Attributes
    ----------
    root : Path
        Made on first use.
    """

    root: Path

    def save(self, key: str, folder: Path) -> None:
        """Keep a copy of a run's folder; an earlier copy and an earlier error of the cell are replaced.

        Raises
        ------
        CacheError
            Where the disk is full or the folder cannot be written.
        """
        home = self._home(key)
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=home.parent, prefix=".") as name:
                copy = Path(name) / "cell"
                shutil.copytree(folder, copy)
                (copy / _LIST).write_text(_listed(_sums(copy)), encoding="utf-8")
                if home.exists():
                    home.replace(Path(name) / "before")
                copy.replace(home)
            self._error(key).unlink(missing_ok=True)
        except OSError as error:
            raise CacheError(
                f"cannot keep the result in {home}: {reason(error)}; free some space, or set MER_HOME to another folder"
            ) from error

    def folder(self, key: str) -> Path | None:
        """Return where the cell's files are; None where it is not finished, or any file is torn, altered or missing."""
        home = self._home(key)
        try:
            expected = _read_list(home / _LIST)
            return home if expected == _sums(home) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def restore(self, key: str, folder: Path) -> None:
        """Copy the files of a finished cell into a run's folder.

        Raises
        ------
        CacheError
            Where it cannot be written.
        """
        try:
            shutil.copytree(self._home(key), folder, ignore=shutil.ignore_patterns(_LIST), dirs_exist_ok=True)
        except OSError as error:
            raise CacheError(
                f"cannot write {folder}: {reason(error)}; free some space, or choose hydra.sweep.dir=OUT"
            ) from error

    def metrics(self, key: str) -> dict[str, Any]:
        """Return the content of metrics.json of a finished cell."""
        found: dict[str, Any] = json.loads((self._home(key) / "metrics.json").read_text(encoding="utf-8"))
        return found

    def fail(self, key: str, error: str) -> None:
        """Note why a cell failed; a result that it had before stays."""
        path = self._error(key)
        with contextlib.suppress(OSError):  # a disk that is full must not hide why the cell failed
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps({"error": error, "time": time.time()}).encode())

    def error(self, key: str) -> str | None:
        """Return why the cell failed when it was last tried; None where it did not."""
        try:
            return str(json.loads(self._error(key).read_text(encoding="utf-8"))["error"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextlib.contextmanager
    def locked(self, key: str, *, wait: bool) -> Iterator[bool]:
        """Hold the lock of a cell; yields False, without it, where another has it and `wait` is False."""
        path = self.root / "locks" / f"{key[:3]}.lock"  # few files for ever, see `mer.cache.Cache.locked`
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path)
            lock.acquire(timeout=-1 if wait else 0)
        except Timeout:
            yield False
            return
        except OSError as error:
            raise CacheError(
                f"cannot write {path}: {reason(error)}; make MER_HOME writable or set it to another folder"
            ) from error
        try:
            yield True
        finally:
            lock.release()

    def damaged(self) -> list[str]:
        """Return the keys of the cells whose files do not fit their checksums."""
        return sorted(path.name for path in self.root.glob("??/*") if path.is_dir() and self.folder(path.name) is None)

    def _home(self, key: str) -> Path:
        return self.root / key[:2] / key

    def _error(self, key: str) -> Path:
        return self.root / key[:2] / f"{key}.failed.json"


def _sums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / _LIST)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _listed(sums: Mapping[str, str]) -> str:
    text = json.dumps(sums, sort_keys=True)
    return json.dumps({"files": text, "sha256": hashlib.sha256(text.encode()).hexdigest()})


def _read_list(path: Path) -> dict[str, str]:
    """Return the list of files; raises where it is torn or altered."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if hashlib.sha256(content["files"].encode()).hexdigest() != content["sha256"]:
        raise ValueError(path.name)
    files: dict[str, str] = json.loads(content["files"])
    return files
