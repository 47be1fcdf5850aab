"""Four large overlapping squares on the eyes and the corners of the mouth, as HTNet divides the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.roi.face import face_frame
from mer.types import Landmarks, Regions
from mer.validation import require_number

__all__ = ["Patches4"]

_NAMES = ("eye_left", "eye_right", "mouth_corner_left", "mouth_corner_right")
_POINTS = (range(36, 42), range(42, 48), range(48, 49), range(54, 55))


@dataclass(frozen=True, kw_only=True)
class Patches4:
    """Squares around both eyes and both corners of the mouth; they may overlap, so a pixel can count twice.

    Parameters
    ----------
    side : float
        Side of a square, in inter-ocular distances; > 0.
    eye_distance, mouth_width : float
        Without landmarks: distance of the eyes and width of the mouth, as shares of the image's width; in (0, 1).
    eye_height, mouth_height : float
        Without landmarks: distance of eyes and mouth from the image's upper border, as shares of its height; in (0, 1).

    Notes
    -----
    A square that would leave the image is moved inside, as published. Differs from the published code, which takes x
    for the row and y for the column, so that its squares lie mirrored about the diagonal of the image.

    References
    ----------
    Wang, Zhang, Luo, Sankaranarayana: HTNet for micro-expression recognition. Neurocomputing 602, 2024.
    arXiv:2307.14637.
    """

    side: float
    eye_distance: float
    eye_height: float
    mouth_width: float
    mouth_height: float

    def __post_init__(self) -> None:
        require_number("roi.side", self.side, low=0, above=True)
        for name in ("eye_distance", "eye_height", "mouth_width", "mouth_height"):
            require_number(f"roi.{name}", getattr(self, name), low=0, high=1, above=True)

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the four overlapping regions on an image of (height, width).

        Without landmarks, the image is taken as the crop of an upright face.

        Raises
        ------
        DataError
            If a square is smaller than a pixel, or the face is outside the image.
        """
        centres, half = self._from_image(shape) if landmarks is None else self._from_landmarks(landmarks)
        size = np.array(shape[::-1])
        if landmarks is not None and ((centres < -0.5).any() or (centres > size - 0.5).any()):
            raise DataError(
                "roi=patches4: an eye or a corner of the mouth is outside the image; is the face in the frame?"
            )
        half = min(half, min(shape) / 2)
        centres = np.clip(centres, half - 0.5, size - 0.5 - half)
        across = np.abs(np.arange(shape[1]) - centres[:, :1]) <= half - 1e-6
        down = np.abs(np.arange(shape[0]) - centres[:, 1:]) <= half - 1e-6
        return Regions(names=_NAMES, weights=(down[:, :, None] & across[:, None, :]).astype(np.float32))

    def _from_landmarks(self, landmarks: Landmarks) -> tuple[NDArray[np.float64], float]:
        xy = landmarks.xy.astype(np.float64)
        centres = np.stack([xy[list(points)].mean(axis=0) for points in _POINTS])
        return centres, self.side * face_frame(landmarks).inter_ocular / 2

    def _from_image(self, shape: tuple[int, int]) -> tuple[NDArray[np.float64], float]:
        height, width = shape
        out = np.array([-self.eye_distance, self.eye_distance, -self.mouth_width, self.mouth_width]) / 2
        down = np.array([self.eye_height, self.eye_height, self.mouth_height, self.mouth_height])
        centres = np.stack([(0.5 + out) * width - 0.5, down * height - 0.5], axis=1)
        return centres, self.side * self.eye_distance * width / 2
