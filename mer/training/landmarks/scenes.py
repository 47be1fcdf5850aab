"""Made-up scenes for the training of the detector: photographs of faces, and of no face, on all kinds of ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mer.landmarks.crop import crop_matrix
from mer.training.draws import log_uniform, rotation
from mer.training.images import faceless_ground, reduced
from mer.training.landmarks.augment import Augmentation
from mer.training.landmarks.faces import Faces, faceless_part

__all__ = ["Scenes"]

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """How scenes are composed.

    Attributes
    ----------
    side : int
        Pixels of a scene, a multiple of 32.
    faces : sequence of float
        Probability of 0, 1, 2, ... faces.
    size : sequence of float
        Smallest and largest side of a face's square in pixels, drawn evenly on a log scale.
    roll : float
        Standard deviation of the head's roll, degrees.
    decoys : int
        Most parts of photographs without a face that are laid into a scene.
    """

    side: int
    faces: Sequence[float]
    size: Sequence[float]
    roll: float
    decoys: int

    def draw(
        self, rng: Generator, sources: Sequence[Faces], shares: Sequence[float], mean: Array, light: Augmentation
    ) -> tuple[Grey, Array]:
        """Return a scene (S, S) and what is in it: a row per face of centre x, y, side of its square, roll (radians).

        Parameters
        ----------
        rng : Generator
        sources : sequence of Faces
        shares : sequence of float
            Probability of each source.
        mean : ndarray, shape (68, 2)
        light : Augmentation
            What the finished scene goes through.
        """
        scene = self._ground(rng, sources[0])
        for _ in range(int(rng.integers(0, self.decoys + 1))):
            self._decoy(rng, scene, sources[0])
        placed: list[tuple[float, float, float, float]] = []
        for _ in range(int(rng.choice(len(self.faces), p=self.faces))):
            faces = sources[int(rng.choice(len(sources), p=shares))]
            wanted = self._place(rng, placed)
            if wanted is not None:
                _lay(rng, scene, faces, mean, wanted)
                placed.append(wanted)
        scene = light.spoilt(rng, scene)
        if rng.random() < 0.5:
            scene = np.ascontiguousarray(scene[:, ::-1])
            placed = [(self.side - 1 - x, y, size, -roll) for x, y, size, roll in placed]
        return scene, np.array(placed).reshape(-1, 4)

    def _place(self, rng: Generator, placed: Sequence[Any]) -> tuple[float, float, float, float] | None:
        """Return a place whose square does not touch those that are taken; None where there is no room."""
        for _ in range(10):
            size = float(log_uniform(rng, self.size))
            margin = min(0.3 * size, 0.45 * self.side)
            x, y = (float(v) for v in rng.uniform(margin, self.side - margin, 2))
            if all(max(abs(x - px), abs(y - py)) > 0.6 * (size + other) for px, py, other, _ in placed):
                return x, y, size, float(np.deg2rad(self.roll) * rng.standard_normal())
        return None

    def _ground(self, rng: Generator, photographs: Faces) -> Grey:
        if rng.random() < 0.5:
            return faceless_ground(rng, self.side)
        part = faceless_part(rng, photographs)
        return np.asarray(cv2.resize(part, (self.side, self.side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)

    def _decoy(self, rng: Generator, scene: Grey, photographs: Faces) -> None:
        height, width = (int(v) for v in rng.uniform(0.1, 0.7, 2) * self.side)
        top, left = (int(rng.integers(0, self.side - size)) for size in (height, width))
        part = faceless_part(rng, photographs) if rng.random() < 0.6 else faceless_ground(rng, self.side)
        scene[top : top + height, left : left + width] = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)


def _lay(rng: Generator, scene: Grey, faces: Faces, mean: Array, wanted: tuple[float, float, float, float]) -> None:
    """Lay a photograph into the scene so that its face's square comes to lie as wanted."""
    x, y, size, roll = wanted
    chosen = int(rng.integers(len(faces)))
    image = faces.images[chosen]
    to_frame = crop_matrix(faces.xy[chosen], mean, 1)  # unit square, shifted by half a pixel → photograph
    turn = rotation(roll, 1 / size)
    # Scene → unit square: the square's middle is at (x, y); crop_matrix puts the middle of a side of 1 at 0.
    to_unit = np.column_stack([turn.T, -turn.T @ (x, y)])
    matrix = np.column_stack([to_frame[:, :2] @ to_unit[:, :2], to_frame[:, :2] @ to_unit[:, 2] + to_frame[:, 2]])
    image, matrix = _reduced(image, matrix)
    laid = cv2.warpAffine(
        image, matrix, scene.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    mask = _mask(rng, image.shape, matrix, scene.shape)
    scene[:] = (mask * laid + (1 - mask) * scene).astype(np.uint8)


def _reduced(image: Grey, matrix: Array) -> tuple[Grey, Array]:
    """Return the photograph about as fine as the scene shows it."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 1.5:
        return image, matrix
    image, ratio = reduced(image, scale)
    small = matrix * ratio[:, None]
    small[:, 2] += 0.5 * ratio - 0.5
    return image, small


def _mask(rng: Generator, shape: tuple[int, ...], matrix: Array, scene: tuple[int, ...]) -> NDArray[np.float32]:
    """Return 1 inside the photograph; its edge hard, or soft so that no frame gives the face away."""
    height, width = shape
    full = np.ones((height, width), np.float32)
    laid = cv2.warpAffine(full, matrix, scene[::-1], flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    if rng.random() < 0.5:
        return np.asarray(laid)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    soft = max(0.06 * min(height, width) / scale, 0.5)
    padded = cv2.copyMakeBorder(laid, 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(2 * cv2.GaussianBlur(padded, (0, 0), soft)[8:-8, 8:-8] - 1, 0, 1))
