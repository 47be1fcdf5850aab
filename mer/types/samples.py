"""What a data set holds: samples, where their frames are, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mer.types.arrays import FlowField, Image, Landmarks, repeated, require

__all__ = ["Clip", "Exclusion", "Manifest", "Sample"]


class Clip(Protocol):
    """Where the frames (or the ready-made flow) of a sample come from; reads on demand, never everything."""

    def read(self, index: int) -> Image:
        """Return frame `index` (numbered as onset, apex and offset are), grey (H, W) or BGR (H, W, 3)."""

    def landmarks(self, index: int) -> Landmarks | None:
        """Return the landmarks stored for frame `index`, None where the data set has none."""

    def flow(self) -> FlowField | None:
        """Return the ready-made flow onset → apex, None where it has to be computed from the frames."""

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of all bytes that `read`, `landmarks` and `flow` depend on for these frames."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One micro-expression: who, what, which frames.

    Attributes
    ----------
    id : str
        Unique in the data set.
    dataset : str
        Name of the data set it was read from, such as ``casme2``.
    subject : str
        Unique across data sets, such as ``casme2/sub01``.
    label : str
        Class name.
    onset, apex, offset : int
        Frame numbers in the clip's own counting, onset ≤ apex ≤ offset.
    fps : float
        Frames per second; 0 where unknown.
    clip : Clip
        Where the frames are.
    """

    id: str
    dataset: str
    subject: str
    label: str
    onset: int
    apex: int
    offset: int
    fps: float
    clip: Clip = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = self.onset <= self.apex <= self.offset
        require(
            ordered,
            f"{self.dataset} {self.id}: onset {self.onset}, apex {self.apex}, offset {self.offset} are not in order; "
            "correct the annotation or leave the clip out",
        )


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """A clip that is left out, and why.

    Attributes
    ----------
    sample_id : str
    reason : str
        One clause that a user can act on.
    fault : bool
        True for bad input (stops a run unless ``bad_clips=exclude``), False for what the protocol leaves out.
    """

    sample_id: str
    reason: str
    fault: bool = False


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a data set holds, before any frame is read.

    Attributes
    ----------
    samples : tuple of Sample
    classes : tuple of str
        All class names, in the fixed order that scores and confusion matrices use.
    excluded : tuple of Exclusion
    notes : mapping
        Facts for protocol.json: source of the apex, options of the reader; of a composite, those of its parts.
    """

    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    excluded: tuple[Exclusion, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        twice = repeated(sample.id for sample in self.samples)
        require(not twice, f"sample ids must be unique, and {', '.join(twice[:5])} occur twice: rename or remove one")

    @property
    def faults(self) -> tuple[Exclusion, ...]:
        """What is left out because the input is bad."""
        return tuple(exclusion for exclusion in self.excluded if exclusion.fault)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know of the files, each with its next step."""
        notes = [self.notes, *self.notes.get("parts", {}).values()]
        return tuple(remark for part in notes for remark in part.get("remarks", ()))
