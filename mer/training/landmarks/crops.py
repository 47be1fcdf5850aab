"""Crops that the network of the points is trained on: faces from two sources, and crops without a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mer.landmarks.crop import crop_matrix
from mer.training.images import reduced
from mer.training.landmarks.augment import Augmentation
from mer.training.landmarks.faces import Faces
from mer.training.landmarks.motion_pairs import MotionPairs
from mer.types import Float32

__all__ = ["CropSource", "Sources", "turn_weights"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """What both networks learn from.

    Attributes
    ----------
    photographs, rendered : Faces
        Annotated photographs, and generated faces.
    mean : ndarray, shape (68, 2)
        Mean shape in the unit square.
    """

    photographs: Faces
    rendered: Faces
    mean: Array

    @property
    def faces(self) -> tuple[Faces, Faces]:
        """Photographs and generated faces."""
        return self.photographs, self.rendered

    def at_crop_scale(self, side: int) -> Sources:
        """Return sources whose images are no more than 1.5 times as fine as a crop of `side` pixels."""
        photographs, rendered = (_at_crop_scale(faces, self.mean, side) for faces in self.faces)
        return Sources(photographs=photographs, rendered=rendered, mean=self.mean)


@dataclass(frozen=True, kw_only=True, eq=False)
class CropSource:
    """Draws the crops of a step.

    Attributes
    ----------
    sources : Sources
        At the scale of the crops.
    weights : sequence of ndarray
        Cumulative probability of each face of the two sources, see `turn_weights`.
    negatives : ndarray of uint8, shape (N, side, side)
        Crops that the detector takes for a face and that show none; N may be 0.
    side : int
    rendered_share, nothing, hard_negatives : float
        See `PointTraining`.
    """

    sources: Sources
    weights: Sequence[Array]
    negatives: NDArray[np.uint8]
    side: int
    rendered_share: float
    nothing: float
    hard_negatives: float

    def draw(
        self, rng: Generator, count: int, augmentation: Augmentation, pairs: MotionPairs | None
    ) -> tuple[Float32, Float32, NDArray[np.bool_]]:
        """Draw images (1 or 2 looks, N, S, S), points (looks, N, 68, 2), and whether a face is shown (N,)."""
        side, looks, mean = self.side, 1 if pairs is None else 2, self.sources.mean
        images = np.empty((looks, count, side, side), dtype=np.float32)
        points = np.full((looks, count, 68, 2), side / 2, dtype=np.float32)
        shown = rng.random(count) >= self.nothing
        for row in range(count):
            image, xy = self._face(rng)
            if not shown[row]:
                images[:, row] = self._negative(rng, augmentation, image, xy)
            elif pairs is None:
                images[0, row], points[0, row] = augmentation.face(rng, image, xy, mean, side)
            else:
                images[:, row], points[:, row] = pairs(rng, augmentation, image, xy, mean, side)
        return images, points, shown

    def _face(self, rng: Generator) -> tuple[NDArray[np.uint8], Array]:
        which = int(rng.random() < self.rendered_share)
        chosen, faces = int(np.searchsorted(self.weights[which], rng.random())), self.sources.faces[which]
        return faces.images[chosen], faces.xy[chosen]

    def _negative(
        self, rng: Generator, augmentation: Augmentation, image: NDArray[np.uint8], xy: Array
    ) -> NDArray[np.uint8]:
        if len(self.negatives) and rng.random() < self.hard_negatives:
            return augmentation.spoilt(rng, self.negatives[int(rng.integers(len(self.negatives)))])
        return augmentation.nothing(rng, image, xy, self.sources.mean, self.side)


def turn_weights(xy: Array, turned: float) -> Array:
    """Return the cumulative probability (N,) of drawing each face, larger for those turned to a side.

    Parameters
    ----------
    xy : ndarray, shape (N, 68, 2)
    turned : float
        How much more often a half profile is drawn than a face that looks straight ahead.
    """
    jaw = xy[:, 16] - xy[:, 0]
    width = np.linalg.norm(jaw, axis=1)
    nose = np.abs(((xy[:, 30] - (xy[:, 0] + xy[:, 16]) / 2) * jaw).sum(axis=1)) / width**2
    weight = np.cumsum(1 + turned * np.minimum(nose, 0.5))
    return np.asarray(weight / weight[-1])


def _at_crop_scale(faces: Faces, mean: Array, side: int) -> Faces:
    images, shapes = [], []
    for image, xy in zip(faces.images, faces.xy, strict=True):
        scale = float(np.hypot(*crop_matrix(xy, mean, side)[:, 0])) / 1.5
        if scale > 1:
            image, ratio = reduced(image, scale)
            xy = (xy + 0.5) * ratio - 0.5
        images.append(image)
        shapes.append(xy)
    return Faces(images=images, xy=np.stack(shapes), subject=faces.subject)
