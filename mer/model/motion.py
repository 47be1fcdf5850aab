"""The motion of one face over time, as it is followed through a source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mer.errors import DataError
from mer.geometry.ibug68 import eye_distance
from mer.landmarks.base import ImageLandmarks
from mer.model.follow import FollowedFace, Look
from mer.spotting.doubts import doubts
from mer.spotting.fit import Spotter
from mer.spotting.motion import MotionCurve, RegionMotion
from mer.types import KINDS, Image, Interval, Kind, Numbers

__all__ = ["Follow", "face_finder", "follow", "fps_of", "nearest_frame"]

_SMALL = 25.0  # px between the outer corners of the eyes: of 8 generated micro-expressions, 21 px show 0, 31 px 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Follow:
    """The motion in a source over time.

    Attributes
    ----------
    curve : MotionCurve
    first : int
        Frame of the source at which the curve begins.
    looks : sequence of Look
        At the frames that were searched for a face.
    step : int
        Frames from one of them to the next.
    strengths : dict of str to ndarray
        Kind → strength of motion, px, shape (T,).
    found : tuple of Interval
        In which something moved, counted as the source counts.
    """

    curve: MotionCurve
    first: int
    looks: Sequence[Look]
    step: int
    strengths: dict[Kind, Numbers]
    found: tuple[Interval, ...]

    def looks_around(self, interval: Interval) -> list[Look]:
        """Return what was seen from one searched frame before an interval to one after it."""
        start, end = interval.onset - self.first - self.step, interval.offset - self.first + self.step
        return [look for number, look in enumerate(self.looks) if start <= number * self.step <= end]

    def doubts(self, times: Numbers) -> list[str]:
        """Return what makes it doubtful that expressions are found, a sentence each with the next step.

        Parameters
        ----------
        times : ndarray, shape (frames of the source,)
            Seconds.
        """
        during = times[self.first : self.first + len(self.curve.displacement)]
        found = [sentence for _, sentence in doubts(self.curve, during)]
        most = max(look.faces for look in self.looks)
        if most > 1:
            text = "the largest one in the first frame was followed; crop the video to choose another"
            found.append(f"up to {most} faces: {text}")
        eyes = float(np.median([eye_distance(look.face.xy) for look in self.looks if look.face is not None]))
        if eyes < _SMALL:
            text = "too few for the motion of a micro-expression; give a video in which the face is larger"
            found.append(f"the outer corners of the eyes are {eyes:.0f} px apart, {text}")
        return found

    def rest(self, interval: Interval) -> Numbers:
        """Return the strength of motion, px, in the frames outside of an interval and of all that was found."""
        outside = np.ones(len(self.strengths["micro"]), dtype=bool)
        for one in (interval, *self.found):
            outside[max(one.onset - self.first, 0) : one.offset - self.first + 1] = False
        return self.strengths["micro"][outside]


def follow(
    measure: RegionMotion,
    spotter: Spotter,
    frames: Iterable[Image],
    fps: float,
    advance: Callable[[], None] = lambda: None,
    first: int = 0,
) -> Follow:
    """Return the motion in frames that follow each other, of one face; see `Predictor.follow`."""
    face = FollowedFace(finder=face_finder(measure.landmarks))
    curve = replace(measure, landmarks=face)(frames, fps, advance)
    return Follow(
        curve=curve,
        first=first,
        looks=face.looks,
        step=max(round(measure.anchor * fps), 1),
        strengths={kind: spotter.strength(curve, kind) for kind in KINDS},
        found=tuple(interval.shifted(first) for interval in spotter(curve)),
    )


def fps_of(times: Numbers) -> float:
    """Return the mean number of frames per second."""
    return (len(times) - 1) / float(times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0


def nearest_frame(times: Numbers, seconds: float) -> int:
    """Return the frame that is shown nearest to a time."""
    return int(np.abs(np.asarray(times) - seconds).argmin())


def face_finder(found: object) -> ImageLandmarks:
    """Return a component of stage 3 that finds faces in images.

    Raises
    ------
    DataError
        If it only reads stored landmarks.
    """
    if not isinstance(found, ImageLandmarks):
        raise DataError("landmarks: a video has no stored landmarks; use landmarks=cnn68, also to fit a model")
    return found
