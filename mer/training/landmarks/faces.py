"""Images of faces with their 68 points: photographs, generated ones, and images without a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.training.keypoints import Keypoints
from mer.types import Dataset

__all__ = ["Faces", "faceless_part", "read_faces", "rendered_faces"]

_NARROWEST = 12  # px; strips next to a face that are narrower show nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Faces:
    """Images with one annotated face each.

    Attributes
    ----------
    images : sequence of ndarray of uint8, shape (H, W)
        Grey.
    xy : ndarray of float64, shape (N, 68, 2)
        Pixels of each image.
    subject : ndarray of str, shape (N,)
    """

    images: Sequence[NDArray[np.uint8]]
    xy: NDArray[np.float64]
    subject: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)


def read_faces(keypoints: Keypoints) -> Faces:
    """Read the images of a table of photographs."""
    images = [keypoints.read(row) for row in range(len(keypoints))]
    return Faces(images=images, xy=keypoints.xy, subject=keypoints.subject)


def rendered_faces(dataset: Dataset) -> Faces:
    """Return onset and apex of each clip of a data set that stores its landmarks, such as the synthetic one."""
    images, shapes, subjects = [], [], []
    for sample in dataset.load().samples:
        for index in (sample.onset, sample.apex):
            found = sample.clip.landmarks(index)
            if found is None:
                raise DataError(f"{sample.dataset} {sample.id}: no landmarks are stored for frame {index}")
            image = sample.clip.read(index)
            images.append(image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8))
            shapes.append(found.xy.astype(np.float64))
            subjects.append(sample.subject)
    return Faces(images=images, xy=np.stack(shapes), subject=np.array(subjects))


def faceless_part(rng: np.random.Generator, faces: Faces, tries: int = 1000) -> NDArray[np.uint8]:
    """Return a part of a photograph next to, above or below the face.

    Raises
    ------
    DataError
        If the photographs have no room around the faces.
    """
    for _ in range(tries):
        chosen = int(rng.integers(len(faces)))
        strip = _strips(faces.images[chosen], faces.xy[chosen])[int(rng.integers(4))]
        if min(strip.shape) >= _NARROWEST:
            sizes = [int(rng.uniform(0.5, 1) * size) for size in strip.shape]
            top, left = (int(rng.integers(0, whole - size + 1)) for whole, size in zip(strip.shape, sizes, strict=True))
            return strip[top : top + sizes[0], left : left + sizes[1]]
    raise DataError("the photographs show nothing around the faces; the detector needs such to learn what is no face")


def _strips(image: NDArray[np.uint8], xy: NDArray[np.float64]) -> tuple[NDArray[np.uint8], ...]:
    """Return what is left of, right of, above (the forehead left out) and below a face."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    above = int(low[1] - 0.4 * (high[1] - low[1]))
    return (
        image[:, : max(int(low[0]), 0)],
        image[:, int(high[0]) + 1 :],
        image[: max(above, 0)],
        image[int(high[1]) + 1 :],
    )
