"""A clip under the names of a database, and what the layout of a database consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["EMOTIONS", "Form", "Part", "Sheets"]

Sheets = Mapping[str, Sequence[Sequence[object]]]
EMOTIONS = ("happiness", "surprise", "disgust", "anger", "fear", "sadness", "others")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One clip under the database's names.

    Attributes
    ----------
    subject, number : int
        Which clip of which subject; both count from 1.
    emotion, label : str
        The synthetic class, and the database's word for it.
    action_units : str
        Joined by +.
    onset, apex, offset : int
        In the numbers that the frames get.
    """

    subject: int
    number: int
    emotion: str
    label: str
    action_units: str
    onset: int
    apex: int
    offset: int


@dataclass(frozen=True, kw_only=True)
class Form:
    """The layout of a database.

    Attributes
    ----------
    labels : mapping of str to str
        Synthetic class → the database's word; clips of other classes are not written.
    folder : callable
        Part → folder of its frames under the root; clips with one folder share it, their numbers going on.
    frame : callable
        (part, number) → name of a frame without extension.
    first : int
        Number of the first frame of a folder.
    cut : bool
        Whether a clip begins with its onset and ends with its offset.
    cropped : (str, str) or None
        What a folder's path begins with in the raw and in the cropped variant; None where there is no other.
    tables : callable
        Parts → file name → sheet → rows of cells.
    """

    labels: Mapping[str, str] = field(default_factory=lambda: {name: name for name in EMOTIONS})
    folder: Callable[[Part], str]
    frame: Callable[[Part, int], str]
    first: int = 1
    cut: bool = False
    cropped: tuple[str, str] | None = None
    tables: Callable[[Sequence[Part]], Mapping[str, Sheets]] = lambda parts: {}
