"""How a component refuses a setting: one sentence with the field, the value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from mer.errors import ConfigError

__all__ = ["require_choice", "require_integer", "require_names", "require_number"]


def require_choice(field: str, value: object, allowed: Collection[object]) -> None:
    """Raise `ConfigError` unless `value` is one of `allowed`."""
    if value not in allowed:
        raise ConfigError(f"{field}={value}: no such choice; {field} can be {', '.join(map(str, allowed))}")


def require_integer(field: str, value: Any, *, low: int, high: int | None = None) -> None:
    """Raise `ConfigError` unless `value` is a whole number of [low, high]."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        limit = f"of at least {low}" if high is None else f"between {low} and {high}"
        raise ConfigError(f"{field}={value}: must be a whole number {limit}")


def require_names(field: str, value: Sequence[str]) -> None:
    """Raise `ConfigError` unless `value` lists two names or more, no two alike."""
    if len(value) < 2 or len(set(value)) < len(value):
        raise ConfigError(f"{field}={list(value)}: give at least two different names")


def require_number(field: str, value: Any, *, low: float, high: float = math.inf, above: bool = False) -> None:
    """Raise `ConfigError` unless `value` is a finite number of [low, high], or of (low, high] with `above`."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < low or value > high or (above and value == low):
        limit = f"{'above' if above else 'at least'} {low:g}" + (f" and at most {high:g}" if high < math.inf else "")
        raise ConfigError(f"{field}={value}: must be a number, {limit}")
