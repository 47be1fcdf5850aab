"""What descriptors of a whole sequence have in common: the descriptor of one field inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mer.descriptor.base import FlowDescriptor
from mer.errors import ConfigError
from mer.types import Float32, FlowField, Regions

__all__ = ["OverTime"]


@dataclass(frozen=True, kw_only=True)
class OverTime(ABC):
    """A descriptor of a sequence, made from that of one field.

    Parameters
    ----------
    descriptor : FlowDescriptor
        Of one field.
    """

    descriptor: FlowDescriptor

    def __post_init__(self) -> None:
        if not isinstance(self.descriptor, FlowDescriptor):
            raise ConfigError(
                "descriptor.descriptor is no descriptor of a field; give it a _target_ of conf/descriptor"
            )

    @property
    def roses(self) -> Callable[[FlowField, Regions], Any] | None:
        """What draws the histograms of one field, where the descriptor has it."""
        return getattr(self.descriptor, "roses", None)

    def __call__(self, flow: FlowField, regions: Regions) -> Float32:
        """Return the row of a single field, which is a sequence of one."""
        return self.sequence(flow.uv[None], regions)

    @abstractmethod
    def sequence(self, flows: Float32, regions: Regions) -> Float32:
        """Return the row of a sequence (T, H, W, 2)."""
