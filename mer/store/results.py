"""Finished cells on disk: the folder of each, under the hash of all that determines its content, with checksums."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from mer.errors import CacheError, reason
from mer.store.atomic import write_atomically
from mer.types import Metrics

__all__ = ["Results", "is_whole", "link_or_copy"]

Replacing = Callable[[Path, Path], None]

_LIST = "cell.json"  # names and checksums of the other files
_OWN = (_LIST, "records")  # what MLflow records changes nothing of a result, see `mer.tracking.record`


@dataclass(frozen=True, kw_only=True)
class Results:
    """A folder of finished cells, ``<root>/<first two of key>/<key>/``, and of the errors of those that failed.

    Attributes
    ----------
    root : Path
        Made on first use.
    """

    root: Path

    @contextlib.contextmanager
    def writing(self, key: str, *, replacing: Replacing | None = None) -> Iterator[Path]:
        """Yield an empty folder that becomes the result when the block ends; an earlier result and error are replaced.

        Parameters
        ----------
        key : str
        replacing : callable, optional
            Called with the folder of the earlier result and the new one, just before they change places.

        Raises
        ------
        CacheError
            If the disk is full or the folder cannot be written.
        """
        home = self.path(key)
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=home.parent, prefix=".") as name:
                new = Path(name) / "cell"
                new.mkdir()
                yield new
                (new / _LIST).write_text(_listed(_sums(new)), encoding="utf-8")
                with self._lock(f"{key[:3]}.swap"):
                    if home.exists():
                        if replacing is not None:
                            replacing(home, new)
                        home.replace(Path(name) / "before")
                    new.replace(home)
            self._error(key).unlink(missing_ok=True)
        except OSError as error:
            raise CacheError(
                f"cannot keep the result in {home}: {reason(error)}; free some space, or set MER_HOME to another folder"
            ) from error

    def folder(self, key: str) -> Path | None:
        """Return where the cell's files are; None if it is not finished, or if any file is torn, altered or missing."""
        home = self.path(key)
        return home if is_whole(home) else None

    def show(self, key: str, folder: Path) -> None:
        """Show the files of a finished cell in a run's folder, as hard links where the file system has them.

        Raises
        ------
        CacheError
            If it cannot be written.
        """
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
                staging = Path(name)
                shutil.copytree(
                    self.path(key), staging, ignore=_own_files, dirs_exist_ok=True, copy_function=link_or_copy
                )
                folder.mkdir(exist_ok=True)
                for path in sorted(staging.iterdir()):
                    _replace(path, folder / path.name)
        except OSError as error:
            raise CacheError(
                f"cannot write {folder}: {reason(error)}; free some space, or choose hydra.run.dir=OUT (of a sweep, "
                "hydra.sweep.dir=OUT)"
            ) from error

    def metrics(self, key: str) -> Metrics:
        """Return the content of metrics.json of a finished cell."""
        found: Metrics = json.loads((self.path(key) / "metrics.json").read_text(encoding="utf-8"))
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
        lock = self._lock(key[:3])
        try:
            lock.acquire(timeout=-1 if wait else 0)
        except Timeout:
            yield False
            return
        except OSError as error:
            raise CacheError(
                f"cannot write {lock.lock_file}: {reason(error)}; make MER_HOME writable or set it to another folder"
            ) from error
        try:
            yield True
        finally:
            lock.release()

    def damaged(self) -> list[str]:
        """Return the keys of the cells whose files do not fit their checksums."""
        folders = [path for path in self.root.glob("??/[!.]*") if path.is_dir()]
        return sorted(path.name for path in folders if not is_whole(path))

    def _lock(self, name: str) -> FileLock:
        """Return a lock; there are few files for ever, see `mer.store.cache.Cache.locked`."""
        path = self.root / "locks" / f"{name}.lock"
        with contextlib.suppress(OSError):  # to acquire it says so
            path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path)

    def path(self, key: str) -> Path:
        """Return the folder of a result, whether it exists or not."""
        return self.root / key[:2] / key

    def _error(self, key: str) -> Path:
        return self.root / key[:2] / f"{key}.failed.json"


def is_whole(folder: Path) -> bool:
    """Return whether the files of a result are those that were kept: none torn, altered or missing."""
    try:
        return _read_list(folder / _LIST) == _sums(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def link_or_copy(source: str | Path, target: str | Path) -> str | Path:
    """Give a file a second name, or copy it where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _own_files(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in _OWN]


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)


def _sums(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(named.items())
        if name.split("/")[0] not in _OWN
    }


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
