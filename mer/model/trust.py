"""When a prediction is not to be trusted: one flag with one sentence for each reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mer.geometry.ibug68 import eye_axis, eye_distance
from mer.model.follow import Look
from mer.model.result import Flag
from mer.types import Interval, Landmarks, Numbers
from mer.validation import require_integer, require_number

__all__ = ["Trust"]

_REACHED = 0.99  # quantile of the rest of the video that noise reaches


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Limits beyond which a flag is raised.

    Attributes
    ----------
    frames : int
        Fewest frames from onset to offset.
    seconds : float
        Longest micro-expression, s; one frame more is allowed, since both ends are rounded to frames.
    noise : float
        How many robust standard deviations the motion of an interval must lie above that of the rest of the video.
    above : float
        How many times as strong it must be as 99 % of that.
    shift : float
        Farthest that the head may move from onset to apex, in distances between the outer eye corners.
    roll : float
        Farthest that it may roll, degrees.
    zoom : float
        Largest relative change of its size.
    turn : float
        Farthest that the tip of the nose may lie beside the middle of the eyes, in distances between the outer eye
        corners, of a face that looks at the camera; and the most that this may change from onset to apex, times two.
    """

    frames: int
    seconds: float
    noise: float
    above: float
    shift: float
    roll: float
    zoom: float
    turn: float

    def __post_init__(self) -> None:
        require_integer("trust.frames", self.frames, low=1)
        for name in ("seconds", "noise", "above", "shift", "roll", "zoom", "turn"):
            require_number(f"trust.{name}", getattr(self, name), low=0, above=True)

    def of_time(self, interval: Interval, duration: float, fps: float) -> Iterator[Flag]:
        """Yield what the duration (s) and the frame rate say; nothing where the rate is not known (0)."""
        if not fps:
            return
        if interval.frames < self.frames:
            yield Flag(
                name="few_frames",
                sentence=f"only {interval.frames} frames from onset to offset at {fps:.4g} frames/s; "
                f"{self.frames} are needed: record with more frames per second",
            )
        if duration > self.seconds + 1 / fps:
            yield Flag(
                name="too_long",
                sentence=f"{duration:.2f} s is longer than the {self.seconds:g} s of a micro-expression: a "
                "macro-expression",
            )

    def of_faces(self, looks: Sequence[Look]) -> Iterator[Flag]:
        """Yield what the frames that were searched for a face around the interval say."""
        without = sum(look.face is None for look in looks)
        if without:
            yield Flag(
                name="no_face", sentence=f"no face in {without} of {len(looks)} frames that were searched around it"
            )
        most = max((look.faces for look in looks), default=0)
        if most > 1:
            yield Flag(
                name="several_faces",
                sentence=f"{most} faces: the largest one in the first frame was followed; crop the video to choose "
                "another",
            )

    def of_motion(self, strength: float, rest: Numbers) -> Iterator[Flag]:
        """Yield whether the motion, px, is below what the rest of the video shows, px, shape (T,)."""
        known = rest[np.isfinite(rest)]
        if len(known) < 2 * self.frames or not np.isfinite(strength):
            return
        middle = float(np.median(known))
        spread = 1.4826 * float(np.median(np.abs(known - middle)))
        floor = max(middle + self.noise * spread, self.above * float(np.quantile(known, _REACHED)))
        if strength < floor:
            yield Flag(
                name="below_noise",
                sentence=f"the motion of {strength:.2f} px is below the {floor:.2f} px that noise reaches here",
            )

    def of_head(self, onset: Landmarks, apex: Landmarks) -> Iterator[Flag]:
        """Yield whether the head moved or was turned too far, from its landmarks in pixels of the frames."""
        first, second = _pose(onset), _pose(apex)
        shift = float(np.linalg.norm(second.middle - first.middle)) / first.size
        roll, zoom = abs(second.roll - first.roll), abs(second.size / first.size - 1)
        faults = [
            (shift > self.shift, f"moved by {shift:.2f} eye distances"),
            (roll > self.roll, f"rolled by {roll:.1f}°"),
            (zoom > self.zoom, f"changed its size by {zoom:.0%}"),
            (abs(second.turn - first.turn) > self.turn / 2, "turned"),
        ]
        said = [words for wrong, words in faults if wrong]
        if said:
            yield Flag(name="head_moved", sentence=f"the head {' and '.join(said)} between onset and apex")
        elif max(abs(first.turn), abs(second.turn)) > self.turn:
            yield Flag(name="head_moved", sentence="the face is turned away from the camera")

    @staticmethod
    def of_distance(distance: float, far: float) -> Iterator[Flag]:
        """Yield whether a clip lies farther from the training clips than hardly any of them from those of others."""
        if distance > far:
            yield Flag(
                name="far_from_training",
                sentence=f"unlike the clips that the model learnt from: distance {distance:.2f}, and 99 % of clips of "
                f"persons that it had not seen lie within {far:.2f}",
            )


@dataclass(frozen=True, kw_only=True)
class _Pose:
    middle: Numbers
    size: float
    roll: float
    turn: float


def _pose(face: Landmarks) -> _Pose:
    xy = face.xy.astype(np.float64)
    axis = np.asarray(eye_axis(xy), dtype=np.float64)
    size = float(eye_distance(xy))
    middle = (xy[36] + xy[45]) / 2
    return _Pose(
        middle=middle,
        size=size,
        roll=float(np.degrees(np.arctan2(axis[1], axis[0]))),
        turn=float((xy[30] - middle) @ axis / np.linalg.norm(axis) / size),
    )
