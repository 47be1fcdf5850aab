"""Where models are kept: ``<home>/models/<name>/<version>/``, versions 1, 2, ...; the place that everything reads."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock

from mer.errors import ConfigError, DataError, reason
from mer.model.fit import Fit
from mer.model.fitted import FittedModel
from mer.model.package import INNER, load, write
from mer.model.serving import save_mlflow_model
from mer.validation import user_path

__all__ = ["DEMO", "add", "check_name", "every", "find", "load_named", "read_card"]

DEMO = "demo"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def check_name(name: str) -> str:
    """Return a name that a model may have.

    Raises
    ------
    ConfigError
        If it may not.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"name={name}: use letters, digits, _ . and -, such as name=mmew_3class")
    return name


def every(home: Path) -> Iterator[tuple[str, int, Path]]:
    """Yield name, version and folder of each model in a home, by name, the oldest version first."""
    root = home / "models"
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        for version, path in sorted(_versions(folder)):
            yield folder.name, version, path


def find(home: Path, asked: str) -> tuple[str, Path]:
    """Return ``NAME@VERSION`` and the folder of a model by its name (the newest version), ``NAME@VERSION`` or path.

    Raises
    ------
    ConfigError
        If there is none, naming those that there are.
    """
    name, at, version = asked.partition("@")
    known = dict(_versions(home / "models" / name)) if _NAME.fullmatch(name) else {}
    if known and (not at or (version.isdecimal() and int(version) in known)):
        number = int(version) if at else max(known)
        return f"{name}@{number}", known[number]
    if known:
        raise ConfigError(f"model={asked}: no such version; {name} has {', '.join(map(str, sorted(known)))}")
    path = user_path("model", asked)
    if path.exists():
        return path.name, path
    names = sorted({name for name, _, _ in every(home)})
    known_names = f"choose one of {', '.join(names)}" if names else f"{home / 'models'} holds none yet"
    raise ConfigError(
        f"model={asked}: no such model and no such folder; {known_names}; mer fit name=NAME makes one, and "
        "model=demo is made at first use"
    )


def load_named(home: Path, asked: str) -> FittedModel:
    """Load a model by its name or path; see `find`."""
    return load(find(home, asked)[1])


def read_card(path: Path) -> dict[str, Any]:
    """Return the content of ``model.json``, without loading the model.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    file = path / INNER / "model.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read ({error}); fit the model again") from error
    return found


def add(home: Path, name: str, fitted: Fit) -> tuple[str, Path]:
    """Keep a model as the next version of its name; return ``NAME@VERSION`` and its folder.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    folder = home / "models" / check_name(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"), tempfile.TemporaryDirectory(dir=folder, prefix=".new.") as new:
            version = max([number for number, _ in _versions(folder)], default=0) + 1
            inner = Path(new) / "model"
            inner.mkdir()
            write(inner, {**fitted.document, "name": f"{name}@{version}"}, fitted.training)
            save_mlflow_model(Path(new) / "whole", inner)
            (Path(new) / "whole").rename(folder / str(version))
    except OSError as error:
        raise DataError(f"{folder}: the model cannot be written ({reason(error)}); free some space") from error
    return f"{name}@{version}", folder / str(version)


def _versions(folder: Path) -> list[tuple[int, Path]]:
    some = folder.iterdir() if folder.is_dir() else ()
    return [(int(path.name), path) for path in some if path.name.isdecimal() and (path / INNER).is_dir()]
