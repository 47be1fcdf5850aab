"""Finds expressions as peaks of motion: a departure from where the face was before and will be after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.spotting.motion import MotionCurve
from mer.types import KINDS, Interval, Kind
from mer.validation import require_integer, require_number

__all__ = ["Candidate", "Candidates", "Peaks"]

Float = NDArray[np.float64]
_NAMED = 3  # regions that an interval names
_FLAT = 1e-6  # px; a lower peak is rounding


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A peak of the strength of motion and its prominence, pixels of the aligned face."""

    interval: Interval
    prominence: float

    @property
    def kind(self) -> Kind:
        """Kind of the interval."""
        return self.interval.kind


Candidates = tuple[Candidate, ...]


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """A spotter without training: peaks of the displacement of the regions that move most.

    Attributes
    ----------
    leave_out : sequence of str
        Regions whose name begins so are not looked at, such as ``upper_lid``, which moves in every blink.
    blink : float
        A peak during which a region that is left out moves more than so many times as far is a blink, which draws the
        skin around the eye along, and no micro-expression; 0 to keep all peaks.
    speech_peaks, speech_seconds, speech_share
        A peak is one of speech, and no micro-expression, if at least `speech_peaks` peaks, itself among them, begin
        within `speech_seconds` of it and are at least `speech_share` times as high; 0 peaks to keep all.
    strongest : int
        How many regions, those that move most in a frame, the strength is the mean of; ≥ 1.
    smooth : float
        Standard deviation of the Gaussian that each displacement is smoothed by, s; 0 for none.
    micro_baseline, macro_baseline : float
        Length of the running median that a displacement is counted from, s. A median over w seconds follows what lasts
        longer than w/2, so that the short one leaves nothing of a macro-expression.
    micro_height, macro_height : float
        Smallest prominence of a peak, pixels of the aligned face.
    level : float
        Share of its prominence at which a peak begins and ends, in (0, 1).
    longest_micro, longest_macro : float
        Longest duration, s. That of a micro-expression is 0.5 s by definition; the smoothing and the noise add to it.

    Notes
    -----
    Macro-expressions are found first; a micro-expression that meets one is not reported. All parameters are set by
    hand on synthetic videos and may be fitted on training subjects.
    """

    leave_out: Sequence[str]
    blink: float
    speech_peaks: int
    speech_seconds: float
    speech_share: float
    strongest: int
    smooth: float
    micro_baseline: float
    macro_baseline: float
    micro_height: float
    macro_height: float
    level: float
    longest_micro: float
    longest_macro: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "leave_out", tuple(self.leave_out))
        require_integer("spotter.strongest", self.strongest, low=1)
        require_number("spotter.blink", self.blink, low=0)
        require_integer("spotter.speech_peaks", self.speech_peaks, low=0)
        require_number("spotter.speech_seconds", self.speech_seconds, low=0)
        require_number("spotter.speech_share", self.speech_share, low=0, above=True)
        require_number("spotter.smooth", self.smooth, low=0)
        require_number("spotter.level", self.level, low=0.01, high=0.99)
        for name in ("micro", "macro"):
            for what in (f"{name}_baseline", f"{name}_height", f"longest_{name}"):
                require_number(f"spotter.{what}", getattr(self, what), low=0, above=True)

    def __call__(self, curve: MotionCurve) -> tuple[Interval, ...]:
        """Return the intervals in order of onset, none of which overlaps another of its kind."""
        return self.choose(self.candidates(curve))

    def candidates(self, curve: MotionCurve) -> Candidates:
        """Return every peak that lasts as long as its kind may, whatever its height: what `choose` chooses from."""
        some = [self._of_kind(curve, stretch, kind) for stretch in curve.stretches() for kind in KINDS]
        return tuple(candidate for part in some for candidate in part)

    def choose(self, candidates: Candidates) -> tuple[Interval, ...]:
        """Return the peaks of candidates that are high enough, without those that a stronger one overlaps."""
        macro = _apart([c.interval for c in candidates if c.kind == "macro" and c.prominence >= self.macro_height])
        micro = _apart([c.interval for c in candidates if c.kind == "micro" and c.prominence >= self.micro_height])
        micro = [one for one in micro if not any(_meet(one, other) for other in macro)]
        return tuple(sorted([*macro, *micro], key=lambda interval: interval.onset))

    def strength(self, curve: MotionCurve, kind: Kind) -> Float:
        """Return the strength of motion in every frame, px, shape (T,); NaN where there is no face."""
        found = np.full(len(curve.displacement), np.nan)
        for stretch in curve.stretches():
            found[stretch] = self._strongest(self._departure(curve, stretch, kind, self._looked_at(curve)))
        return found

    def _of_kind(self, curve: MotionCurve, stretch: slice, kind: Kind) -> list[Candidate]:
        from scipy.signal import find_peaks, peak_widths

        departure = self._departure(curve, stretch, kind, self._looked_at(curve))
        strength = self._strongest(departure)
        peaks, facts = find_peaks(strength, prominence=0)
        about = facts["prominences"], facts["left_bases"], facts["right_bases"]
        _, _, left, right = peak_widths(strength, peaks, rel_height=1 - self.level, prominence_data=about)
        shortest, longest = (0.0, self.longest_micro) if kind == "micro" else (self.longest_micro, self.longest_macro)
        some = [
            Candidate(
                interval=self._interval(curve, stretch, departure, kind, (int(onset), int(peak), int(offset))),
                prominence=float(prominence),
            )
            for onset, peak, offset, prominence in zip(np.floor(left), peaks, np.ceil(right), about[0], strict=True)
            if shortest < (offset - onset) / curve.fps <= longest and prominence > _FLAT
        ]
        if kind == "macro":  # lasts longer than a blink
            return some
        lids = self._departure(curve, stretch, kind, self._left_out(curve)).max(axis=1, initial=0.0)
        kept = [one for one in some if not self._is_blink(one.interval, lids, stretch.start)]
        return [one for one in kept if not self._is_speech(one, kept, curve.fps)]

    def _interval(
        self, curve: MotionCurve, stretch: slice, departure: Float, kind: Kind, ends: tuple[int, int, int]
    ) -> Interval:
        onset, apex, offset = ends
        order = np.argsort(-departure[apex], kind="stable")[:_NAMED]
        names = [curve.regions[k] for k in self._looked_at(curve)]
        return Interval(
            onset=stretch.start + onset,
            apex=stretch.start + apex,
            offset=stretch.start + min(offset, len(departure) - 1),
            kind=kind,
            strength=float(self._strongest(departure[apex : apex + 1])[0]),
            regions=tuple(names[k] for k in order),
        )

    def _is_blink(self, interval: Interval, lids: Float, start: int) -> bool:
        """Return whether the lids move so much further than what is looked at that this is their doing."""
        during = lids[interval.onset - start : interval.offset - start + 1]
        return bool(self.blink > 0 and during.max() > self.blink * interval.strength)

    def _is_speech(self, candidate: Candidate, all_of_them: Sequence[Candidate], fps: float) -> bool:
        """Return whether a peak is one of a quick series of similar ones, itself among them."""
        place, least = candidate.interval.onset, self.speech_share * candidate.prominence
        near = (one for one in all_of_them if abs(one.interval.onset - place) <= self.speech_seconds * fps)
        return 0 < self.speech_peaks <= sum(one.prominence >= least for one in near)

    def _departure(self, curve: MotionCurve, stretch: slice, kind: Kind, regions: Sequence[int]) -> Float:
        """Return how far each region is from its running median, px, shape (T, R)."""
        from scipy.ndimage import gaussian_filter1d, median_filter

        seconds = self.micro_baseline if kind == "micro" else self.macro_baseline
        place = curve.displacement[stretch][:, regions].astype(np.float64)
        if self.smooth:
            place = gaussian_filter1d(place, self.smooth * curve.fps, axis=0)
        window = min(round(seconds * curve.fps), len(place)) | 1
        usual = median_filter(place, size=(window, 1, 1), mode="nearest")
        return np.asarray(np.linalg.norm(place - usual, axis=2))

    def _looked_at(self, curve: MotionCurve) -> list[int]:
        out = self._left_out(curve)
        return [k for k in range(len(curve.regions)) if k not in out]

    def _left_out(self, curve: MotionCurve) -> list[int]:
        out = [k for k, name in enumerate(curve.regions) if name.startswith(tuple(self.leave_out) or "\0")]
        return out if len(out) < len(curve.regions) else []

    def _strongest(self, departure: Float) -> Float:
        return np.asarray(np.sort(departure, axis=1)[:, -self.strongest :].mean(axis=1))


def _meet(one: Interval, other: Interval) -> bool:
    return one.onset <= other.offset and other.onset <= one.offset


def _apart(intervals: Sequence[Interval]) -> list[Interval]:
    """Return the intervals that no stronger one overlaps."""
    kept: list[Interval] = []
    for interval in sorted(intervals, key=lambda i: (-i.strength, i.onset)):
        if not any(_meet(interval, other) for other in kept):
            kept.append(interval)
    return kept
