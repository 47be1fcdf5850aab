"""Micro-expression recognition from optical flow: experiments that can be re-run, compared and trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["__version__", "component"]
__version__ = "0.2.0"

if TYPE_CHECKING:
    from mer.config.composition import component


def __getattr__(name: str) -> Any:
    """Import `component` on first use: importing Hydra costs a third of a second, which `mer --help` does not need."""
    if name == "component":
        from mer.config.composition import component

        return component
    raise AttributeError(f"module 'mer' has no attribute {name!r}")
