"""Finished folds on disk: written whole, and read back only where nothing has changed; the unit of resuming."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, is_dataclass
from pathlib import Path

import numpy as np

from mer.errors import CacheError
from mer.store.atomic import write_atomically
from mer.store.keys import component_key, digest
from mer.types import FeatureTable, FoldResult

__all__ = ["FoldStore", "fingerprint"]

VERSION = 3  # of what is written; older files are computed again


@dataclass(frozen=True, kw_only=True)
class FoldStore:
    """A folder of finished folds.

    Attributes
    ----------
    folder : Path
    fingerprint : str
        Of everything that the folds depend on; a file of another one is not seen.
    """

    folder: Path
    fingerprint: str

    def load(self, name: str) -> FoldResult | None:
        """Return a finished fold; None where there is none, or the file is torn."""
        try:
            text = self._path(name).read_text(encoding="utf-8", errors="replace")  # the checksum will show it
            digest, _, body = text.partition("\n")
            return _from_text(body) if digest == _digest(body) else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise CacheError(
                f"finished fold {self._path(name)} cannot be read ({error}): remove the folder, or check its rights"
            ) from error

    def save(self, fold: FoldResult) -> None:
        """Write a finished fold whole.

        Raises
        ------
        CacheError
            If the disk is full or the folder cannot be written.
        """
        path = self._path(fold.fold)
        body = _to_text(fold)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, f"{_digest(body)}\n{body}".encode(), flush=False)
        except OSError as error:
            raise CacheError(
                f"finished fold {path} cannot be written ({error.strerror}): free some space or move MER_HOME"
            ) from error

    def _path(self, name: str) -> Path:
        return self.folder / f"{_digest(self.fingerprint + name)[:32]}.json"


def fingerprint(table: FeatureTable, *parts: object) -> str:
    """Return a hash of features, labels and what computes with them: components, with code and libraries, or text."""
    arrays = [hashlib.blake2b(a.tobytes(), digest_size=16).hexdigest() for a in (table.X, table.y)]
    words = [table.X.shape, table.subject.tolist(), table.sample_id.tolist(), table.columns, table.classes]
    known = [component_key(part) if is_dataclass(part) else part for part in parts]
    return digest(VERSION, arrays, words, known)


def _to_text(fold: FoldResult) -> str:
    arrays = {name: getattr(fold, name).tolist() for name in ("y_true", "y_pred", "scores")}
    plain = {name: getattr(fold, name) for name in ("fold", "sample_id", "inner_score", "seconds")}
    return json.dumps({**plain, **arrays, "parameters": dict(fold.parameters), "trials": [*map(dict, fold.trials)]})


def _from_text(text: str) -> FoldResult:
    fields = json.loads(text)
    for name in ("sample_id", "trials"):
        fields[name] = tuple(fields[name])
    width = len(fields["scores"][0]) if fields["scores"] else 0
    fields["scores"] = np.array(fields["scores"], dtype=np.float64).reshape(-1, width)
    assert not math.isnan(fields["seconds"])
    return FoldResult(**fields)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
