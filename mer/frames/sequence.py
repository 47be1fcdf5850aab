"""The frames of a clip from its onset on: every few, or a number of them spread evenly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from mer.errors import ConfigError
from mer.frames.pair import read_alike, read_pair
from mer.types import FramePair, Sample
from mer.validation import require_choice, require_integer

__all__ = ["FrameSequence"]


@dataclass(frozen=True, kw_only=True)
class FrameSequence:
    """The onset and several frames after it, the last of them always the apex or the offset.

    Attributes
    ----------
    until : {"apex", "offset"}
        Where the sequence ends.
    count : int or None
        Frames after the onset, spread evenly; a shorter clip gives all that it has, none twice. ≥ 1.
    step : int or None
        Every how many frames one is taken, and the last in any case. ≥ 1; exactly one of `count` and `step` is given.
    """

    until: Literal["apex", "offset"]
    count: int | None
    step: int | None
    gives: ClassVar[Literal["pair", "sequence"]] = "sequence"

    def __post_init__(self) -> None:
        require_choice("frames.until", self.until, ("apex", "offset"))
        if (self.count is None) == (self.step is None):
            raise ConfigError(
                f"frames.count={self.count} and frames.step={self.step}: give one of them and set the other to null"
            )
        for name in ("count", "step"):
            if (number := getattr(self, name)) is not None:
                require_integer(f"frames.{name}", number, low=1)

    def __call__(self, sample: Sample) -> FramePair:
        """Read the frames as grey images.

        Returns
        -------
        FramePair
            Its apex is the frame of the sequence that is nearest to the annotated apex.

        Raises
        ------
        DataError
            If the clip has no frame after its onset, a frame cannot be read, or two differ in size.
        """
        numbers = self.later(sample)
        peak = _nearest_to_apex(sample, numbers)
        pair = read_pair(sample, peak, self.until)
        frames = {number: read_alike(sample, number, pair.onset) for number in numbers if number != peak}
        return replace(
            pair,
            between=tuple(frame for number, frame in frames.items() if number < peak),
            after=tuple(frame for number, frame in frames.items() if number > peak),
        )

    def indices(self, sample: Sample) -> tuple[int, ...]:
        """Return the numbers of the onset, of the frame used as the apex, and of the others."""
        numbers = self.later(sample)
        peak = _nearest_to_apex(sample, numbers)
        return sample.onset, peak, *(number for number in numbers if number != peak)

    def later(self, sample: Sample) -> tuple[int, ...]:
        """Return the numbers of the frames after the onset, in order of time."""
        last = sample.apex if self.until == "apex" else sample.offset
        if self.step is not None:
            return (*range(sample.onset + self.step, last, self.step), *([last] if last > sample.onset else []))
        assert self.count is not None
        span = last - sample.onset
        count = min(self.count, span)
        # k·span/count to the nearest whole number, halves upwards, without rounding errors.
        return tuple(sample.onset + (2 * k * span + count) // (2 * count) for k in range(1, count + 1))


def _nearest_to_apex(sample: Sample, numbers: tuple[int, ...]) -> int:
    """Return the frame nearest to the apex, the earlier of two; the onset where there is no other."""
    return min(numbers, key=lambda number: abs(number - sample.apex), default=sample.onset)
