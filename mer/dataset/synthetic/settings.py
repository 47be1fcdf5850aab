"""The knobs of the generator, checked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mer.dataset.synthetic.emotions import EMOTIONS
from mer.errors import ConfigError

__all__ = ["Settings"]

_COUNTS = {"subjects": (1, 999), "clips": (1, 99), "size": (64, 1024), "seed": (0, 2**32 - 1)}
_LIMITS: dict[str, tuple[float, float]] = {
    "fps": (10, 1000),
    "absent": (0, 1),
    "variation": (0, 1),
    "asymmetry": (0, 0.5),
    "stray": (0, 1),
    "blinks": (0, 1),
    "drift_shift": (0, 8),
    "drift_roll": (0, 5),
    "drift_zoom": (0, 0.05),
    "pose_shift": (0, 8),
    "pose_roll": (0, 10),
    "pose_zoom": (0, 0.1),
    "noise": (0, 50),
    "flicker": (0, 0.5),
}
_RANGES: dict[str, tuple[float, float]] = {
    "peak": (0.01, 4),
    "blink": (0, 4),
    "rest": (0, 5),
    "rise": (0.01, 2),
    "fall": (0.01, 2),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the generator; ``conf/dataset/synthetic.yaml`` explains each field and its unit."""

    subjects: int
    clips: int
    size: int
    colour: bool
    fps: float
    seed: int
    frequencies: Mapping[str, float]
    absent: float
    peak: tuple[float, float]
    variation: float
    asymmetry: float
    stray: float
    blinks: float
    blink: tuple[float, float]
    rest: tuple[float, float]
    rise: tuple[float, float]
    fall: tuple[float, float]
    drift_shift: float
    drift_roll: float
    drift_zoom: float
    pose_shift: float
    pose_roll: float
    pose_zoom: float
    noise: float
    flicker: float
    jpeg: int | None

    def __post_init__(self) -> None:
        for name, (least, most) in _COUNTS.items():
            self._check(name, _is_whole(getattr(self, name)), least, most, "a whole number")
        for name, (low, high) in _LIMITS.items():
            self._check(name, _is_number(getattr(self, name)), low, high, "a number")
        for name, (low, high) in _RANGES.items():
            self._check_range(name, low, high)
        _require(isinstance(self.colour, bool), "colour", self.colour, "true or false")
        if self.jpeg is not None:
            self._check("jpeg", _is_whole(self.jpeg), 1, 100, "null or a whole number")
        self._check_frequencies()

    def _check(self, name: str, kind: bool, low: float, high: float, what: str) -> None:
        value = getattr(self, name)
        _require(kind and low <= value <= high, name, value, f"{what} from {low:g} to {high:g}")

    def _check_range(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        pair = isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_number, value))
        wanted = f"[lowest, highest] within {low:g} to {high:g}"
        _require(pair and low <= value[0] <= value[1] <= high, name, value, wanted)
        object.__setattr__(self, name, (float(value[0]), float(value[1])))

    def _check_frequencies(self) -> None:
        given = self.frequencies
        wanted = f"a number ≥ 0 for some of {', '.join(EMOTIONS)}, not all zero"
        mapping = isinstance(given, Mapping) and all(name in EMOTIONS for name in given)
        positive = mapping and all(_is_number(v) and v >= 0 for v in given.values()) and sum(given.values()) > 0
        _require(positive, "frequencies", given, wanted)
        object.__setattr__(self, "frequencies", {name: given[name] for name in EMOTIONS if given.get(name, 0) > 0})

    def of_clip(self) -> dict[str, Any]:
        """Return the fields that the content of a clip of known class depends on."""
        whole_set = ("subjects", "clips", "frequencies", "absent")
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(Settings) if f.name not in whole_set}


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _require(condition: bool, name: str, value: object, wanted: str) -> None:
    if not condition:
        raise ConfigError(f"dataset.{name} is {value!r}; it must be {wanted}")
