"""Options of `conf/`: how they are listed, composed and built."""

from __future__ import annotations

from typing import Any

__all__ = ["compose"]


def __getattr__(name: str) -> Any:
    """Import `compose` when it is first used: Hydra takes a fifth of a second, and `mer --help` needs none of it."""
    if name == "compose":
        from mer.config.composition import compose

        return compose
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
