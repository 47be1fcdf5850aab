"""How far found landmarks lie from annotated ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mer.errors import FaceNotFoundError
from mer.geometry.ibug68 import eye_distance
from mer.landmarks.base import ImageLandmarks
from mer.training.landmarks.faces import Faces

__all__ = ["FAILURE", "accuracy", "errors"]

FAILURE = 0.1  # an error larger than this share of the eyes' distance counts as a failure


def errors(finder: ImageLandmarks, faces: Faces) -> NDArray[np.float64]:
    """Return the normalised mean error of every face, found in its whole image; infinite where none was found.

    Returns
    -------
    ndarray of float64, shape (N,)
        Mean distance of the 68 points over the distance of the outer eye corners.
    """
    return np.array([_error(finder, image, xy) for image, xy in zip(faces.images, faces.xy, strict=True)])


def _error(finder: ImageLandmarks, image: NDArray[np.uint8], xy: NDArray[np.float64]) -> float:
    try:
        found = finder(image).xy
    except FaceNotFoundError:
        return np.inf
    return float(np.linalg.norm(found - xy, axis=1).mean() / eye_distance(xy))


def accuracy(finder: ImageLandmarks, faces: Faces) -> Mapping[str, float]:
    """Return what `errors` comes to: mean and median of the faces found, shares of failures and of faces not found."""
    every = errors(finder, faces)
    found = every[np.isfinite(every)]
    return {
        "nme_mean": float(found.mean()) if len(found) else np.inf,
        "nme_median": float(np.median(every)),
        "failures": float((every > FAILURE).mean()),
        "not_found": float(np.isinf(every).mean()),
        "faces": float(len(faces)),
    }
