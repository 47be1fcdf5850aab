"""False detections: crops without a face, from which the landmark network learns to reject them."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mer.landmarks.crop import cut
from mer.landmarks.detect import candidates
from mer.landmarks.network import FaceNetwork
from mer.training.images import faceless_picture
from mer.training.landmarks.faces import Faces, faceless_part
from mer.types import Numbers

__all__ = ["hard_negatives"]

_HEIGHT, _WIDTH = 240, 320  # of the pictures that are searched
_A_PICTURE = 4  # crops at most
_LEAST = 0.1  # score of a square


def hard_negatives(
    detector: FaceNetwork, photographs: Faces, side: int, *, pictures: int, rng: Generator, device: str
) -> NDArray[np.uint8]:
    """Return crops (N, side, side) that a fitted detector cuts out of pictures without a face.

    Parameters
    ----------
    detector : FaceNetwork
    photographs : Faces
        Half of the pictures are parts of these, beside the face; the other half is made up.
    side : int
    pictures : int
        How many are searched.
    rng : Generator
    device : str
    """
    found: list[Numbers] = []
    for number in range(pictures):
        image = faceless_part(rng, photographs) if number % 2 else faceless_picture(rng, _HEIGHT, _WIDTH)
        squares = candidates(detector, np.ascontiguousarray(image), max(image.shape), _LEAST, device)
        found += [cut(image, square.matrix(side), side) for square in squares[:_A_PICTURE]]
    return np.array(found, dtype=np.uint8).reshape(-1, side, side)
