"""What names a result: hashes of the settings, files, code and libraries that it depends on, and of nothing else."""

from __future__ import annotations

import hashlib
import json
import secrets
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mer.store.source import code_version, libraries, source_of_object
from mer.validation import has_gpu, user_path

__all__ = ["code_key", "component_key", "digest", "file_hash", "identity"]

# Imported by our modules, but nothing is computed with them.
_PLUMBING = {"filelock", "hydra", "joblib", "mlflow", "omegaconf", "rich", "threadpoolctl"}
_DISTRIBUTIONS = {
    "cv2": (
        "opencv-contrib-python-headless",
        "opencv-contrib-python",
        "opencv-python-headless",
        "opencv-python",
    ),
    "sklearn": ("scikit-learn",),
    "yaml": ("PyYAML",),
    "PIL": ("pillow",),
}


def digest(*parts: object) -> str:
    """Return a 128-bit hash of `parts` (str, numbers, lists, mappings), the same in every process and machine."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def component_key(component: object) -> list[object]:
    """Return what determines the results of a component: its `identity`, its code and the libraries it computes with.

    Code is that of its module and of the components in its fields, with all that they import, see `mer.store.source`.
    """
    kinds = sorted({type(part) for part in _parts(component)}, key=_name)
    return [identity(component), *code_key(*kinds)]


def code_key(*sources: type | str) -> list[object]:
    """Return the code of some classes or modules, and the versions of the libraries that it imports."""
    used = {name for source in sources for name in _libraries(source)}
    return [[_code(source) for source in sources], {name: _version(name) for name in sorted(used - _PLUMBING)}]


def identity(component: object) -> object:
    """Return what distinguishes a component from others: its class and its fields, each according to its role.

    A field that names a file counts by the bytes of the file, one that only watches for nothing; see `mer.store.roles`.
    """
    if hasattr(component, "get_params"):  # a scikit-learn estimator inside a component
        own = component.get_params(deep=False)
    elif is_dataclass(component) and not isinstance(component, type):
        # Not dataclasses.asdict: it would drop the class of a component inside a component.
        own = {
            f.name: _value(f, getattr(component, f.name), _setting(component, f))
            for f in fields(component)
            if _counts(f)
        }
    else:
        own = {}
    return {"class": _name(type(component)), **own}


def file_hash(file: Path) -> str:
    """Return a hash of a file's bytes; ``absent`` if it cannot be read, which its user reports."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return "absent"


def _plain(value: object) -> object:
    if isinstance(value, (tuple, set, frozenset)):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "get_params") or (is_dataclass(value) and not isinstance(value, type)):
        return identity(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a cache key")


def _counts(field: Field[Any]) -> bool:
    return field.metadata.get("role") not in ("place", "watch")


def _setting(component: object, field: Field[Any]) -> str:
    """Return a field as users write it, ``flow.weights``; of a component that is not ours, its name alone."""
    package, *inner = type(component).__module__.split(".")
    return f"{inner[0]}.{field.name}" if package == "mer" and inner else field.name


def _value(field: Field[Any], value: Any, setting: str) -> Any:
    role = field.metadata.get("role")
    if role == "contents":
        file = field.metadata["bundled"] if value is None else value
        return None if file is None else file_hash(user_path(setting, file))
    if role == "device":
        return _device_kind(str(value))
    if role == "code":
        return [value, *code_key(str(value).partition(":")[0])]
    return value


def _device_kind(device: str) -> str:
    if device == "auto":
        return "cuda" if has_gpu() else "cpu"
    return device.partition(":")[0]


def _parts(component: object) -> Iterator[object]:
    """Yield a component and every component in its fields."""
    yield component
    if is_dataclass(component):
        for field in fields(component):
            for value in _values(getattr(component, field.name)):
                if is_dataclass(value) or hasattr(value, "get_params"):
                    yield from _parts(value)


def _values(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else (value,)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _libraries(source: type | str) -> tuple[str, ...]:
    module = source if isinstance(source, str) else source.__module__
    top = module.partition(".")[0]
    return (top,) if _is_installed(top) else libraries(module)


def _is_installed(top: str) -> bool:
    return top != "mer" and _version(top) != "absent"


def _code(source: type | str) -> str:
    module = source if isinstance(source, str) else source.__module__
    if _is_installed(module.partition(".")[0]):
        return module  # its version counts
    found = code_version(module)
    if found is None and isinstance(source, type):
        text = source_of_object(source)
        found = None if text is None else hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return found or _unrepeatable(source if isinstance(source, str) else _name(source))


@cache
def _unrepeatable(name: str) -> str:
    """Return a token that no other process shares, so that no result of such code is ever taken for another's."""
    warnings.warn(
        f"{name} has no source file, so its results cannot be recognised again: they are computed again in every "
        "process; define it in a module to keep them",
        stacklevel=2,
    )
    return secrets.token_hex(16)


@cache
def _version(name: str) -> str:
    """Return the version of a package by the name that it is imported under; ``absent`` if it is not installed."""
    found = [f"{one} {text}" for one in _DISTRIBUTIONS.get(name, (name,)) if (text := _installed_version(one))]
    return ", ".join(found) or "absent"


def _installed_version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
