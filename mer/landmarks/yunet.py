"""YuNet finds the face, our network the points: for those who have the detector's file."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError, DataError
from mer.geometry.similarity import fit_similarity, transformed
from mer.landmarks.base import ImageLandmarks
from mer.landmarks.cnn68 import Cnn68
from mer.store.roles import contents
from mer.types import Image, Landmarks
from mer.validation import require_number, user_path

__all__ = ["Yunet"]

_WHERE = "https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet"
# Which of the 68 points YuNet's five are: the eye that is left in the image, the other one, nose tip, mouth corners.
_FIVE = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47), (30,), (48,), (54,))


@dataclass(frozen=True, kw_only=True)
class Yunet(ImageLandmarks):
    """OpenCV's FaceDetectorYN for the face, `points` for its 68 points.

    Attributes
    ----------
    model : str or None
        The ONNX file, ``face_detection_yunet_2023mar.onnx`` or a newer one; not part of mer.
    threshold : float
        Score of a face, in (0, 1), below which it counts as not found.
    points : Cnn68
        Finds the points in the crop that the five points of YuNet give.

    References
    ----------
    Wu, Peng, Yu: YuNet: a tiny millisecond-level face detector. Machine Intelligence Research 20, 2023.
    doi:10.1007/s11633-023-1423-y
    """

    model: str | None = contents()
    threshold: float
    points: Cnn68

    def __post_init__(self) -> None:
        require_number("landmarks.threshold", self.threshold, low=0.001, high=0.999)

    def _faces(self, image: Image) -> list[Landmarks]:
        rows = self._detect(image if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8))
        shapes = [self._shape(row) for row in rows]
        return self.points.refined(image, shapes) if shapes else []

    def _follow(self, image: Image, last: Landmarks) -> Landmarks | None:
        return self.points.follow(image, last)

    def _shape(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the mean shape laid onto YuNet's five points, from which the search of the 68 starts."""
        mean = self.points.mean
        five = np.stack([mean[list(group)].mean(axis=0) for group in _FIVE])
        matrix = fit_similarity(five, row[4:14].reshape(5, 2).astype(np.float64))
        return transformed(matrix, mean)

    def _detect(self, image: Image) -> NDArray[np.float32]:
        with _LOCK:  # OpenCV's object holds the size of the frame
            engine = self._engine
            engine.setInputSize(image.shape[1::-1])
            _, rows = engine.detect(image)
        return np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, dtype=np.float32)

    @cached_property
    def _engine(self) -> cv2.FaceDetectorYN:
        if self.model is None:
            raise ConfigError(f"landmarks=yunet needs landmarks.model=FILE, YuNet's ONNX file, from {_WHERE}")
        file = user_path("landmarks.model", self.model)
        if not file.is_file():
            raise DataError(f"{file}: no such file; landmarks.model is YuNet's ONNX file, from {_WHERE}")
        try:
            return cv2.FaceDetectorYN.create(str(file), "", (320, 320), score_threshold=self.threshold)
        except cv2.error as error:
            raise DataError(
                f"{file}: OpenCV cannot read it as YuNet ({error.err}); download it again from {_WHERE}"
            ) from error


_LOCK = threading.Lock()
