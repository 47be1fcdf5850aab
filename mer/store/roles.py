"""What a field of a component means for the key of a result; every other field counts by its value.

A component declares the role where it declares the field: ``weights: str | None = contents()``.
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any

__all__ = ["code", "contents", "device", "place", "watch"]


def contents(*, bundled: Path | None = None) -> Any:
    """Declare a field that names a file: its bytes count, its path does not.

    Parameters
    ----------
    bundled : Path, optional
        The file that comes with mer and is read where the field is None.
    """
    return field(metadata={"role": "contents", "bundled": bundled})


def place() -> Any:
    """Declare a field that says where clips and annotations lie: what was read from there counts, through the clips."""
    return field(metadata={"role": "place"})


def watch() -> Any:
    """Declare a field that only watches, such as a log: it changes no result and counts for nothing."""
    return field(metadata={"role": "watch"})


def code() -> Any:
    """Declare a field that names code, ``package.module:name``: the name and the source of the module count."""
    return field(metadata={"role": "code"})


def device() -> Any:
    """Declare a field that names a device: the kind counts, ``cpu`` or ``cuda``, not which of several."""
    return field(metadata={"role": "device"})
