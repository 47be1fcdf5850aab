"""One face followed through a video, and a record of where it was seen and beside how many others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mer.errors import FaceNotFoundError
from mer.landmarks.base import ImageLandmarks
from mer.types import FramePair, Image, Landmarks

__all__ = ["FollowedFace", "Look"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What was seen in one frame.

    Attributes
    ----------
    faces : int
        Number of faces.
    face : Landmarks or None
        The one that is followed, in pixels of the frame.
    """

    faces: int
    face: Landmarks | None


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowedFace:
    """Finds the same face in one frame after another: the finder's choice at first, then the one nearest to the last.

    Attributes
    ----------
    finder : ImageLandmarks
    looks : list of Look
        One per call, in order.
    """

    finder: ImageLandmarks
    looks: list[Look] = field(default_factory=list)

    def __call__(self, image: Image) -> Landmarks:
        """Return the landmarks of the followed face.

        Raises
        ------
        FaceNotFoundError
            If no face is found.
        """
        faces = self.finder.faces(image)
        chosen = self._nearest(faces)
        self.looks.append(Look(faces=len(faces), face=chosen))
        if chosen is None:
            raise FaceNotFoundError("no face was found")
        return chosen

    def of_pair(self, pair: FramePair) -> Landmarks:
        """Return the landmarks of the onset frame."""
        return self(pair.onset)

    def _nearest(self, faces: list[Landmarks]) -> Landmarks | None:
        last = next((look.face for look in reversed(self.looks) if look.face is not None), None)
        if last is None or not faces:
            return faces[0] if faces else None
        middle = last.xy.mean(axis=0)
        return min(faces, key=lambda face: float(np.linalg.norm(face.xy.mean(axis=0) - middle)))
