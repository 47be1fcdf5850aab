"""Checks of a component's settings: the error names the field, the value and what is allowed."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mer.errors import ConfigError

__all__ = [
    "has_gpu",
    "require_choice",
    "require_device",
    "require_integer",
    "require_names",
    "require_number",
    "require_present",
    "user_path",
]


def require_choice(field: str, value: object, allowed: Collection[object]) -> None:
    """Raise `ConfigError` unless `value` is one of `allowed`."""
    if value not in allowed:
        raise ConfigError(f"{field}={value}: no such choice; {field} can be {', '.join(map(str, allowed))}")


def require_integer(field: str, value: Any, *, low: int, high: int | None = None) -> None:
    """Raise `ConfigError` unless `value` is an integer in [low, high]."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        limit = f"of at least {low}" if high is None else f"between {low} and {high}"
        raise ConfigError(f"{field}={value}: must be a whole number {limit}")


def require_names(field: str, value: Sequence[str]) -> None:
    """Raise `ConfigError` unless `value` lists at least two different names."""
    if len(value) < 2 or len(set(value)) < len(value):
        raise ConfigError(f"{field}={list(value)}: give at least two different names")


def require_number(field: str, value: Any, *, low: float, high: float = math.inf, above: bool = False) -> None:
    """Raise `ConfigError` unless `value` is a finite number in [low, high], or in (low, high] with `above`."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < low or value > high or (above and value == low):
        limit = f"{'above' if above else 'at least'} {low:g}" + (f" and at most {high:g}" if high < math.inf else "")
        raise ConfigError(f"{field}={value}: must be a number, {limit}")


def require_device(field: str, value: object, others: Sequence[str] = ("cpu",)) -> None:
    """Raise `ConfigError` unless `value` is ``cuda``, ``cuda:N`` or one of `others`; needs no torch."""
    if value not in others and not (isinstance(value, str) and re.fullmatch(r"cuda(:\d+)?", value, re.ASCII)):
        raise ConfigError(f"{field}={value}: no such choice; {field} can be {', '.join(others)}, cuda or cuda:N")


def require_present(field: str, value: str, others: Sequence[str] = ("cpu",)) -> None:
    """Raise `ConfigError` unless `value`, accepted by `require_device`, is one of `others` or a GPU found by torch."""
    if value in others:
        return
    import torch

    number = int(value.partition(":")[2] or 0)
    if not torch.cuda.is_available() or number >= torch.cuda.device_count():
        raise ConfigError(f"{field}={value}: torch finds no such device; choose {' or '.join(others)}")


def user_path(field: str, value: str | Path, *, base: Path | None = None) -> Path:
    """Return a path that a user gave as an absolute one: the one place where such paths are read.

    Parameters
    ----------
    field : str
        The setting, for the message.
    value : str or Path
        A leading ``~`` or ``~name`` means a home folder.
    base : Path, optional
        The folder that a relative path starts from; the current one by default.

    Raises
    ------
    ConfigError
        If the path is empty: it would quietly mean the current folder.
    """
    if not str(value).strip():
        raise ConfigError(f"{field}=: the path is empty; give a path, or leave {field} out")
    return (base or Path.cwd()) / os.path.expanduser(value)  # noqa: PTH111 - Path.expanduser raises for a file ~name


@cache
def has_gpu() -> bool:
    """Return whether torch finds a GPU; torch, slow to import, is queried only if a driver is installed."""
    if shutil.which("nvidia-smi") is None and not Path("/proc/driver/nvidia").exists():
        return False
    import torch

    return bool(torch.cuda.is_available())
