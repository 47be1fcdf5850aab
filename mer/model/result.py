"""What is said of one interval of a video: when, what moved, which class, and how far that can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mer.types import Interval

__all__ = ["CANNOT_SAY", "FLAGS", "SCHEMA_VERSION", "Contribution", "Flag", "Prediction", "RegionShift"]

SCHEMA_VERSION = 1  # of predictions.jsonl; raise it when a field changes its meaning or goes
CANNOT_SAY = "cannot say"

FLAGS: Mapping[str, bool] = {
    "demonstration": False,
    "no_face": True,
    "several_faces": False,
    "below_noise": True,
    "head_moved": True,
    "far_from_training": True,
    "few_frames": True,
    "too_long": True,
    "other_version": False,
}
"""Name of each flag → whether it makes the outcome `CANNOT_SAY`."""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A reason not to trust a prediction.

    Attributes
    ----------
    name : str
        One of `FLAGS`.
    sentence : str
    """

    name: str
    sentence: str

    @property
    def decides(self) -> bool:
        """Whether no class is named because of it."""
        return FLAGS[self.name]


@dataclass(frozen=True, kw_only=True)
class RegionShift:
    """How far a region of the face has moved from onset to apex, head motion removed.

    Attributes
    ----------
    region : str
    right, down : float
        Pixels of the aligned face; right and down as on the screen.
    """

    region: str
    right: float
    down: float

    @property
    def length(self) -> float:
        """Length of the shift, px."""
        return math.hypot(self.right, self.down)


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What the motion of a region adds to the score of the predicted class.

    Attributes
    ----------
    region : str
    change : float
        All contributions add up to the difference between the score of this face and that of a face at rest.
    """

    region: str
    change: float


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What is said of one interval.

    Attributes
    ----------
    input : str
        Name of the video, folder, pair or clip.
    interval : Interval
        Frames, as the input counts them.
    start, apex, end : float or None
        Seconds; None where the input has no clock.
    shifts : tuple of RegionShift
        All regions, the one that moves most first.
    sentence : str
        What moved, in words.
    action_units : tuple of str
        FACS action units that such a motion may be; candidates, not a coding.
    outcome : str
        Predicted class; `CANNOT_SAY` where a flag decides so; empty without a model.
    probabilities : mapping of str to float
        Calibrated, by class; empty without a model.
    contributions : tuple of Contribution
        Of the likeliest class, the largest first; empty without a model.
    flags : tuple of Flag
    model : str
        ``NAME@VERSION``; empty without one.
    """

    input: str
    interval: Interval
    start: float | None
    apex: float | None
    end: float | None
    shifts: tuple[RegionShift, ...]
    sentence: str
    action_units: tuple[str, ...]
    outcome: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    contributions: tuple[Contribution, ...] = ()
    flags: tuple[Flag, ...] = ()
    model: str = ""

    @property
    def likeliest(self) -> str:
        """Class with the highest probability, whatever the flags say; empty without a model."""
        return max(self.probabilities, key=lambda name: self.probabilities[name], default="")

    def as_json(self) -> dict[str, Any]:
        """Return what a line of ``predictions.jsonl`` holds; `prediction.schema.json` describes it."""
        return {
            "schema": SCHEMA_VERSION,
            "input": self.input,
            "onset": self.interval.onset,
            "apex": self.interval.apex,
            "offset": self.interval.offset,
            "onset_s": self.start,
            "apex_s": self.apex,
            "offset_s": self.end,
            "kind": self.interval.kind,
            "strength": None if math.isnan(self.interval.strength) else self.interval.strength,
            "motion": self.sentence,
            "regions": [{"region": s.region, "right": s.right, "down": s.down} for s in self.shifts],
            "action_units": list(self.action_units),
            "outcome": self.outcome or None,
            "probabilities": dict(self.probabilities),
            "contributions": [{"region": c.region, "change": c.change} for c in self.contributions],
            "flags": [{"flag": f.name, "sentence": f.sentence} for f in self.flags],
            "model": self.model or None,
        }
