"""MediaPipe's face landmarker, its 478 points mapped to 68: for those who have its package and model."""

from __future__ import annotations

import hashlib
import threading
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mer.errors import ConfigError, DataError
from mer.landmarks.base import ImageLandmarks
from mer.store.atomic import write_atomically
from mer.store.roles import contents
from mer.types import Image, Landmarks
from mer.validation import require_integer, require_number, user_path

__all__ = ["TO_68", "Mediapipe"]

_WHERE = "https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker"

# Vertex of MediaPipe's mesh nearest to each iBUG point. The mesh has no exact counterpart of the jaw line.
TO_68 = (
    *(127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356),  # jaw
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)


@dataclass(frozen=True, kw_only=True)
class Mediapipe(ImageLandmarks):
    """Face landmarker of MediaPipe Tasks.

    Attributes
    ----------
    model : str or None
        The file ``face_landmarker.task``; not part of mer. Where it does not exist and `sha256` is given, it is
        fetched from `url` once.
    url : str
        Where the file is to be had.
    sha256 : str or None
        What the fetched file must hash to; None fetches nothing.
    threshold : float
        Least confidence of a face, in (0, 1).
    most : int
        Faces per frame, ≥ 1.
    """

    model: str | None = contents()
    url: str
    sha256: str | None
    threshold: float
    most: int

    def __post_init__(self) -> None:
        require_number("landmarks.threshold", self.threshold, low=0.001, high=0.999)
        require_integer("landmarks.most", self.most, low=1)

    def _faces(self, image: Image) -> list[Landmarks]:
        colour = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB)
        package, engine = self._engine
        with _LOCK:
            result = engine.detect(package.Image(image_format=package.ImageFormat.SRGB, data=colour))
        size = np.array(image.shape[1::-1])
        # MediaPipe counts from the corner of the first pixel, 0, to that of the last, 1.
        meshes = [np.array([(p.x, p.y) for p in mesh]) * size - 0.5 for mesh in result.face_landmarks]
        found = [Landmarks(xy=mesh[list(TO_68)].astype(np.float32)) for mesh in meshes]
        return sorted(found, key=lambda face: -float(np.ptp(face.xy, axis=0).prod()))

    def _follow(self, image: Image, last: Landmarks) -> Landmarks | None:
        middle = last.xy.mean(axis=0)
        return min(self._faces(image), key=lambda face: np.linalg.norm(face.xy.mean(axis=0) - middle), default=None)

    @cached_property
    def _engine(self) -> tuple[Any, Any]:
        if self.model is None:
            raise ConfigError(f"landmarks=mediapipe needs landmarks.model=FILE, face_landmarker.task, see {_WHERE}")
        try:
            import mediapipe as package
            from mediapipe.tasks.python import BaseOptions, vision
        except ImportError as error:
            raise ConfigError("landmarks=mediapipe: not installed; pip install mediapipe brings it") from error
        file = user_path("landmarks.model", self.model)
        if not file.is_file():
            _fetch(self.url, self.sha256, file)
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(file)),
            num_faces=self.most,
            min_face_detection_confidence=self.threshold,
        )
        try:
            return package, vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise DataError(f"{file}: MediaPipe cannot read it ({error}); download it again, see {_WHERE}") from error


_LOCK = threading.Lock()


def _fetch(url: str, sha256: str | None, file: Path) -> None:
    if sha256 is None:
        raise DataError(
            f"{file}: no such file; get face_landmarker.task from {url}, or give landmarks.sha256 to have it fetched"
        )
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            data = answer.read()
    except (ValueError, OSError) as error:
        raise DataError(f"{url}: cannot be fetched ({error}); fetch it by hand and set landmarks.model") from error
    got = hashlib.sha256(data).hexdigest()
    if got != sha256.lower():
        raise DataError(
            f"{url}: the downloaded file has the SHA-256 {got}, not landmarks.sha256={sha256}; it was not kept"
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, data)
    except OSError as error:
        raise DataError(f"{file}: cannot be written ({error.strerror}); choose another landmarks.model") from error
