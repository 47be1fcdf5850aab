"""The knobs of the generator of long videos, checked."""

from __future__ import annotations

from dataclasses import dataclass

from mer.dataset.synthetic.settings import Settings
from mer.errors import ConfigError
from mer.validation import require_integer, require_number

__all__ = ["LongSettings"]

_RATES = ("micro", "macro", "blinks", "speech", "nods", "sway", "light")
_RANGES = {
    "micro_seconds": 0.04,
    "macro_seconds": 0.5,
    "micro_peak": 0.01,
    "macro_peak": 0.01,
    "mouth": 0.0,
    "nod": 0.0,
}


@dataclass(frozen=True, kw_only=True)
class LongSettings:
    """Settings of long videos; ``conf/dataset/synthetic_long.yaml`` explains each field and its unit."""

    look: Settings
    videos: int
    seconds: float
    micro: float
    macro: float
    micro_seconds: tuple[float, float]
    macro_seconds: tuple[float, float]
    micro_peak: tuple[float, float]
    macro_peak: tuple[float, float]
    blinks: float
    speech: float
    mouth: tuple[float, float]
    nods: float
    nod: tuple[float, float]
    sway: float
    light: float

    def __post_init__(self) -> None:
        require_integer("dataset.videos", self.videos, low=1, high=99)
        require_number("dataset.seconds", self.seconds, low=1)
        for name in _RATES:
            require_number(f"dataset.{name}", getattr(self, name), low=0)
        for name, low in _RANGES.items():
            values = tuple(getattr(self, name))
            if len(values) != 2 or not low <= values[0] <= values[1]:
                raise ConfigError(f"dataset.{name}={list(values)}: must be two numbers in order, {low:g} or more")
            object.__setattr__(self, name, values)

    @property
    def frames(self) -> int:
        """Frames per video."""
        return round(self.seconds * self.look.fps)
