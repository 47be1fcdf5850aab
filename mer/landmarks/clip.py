"""Landmarks of a whole clip: found in each frame, followed from frame to frame, or found once and carried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mer.errors import FaceNotFoundError
from mer.geometry.ibug68 import eye_distance
from mer.landmarks.base import ImageLandmarks
from mer.types import Image, Landmarks
from mer.validation import require_choice, require_number

__all__ = ["ClipLandmarks", "OneEuro"]


@dataclass(frozen=True, kw_only=True)
class OneEuro:
    """A low-pass filter along time whose cut-off rises with speed: a still face shows no jitter, a fast one no lag.

    Attributes
    ----------
    cutoff : float
        Of a point at rest, Hz.
    slope : float
        Rise of the cut-off, Hz for a speed of one eye distance per second.
    speed_cutoff : float
        Of the low-pass filter of the speed, Hz.

    References
    ----------
    Casiez, Roussel, Vogel: 1 € filter: a simple speed-based low-pass filter for noisy input in interactive systems.
    CHI 2012. doi:10.1145/2207676.2208639
    """

    cutoff: float
    slope: float
    speed_cutoff: float

    def __post_init__(self) -> None:
        require_number("temporal.smooth.cutoff", self.cutoff, low=0, above=True)
        require_number("temporal.smooth.slope", self.slope, low=0)
        require_number("temporal.smooth.speed_cutoff", self.speed_cutoff, low=0, above=True)

    def __call__(self, xy: NDArray[np.float32], fps: NDArray[np.float64] | float) -> NDArray[np.float32]:
        """Return the points of a clip, smoothed; each frame depends only on it and those before.

        Parameters
        ----------
        xy : ndarray of float32, shape (T, 68, 2)
        fps : float or ndarray, shape (T - 1,)
            Frames per second; one number for each step where they differ, as after frames without a face.
        """
        unit = float(eye_distance(xy[0]))
        out = xy.astype(np.float64)
        speed = np.zeros_like(out[0])
        for t, rate in enumerate(np.broadcast_to(fps, len(out) - 1), start=1):
            moved = (xy[t] - out[t - 1]) * rate / unit
            speed += _share(self.speed_cutoff, rate) * (moved - speed)
            share = _share(self.cutoff + self.slope * np.abs(speed), rate)
            out[t] = out[t - 1] + share * (xy[t] - out[t - 1])
        return out.astype(np.float32)


def _share(cutoff: NDArray[np.float64] | float, fps: float) -> NDArray[np.float64]:
    """Return how much of a new value an exponential filter with this cut-off takes."""
    rate = 2 * np.pi * np.asarray(cutoff) / fps
    return np.asarray(rate / (rate + 1))


@dataclass(frozen=True, kw_only=True)
class ClipLandmarks:
    """The landmarks of every frame of a clip.

    Attributes
    ----------
    finder : ImageLandmarks
    mode : {"follow", "each", "carried"}
        ``follow``: the face is looked for where it was last, and searched for again if it was lost; ``each``:
        every frame is searched, and of several faces the one nearest to the last is taken; ``carried``: found in the
        first frame and kept.
    smooth : OneEuro or None
        Filter along time.
    """

    finder: ImageLandmarks
    mode: Literal["follow", "each", "carried"]
    smooth: OneEuro | None

    def __post_init__(self) -> None:
        require_choice("temporal.mode", self.mode, ("follow", "each", "carried"))

    def __call__(self, frames: Iterable[Image], fps: float) -> list[Landmarks]:
        """Return one `Landmarks` a frame.

        Parameters
        ----------
        frames : iterable of ndarray of uint8
            Grey (H, W) or BGR (H, W, 3).
        fps : float
            Frames per second, for the filter.

        Raises
        ------
        FaceNotFoundError
            If the face is not found in a frame, naming its number, counted from 0.
        """
        found: list[Landmarks] = []
        for number, frame in enumerate(frames):
            try:
                found.append(self.next(frame, found[-1] if found else None))
            except FaceNotFoundError as error:
                raise FaceNotFoundError(f"frame {number}: {error}") from error
        return list(self.smoothed(dict(enumerate(found)), fps).values())

    def smoothed(self, found: Mapping[int, Landmarks], fps: float) -> dict[int, Landmarks]:
        """Return the landmarks of frames, by number in rising order, filtered along time if requested."""
        if self.smooth is None or len(found) < 2 or fps <= 0:
            return dict(found)
        xy = self.smooth(np.stack([face.xy for face in found.values()]), fps / np.diff(list(found)))
        return {
            number: Landmarks(xy=points, score=face.score)
            for points, (number, face) in zip(xy, found.items(), strict=True)
        }

    def next(self, frame: Image, last: Landmarks | None) -> Landmarks:
        """Return the landmarks of a frame, given those of the frame before, unsmoothed.

        Raises
        ------
        FaceNotFoundError
            If the face is not found.
        """
        if last is None:
            return self.finder(frame)
        if self.mode == "carried":
            return last
        if self.mode == "follow" and (near := self.finder.follow(frame, last)) is not None:
            return near
        faces = self.finder.faces(frame)
        if not faces:
            return self.finder(frame)  # raises, in the finder's own words
        return min(faces, key=lambda face: float(np.linalg.norm(face.xy.mean(axis=0) - last.xy.mean(axis=0))))
