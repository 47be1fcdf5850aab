"""Any other flow by import path: a function of two frames, or a factory that makes one."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mer.errors import ConfigError, DataError
from mer.flow.base import OneByOne, check_pair
from mer.store.roles import code
from mer.types import FlowField, Image
from mer.validation import require_choice

__all__ = ["External"]


@dataclass(frozen=True, kw_only=True)
class External(OneByOne):
    """A backbone of the user's own.

    Attributes
    ----------
    path : str
        ``package.module:name`` of what is importable.
    settings : mapping or None
        Keyword arguments.
    factory : bool
        False: ``name(onset, apex, **settings)`` is the flow. True: ``name(**settings)`` is called once, at the first
        pair, and returns the function of two frames: the place to load a network.
    channels : {"grey", "rgb"}
        Frames as uint8 (H, W), or as (H, W, 3) with the grey value three times.
    layout : {"hwc", "chw"}
        Whether the function returns (H, W, 2) or (2, H, W); leading axes of length 1 are taken off.

    Notes
    -----
    The flow must be in pixels, x to the right, y downwards, from onset to apex. What the function reads beside its
    frames and settings is not part of the key of the cache: give a version among the settings, or clear the cache.
    """

    path: str = code()
    settings: Mapping[str, Any] | None
    factory: bool
    channels: str
    layout: str

    def __post_init__(self) -> None:
        require_choice("flow.channels", self.channels, ("grey", "rgb"))
        require_choice("flow.layout", self.layout, ("hwc", "chw"))
        module, _, name = self.path.partition(":")
        if not (module and name):
            raise ConfigError(f"flow.path={self.path}: must be package.module:name, such as my_flows.raft:make")

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        """Return the flow from onset to apex, two grey uint8 images (H, W) of one shape.

        Raises
        ------
        DataError
            If the images are of another kind, or what comes back is no flow of their shape.
        ConfigError
            If the import path leads nowhere.
        """
        check_pair(onset, apex)
        frames = [np.dstack([f] * 3) for f in (onset, apex)] if self.channels == "rgb" else [onset, apex]
        flow = np.asarray(self._function(*frames), dtype=np.float32)
        while flow.ndim > 3 and len(flow) == 1:
            flow = flow[0]
        if self.layout == "chw" and flow.ndim == 3:
            flow = np.moveaxis(flow, 0, -1)
        if flow.shape != (*onset.shape, 2):
            raise DataError(
                f"{self.path} returned an array of shape {flow.shape}, not {(*onset.shape, 2)}: see flow.layout"
            )
        return FlowField(uv=flow)

    @cached_property
    def _function(self) -> Callable[..., Any]:
        made = self._imported()
        if self.factory:
            function: Callable[..., Any] = made(**(self.settings or {}))
            return function
        return lambda onset, apex: made(onset, apex, **(self.settings or {}))

    def _imported(self) -> Callable[..., Any]:
        module, _, name = self.path.partition(":")
        try:
            found: Callable[..., Any] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"flow.path={self.path}: {error}; install it, or put its folder on PYTHONPATH") from error
        return found
