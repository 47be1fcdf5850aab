"""What all finders that look at an image themselves share: the landmarks of a pair, and of a clip over time."""

from __future__ import annotations

from abc import ABC, abstractmethod

from mer.errors import FaceNotFoundError
from mer.types import FramePair, Image, Landmarks

__all__ = ["ImageLandmarks"]


class ImageLandmarks(ABC):
    """A finder of faces in images."""

    @abstractmethod
    def faces(self, image: Image) -> list[Landmarks]:
        """Return every face of a grey (H, W) or BGR (H, W, 3) frame, the preferred one first; empty where none is."""

    @abstractmethod
    def follow(self, image: Image, last: Landmarks) -> Landmarks | None:
        """Return the face of a frame that is near `last`, found without a search; None where it is lost there."""

    def __call__(self, image: Image) -> Landmarks:
        """Return the landmarks of the preferred face of a grey (H, W) or BGR (H, W, 3) frame.

        Raises
        ------
        FaceNotFoundError
            Where no face is found.
        """
        found = self.faces(image)
        if not found:
            height, width = image.shape[:2]
            raise FaceNotFoundError(
                f"no face was found in a frame of {width}×{height} pixels; look at the frame, lower landmarks.threshold"
                ", or give landmarks of your own (landmarks=stored)"
            )
        return found[0]

    def of_pair(self, pair: FramePair) -> Landmarks:
        """Return the landmarks of the onset frame.

        Raises
        ------
        FaceNotFoundError
            Where no face is found in it.
        """
        return self(pair.onset)
