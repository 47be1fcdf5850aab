"""What all finders that look at an image themselves share: the landmarks of a pair, and of a clip over time."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from mer.errors import FaceNotFoundError
from mer.types import FramePair, Image, Landmarks

__all__ = ["STEP", "ImageLandmarks", "rounded"]

STEP = 1 / 64  # px; of the grid on which found landmarks leave this stage


class ImageLandmarks(ABC):
    """A finder of faces in images; a subclass says how, in `_faces` and `_follow`.

    Notes
    -----
    A network gives a point to some 1e-5 px: its rounding differs from one processor to another. What follows would
    carry that on, into every pixel of the aligned image. The points therefore leave this stage rounded to `STEP`, 1/64
    px: nearly every number is then the same everywhere. That moves a point by 0.006 px in the mean (0.011 at most, a
    coordinate by 0.008), against an error of several pixels and a jitter of 0.08 px. Only found points are rounded:
    stored ones are given, and are the same on every processor already.
    """

    @abstractmethod
    def _faces(self, image: Image) -> list[Landmarks]:
        """Return what `faces` does, not yet rounded."""

    @abstractmethod
    def _follow(self, image: Image, last: Landmarks) -> Landmarks | None:
        """Return what `follow` does, not yet rounded."""

    def faces(self, image: Image) -> list[Landmarks]:
        """Return every face of a grey (H, W) or BGR (H, W, 3) frame, the preferred one first; empty where none is."""
        return [rounded(face) for face in self._faces(image)]

    def follow(self, image: Image, last: Landmarks) -> Landmarks | None:
        """Return the face of a frame that is near `last`, found without a search; None where it is lost there."""
        face = self._follow(image, last)
        return None if face is None else rounded(face)

    def __call__(self, image: Image) -> Landmarks:
        """Return the landmarks of the preferred face of a grey (H, W) or BGR (H, W, 3) frame.

        Raises
        ------
        FaceNotFoundError
            If no face is found.
        """
        found = self.faces(image)
        if found:
            return found[0]
        height, width = image.shape[:2]
        degrees = self.turned(image)
        if degrees is None:
            fault = "no face was found"
            step = "look at the frame, lower landmarks.threshold"
        else:
            fault = f"the face is turned by about {degrees}° and too far from upright to be found"
            step = "turn the frames"
        raise FaceNotFoundError(
            f"{fault} in a frame of {width}×{height} pixels; {step}, or give landmarks of your own (landmarks=stored)"
        )

    def turned(self, image: Image) -> int | None:
        """Return the roll in degrees, clockwise, of a face that is too far from upright; None where there is none."""
        return None

    def of_pair(self, pair: FramePair) -> Landmarks:
        """Return the landmarks of the onset frame.

        Raises
        ------
        FaceNotFoundError
            If no face is found in it.
        """
        return self(pair.onset)


def rounded(face: Landmarks) -> Landmarks:
    """Return a face whose points lie on multiples of `STEP`, see `ImageLandmarks`."""
    return Landmarks(xy=np.rint(face.xy / STEP) * STEP, score=face.score)
