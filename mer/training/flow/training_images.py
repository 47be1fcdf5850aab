"""Images that flow is trained on: real faces with landmarks, and frames of a generator with its own truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter

from mer.training.keypoints import Keypoints
from mer.types import Dataset, Numbers

__all__ = ["SIDE", "Face", "generated", "read_faces"]

SIDE = 256  # px, every frame is brought to it


@dataclass(frozen=True, eq=False)
class Face:
    """A grey frame (256, 256) uint8 with the points (N, 2) of its landmarks and whose face it is."""

    image: NDArray[np.uint8]
    points: NDArray[np.float32]
    subject: str

    @cached_property
    def coefficients(self) -> NDArray[np.float32]:
        """Cubic spline coefficients of the frame."""
        return np.asarray(spline_filter(self.image, output=np.float32, mode="mirror"))


def read_faces(keypoints: Keypoints) -> list[Face]:
    """Read the images of a table of photographs and bring them to 256 × 256 pixels, with their points."""
    return [_face(keypoints, row) for row in range(len(keypoints))]


def _face(keypoints: Keypoints, row: int) -> Face:
    image = keypoints.read(row)
    scale = np.array([SIDE / image.shape[1], SIDE / image.shape[0]])
    points = ((keypoints.xy[row] + 0.5) * scale - 0.5).astype(np.float32)
    shrinks = max(image.shape) > SIDE
    square = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return Face(np.asarray(square, dtype=np.uint8), points, str(keypoints.subject[row]))


def generated(dataset: Dataset, pairs: int, rng: np.random.Generator) -> list[tuple[Numbers, Numbers]]:
    """Return pairs of frames (2, H, W) and their true flow (H, W, 2) from a generator that provides it.

    Notes
    -----
    Every clip gives onset → a random frame; clips take turns until there are `pairs`.
    """
    samples = dataset.load().samples
    found = []
    for k in range(pairs):
        sample = samples[k * len(samples) // pairs]
        clip: Any = sample.clip
        stop = int(rng.integers(sample.onset + 1, sample.offset + 1))
        frames = np.stack([clip.read(sample.onset), clip.read(stop)])
        found.append((frames, clip.true_flow(sample.onset, stop).uv))
    return found
