"""What happens in one clip, frame by frame: units, time course, drift of the head, blink."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.bumps import Bumps

__all__ = ["Action", "Drift", "Performance", "Timing"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Action:
    """One unit (of one side) of a clip.

    Attributes
    ----------
    name : str
        Such as ``AU12L``; no letter for the units of the midline.
    intensity : float
        Peak displacement of the skin by this unit at the apex, px at size 256.
    shape : float
        Exponent of its time course: below one it comes early, above one late.
    field : Bumps
        Displacement at the apex in face units.
    """

    name: str
    intensity: float
    shape: float
    field: Bumps


@dataclass(frozen=True)
class Timing:
    """Frame numbers; the first frame is 0."""

    onset: int
    apex: int
    offset: int
    frames: int

    def profile(self, index: int) -> float:
        """Return the strength of the expression in a frame: 0 up to the onset, 1 at the apex, 0 from the offset on."""
        start, stop = (self.onset, self.apex) if index <= self.apex else (self.offset, self.apex)
        t = min(max((index - start) / (stop - start), 0.0), 1.0)
        return t * t * t * (10 - 15 * t + 6 * t * t)


@dataclass(frozen=True, eq=False)
class Drift:
    """Slow movement of the head: (x px, y px, roll rad, log zoom) of the pose, of the sway, and the sway's rhythm."""

    pose: Array
    sway: Array
    rate: Array
    phase: Array

    def sway_at(self, share: float) -> Array:
        """Return how far the head has moved from its pose when `share` of the clip has passed."""
        return np.asarray(self.sway * np.sin(2 * np.pi * (self.rate * share + self.phase)))


@dataclass(frozen=True, eq=False)
class Performance:
    """Everything that moves in one clip."""

    timing: Timing
    actions: tuple[Action, ...]
    drift: Drift
    blink: Bumps | None
    blink_time: tuple[float, float]  # middle and half length, frames

    def intensities(self, index: int) -> dict[str, float]:
        """Return the strength of every unit in a frame, px at size 256."""
        level = self.timing.profile(index)
        return {a.name: a.intensity * level**a.shape for a in self.actions}

    def skin(self, index: int) -> Bumps:
        """Return the displacement of the skin in a frame."""
        level = self.timing.profile(index)
        parts = [a.field.scaled(level**a.shape) for a in self.actions]
        middle, half = self.blink_time
        closed = max(1 - ((index - middle) / half) ** 2, 0.0) ** 2
        return Bumps.joined(parts if self.blink is None else [*parts, self.blink.scaled(closed)])
