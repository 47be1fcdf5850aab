"""Micro-expression recognition from optical flow: experiments that can be re-run, compared and trusted."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["__version__", "component", "load_model", "report", "run", "sweep"]
__version__ = "0.2.0"

if TYPE_CHECKING:
    from mer.api import report, run, sweep
    from mer.config.composition import component
    from mer.model.api import load_model

_FUNCTIONS = ("report", "run", "sweep")  # of `mer.api`; packages have these names, too


def __getattr__(name: str) -> Any:
    """Import on first use: Hydra alone costs a third of a second, which `mer --help` does not need."""
    if name == "component":
        from mer.config.composition import component

        return component
    if name == "load_model":
        from mer.model.api import load_model

        return load_model
    if name in _FUNCTIONS:
        return importlib.import_module(f"mer.{name}")
    raise AttributeError(f"module 'mer' has no attribute {name!r}")


class _CallablePackage(ModuleType):
    """A package whose name is also a function: `mer.run` holds modules, `mer.run(...)` runs an experiment."""

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        """Call the function of `mer.api` that has the name of the package."""
        function = getattr(importlib.import_module("mer.api"), self.__name__.rpartition(".")[2])
        return function(*arguments, **settings)


class _Mer(ModuleType):
    """The class of this package: makes `mer.run` and the others callable, whoever imports them first."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _FUNCTIONS and isinstance(value, ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Mer
