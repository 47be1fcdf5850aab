"""Main directional maximal difference (MDMD), the baseline of MEGC 2020, on the displacement of blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.spotting.motion import MotionCurve
from mer.types import KINDS, Interval, Kind
from mer.validation import require_number

__all__ = ["MDMD"]

Float = NDArray[np.float64]
_SHARE = 3  # one block in so many, those of the greatest difference, is averaged
_NAMED = 3  # regions that an interval names


@dataclass(frozen=True, kw_only=True)
class MDMD:
    """A spotter without training: where the motion to a frame is no longer there some time later.

    Of frames i − k, i and i + k, the motion of every block from the first to the second is compared with that from the
    first to the third in the main direction, one of four; the differences of the third of the blocks in which they are
    greatest are averaged. What a frame has more than those k before and after it is kept, and frames above
    mean + p (maximum − mean) in a row are an interval.

    Attributes
    ----------
    micro_k, macro_k : float
        k in seconds, for micro- and for macro-expressions. 12 frames of CAS(ME)² (30 per second) and 80 of SAMM Long
        Videos (200 per second) are 0.4 s; the value for macro-expressions is our choice, not checked against the paper.
    p : float
        Place of the threshold between mean (0) and maximum (1).
    longest_micro, longest_macro : float
        Longest durations, s; a longer interval is left out, and a macro-expression lasts longer than `longest_micro`.

    Notes
    -----
    The threshold is relative to the video: where nothing moves, noise is found instead.

    Departs from the paper: a block has the mean of its displacement, head motion removed, not a histogram of the flow
    of its pixels, and the flow k frames apart is the difference of displacements from anchors, see `RegionMotion`. The
    published figures on real videos are therefore not those of this code.

    References
    ----------
    Wang et al., Neurocomputing 230 (2017), doi:10.1016/j.neucom.2016.11.028; He et al.,
    arXiv:1912.11985 (FG 2020).
    """

    micro_k: float
    macro_k: float
    p: float
    longest_micro: float
    longest_macro: float

    def __post_init__(self) -> None:
        require_number("spotter.p", self.p, low=0, high=1)
        for name in ("micro_k", "macro_k", "longest_micro", "longest_macro"):
            require_number(f"spotter.{name}", getattr(self, name), low=0, above=True)

    def __call__(self, curve: MotionCurve) -> tuple[Interval, ...]:
        """Return the intervals in order of onset, none of which begins or ends within k frames of an end of a stretch.

        A stretch with a face of 2 k frames or fewer has none.

        Raises
        ------
        DataError
            If no stretch with a face is longer.
        """
        longest, least = max((s.stop - s.start for s in curve.stretches()), default=0), 2 * self._k(curve, "micro")
        if 0 < longest <= least:
            raise DataError(
                f"the face is seen in {longest} frames in a row, and spotter.micro_k={self.micro_k:g} s needs more "
                f"than {least}; use a longer video, a smaller micro_k, or spotter=peaks"
            )
        found = [one for kind in KINDS for stretch in curve.stretches() for one in self._of_kind(curve, stretch, kind)]
        return tuple(sorted(found, key=lambda interval: interval.onset))

    def strength(self, curve: MotionCurve, kind: Kind) -> Float:
        """Return what a frame has more than those k before and after it, px, shape (T,); NaN where that is unknown.

        It is unknown without a face and within k frames of an end of a stretch with one.
        """
        found = np.full(len(curve.displacement), np.nan)
        for stretch in curve.stretches():
            found[stretch] = self._relative(_largest_third(self._differences(curve, stretch, kind)), curve, kind)
        return found

    def _of_kind(self, curve: MotionCurve, stretch: slice, kind: Kind) -> list[Interval]:
        differences = self._differences(curve, stretch, kind)
        if np.isnan(differences).all():
            return []
        relative = self._relative(_largest_third(differences), curve, kind)
        mean, highest = float(np.nanmean(relative)), float(np.nanmax(relative))
        above = relative > mean + self.p * (highest - mean)  # false where there is no value
        edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(np.int8))).reshape(-1, 2)
        shortest, longest = (0.0, self.longest_micro) if kind == "micro" else (self.longest_micro, self.longest_macro)
        return [
            _interval(curve, stretch.start, differences, relative, kind, (int(start), int(end) - 1))
            for start, end in edges
            if shortest < (end - 1 - start) / curve.fps <= longest
        ]

    def _differences(self, curve: MotionCurve, stretch: slice, kind: Kind) -> Float:
        """Return the differences of each block, px, shape (T, R); NaN within k frames of an end."""
        place = curve.displacement[stretch].astype(np.float64)
        k, found = self._k(curve, kind), np.full(place.shape[:2], np.nan)
        if len(place) > 2 * k:
            before, here, after = place[: -2 * k], place[k:-k], place[2 * k :]
            there, back = here - before, after - before
            kept = np.where(_direction(there) == _direction(back), np.linalg.norm(back, axis=2), 0.0)
            found[k:-k] = np.maximum(np.linalg.norm(there, axis=2) - kept, 0.0)
        return found

    def _relative(self, difference: Float, curve: MotionCurve, kind: Kind) -> Float:
        """Return what each frame has more than the mean of those k before and after it, where these have a value."""
        k = self._k(curve, kind)
        padded = np.pad(difference, k, constant_values=np.nan)
        around = np.stack([padded[: -2 * k], padded[2 * k :]])
        count = np.isfinite(around).sum(axis=0)
        usual = np.nansum(around, axis=0) / np.maximum(count, 1)
        return np.asarray(np.maximum(difference - usual, 0.0))

    def _k(self, curve: MotionCurve, kind: Kind) -> int:
        return max(round((self.micro_k if kind == "micro" else self.macro_k) * curve.fps), 1)


def _direction(motion: Float) -> NDArray[np.int64]:
    """Return which of four directions, the axes of the image, each vector is closest to."""
    angle = np.arctan2(motion[..., 1], motion[..., 0])
    return np.asarray(np.round(angle / (np.pi / 2)).astype(np.int64) % 4)


def _largest_third(differences: Float) -> Float:
    count = max(differences.shape[1] // _SHARE, 1)
    return np.asarray(np.sort(differences, axis=1)[:, -count:].mean(axis=1))


def _interval(
    curve: MotionCurve, start: int, differences: Float, strength: Float, kind: Kind, ends: tuple[int, int]
) -> Interval:
    onset, offset = ends
    apex = onset + int(np.argmax(strength[onset : offset + 1]))
    order = np.argsort(-differences[apex], kind="stable")[:_NAMED]
    return Interval(
        onset=start + onset,
        apex=start + apex,
        offset=start + offset,
        kind=kind,
        strength=float(strength[apex]),
        regions=tuple(curve.regions[r] for r in order),
    )
