"""Long videos: the intervals in which an expression happens, annotated or found, and the recordings that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from mer.types.arrays import repeated, require
from mer.types.samples import Clip, Exclusion

__all__ = ["KINDS", "Interval", "Kind", "Recording", "Recordings"]

Kind = Literal["micro", "macro"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """One expression in a long video, annotated or found; both ends belong to it.

    Attributes
    ----------
    onset, offset : int
        First and last frame, onset ≤ offset, counted as the recording counts its frames.
    kind : {"micro", "macro"}
    apex : int or None
        Frame of the greatest motion, onset ≤ apex ≤ offset; None where it is not known.
    label : str
        Class of the expression; empty where it is not known.
    strength : float
        Height of the motion curve at the apex, px; NaN for an annotated interval.
    regions : tuple of str
        Names of the regions that move, strongest first; empty for an annotated interval.
    """

    onset: int
    offset: int
    kind: Kind
    apex: int | None = None
    label: str = ""
    strength: float = float("nan")
    regions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(self.kind in KINDS, f"kind is {self.kind!r}; choose one of {', '.join(KINDS)}")
        require(self.onset <= self.offset, f"onset {self.onset} is after offset {self.offset}: correct the interval")
        inside = self.apex is None or self.onset <= self.apex <= self.offset
        require(inside, f"apex {self.apex} is outside of frames {self.onset} to {self.offset}: correct the interval")

    @property
    def frames(self) -> int:
        """Number of frames, both ends counted."""
        return self.offset - self.onset + 1

    def shifted(self, frames: int) -> Interval:
        """Return the same interval in a counting that is so many frames ahead."""
        apex = None if self.apex is None else self.apex + frames
        return replace(self, onset=self.onset + frames, apex=apex, offset=self.offset + frames)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One long video of one subject, with the intervals that an annotator found in it.

    Attributes
    ----------
    id : str
        Unique in the data set.
    dataset : str
        Name of the data set it was read from, such as ``samm_lv``.
    subject : str
        Unique across data sets, such as ``samm_lv/006``.
    first, last : int
        Numbers of the first and last frame.
    fps : float
        Frames per second, above 0: the kinds of expression differ by their duration.
    events : tuple of Interval
        In order of onset; intervals may overlap, as a macro-expression may hold a micro-expression.
    clip : Clip
        Where the frames are.
    """

    id: str
    dataset: str
    subject: str
    first: int
    last: int
    fps: float
    events: tuple[Interval, ...]
    clip: Clip = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        name = f"{self.dataset} {self.id}"
        require(self.first <= self.last, f"{name}: first frame {self.first} is after the last, {self.last}")
        require(self.fps > 0, f"{name}: {self.fps:g} frames per second; set fps to that of the camera")
        for event in self.events:
            inside = self.first <= event.onset and event.offset <= self.last
            require(
                inside,
                f"{name}: frames {event.onset} to {event.offset} are not all within those of the video, "
                f"{self.first} to {self.last}; correct the annotation or leave the interval out",
            )

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.last - self.first + 1

    @property
    def overlapping(self) -> int:
        """How many of the events begin before an earlier one of their kind has ended."""
        ends: dict[str, int] = {}
        count = 0
        for event in self.events:
            count += event.onset <= ends.get(event.kind, self.first - 1)
            ends[event.kind] = max(event.offset, ends.get(event.kind, event.offset))
        return count

    @property
    def minutes(self) -> float:
        """Duration in minutes."""
        return self.frames / self.fps / 60


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """What a data set of long videos holds, before any frame is read.

    Attributes
    ----------
    recordings : tuple of Recording
    excluded : tuple of Exclusion
        Videos, or intervals of them, that are left out, each with its reason.
    notes : mapping
        Facts for protocol.json.
    """

    recordings: tuple[Recording, ...]
    excluded: tuple[Exclusion, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        twice = repeated(recording.id for recording in self.recordings)
        require(not twice, f"ids of videos must be unique, and {', '.join(twice[:5])} occur twice: rename one")

    @property
    def faults(self) -> tuple[Exclusion, ...]:
        """What is left out because the input is bad."""
        return tuple(exclusion for exclusion in self.excluded if exclusion.fault)
