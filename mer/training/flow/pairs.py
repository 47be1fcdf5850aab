"""Draws training pairs: an image, a motion, two renderings of one quality, and what a camera does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter

from mer.training.draws import name_by_share, rotation
from mer.training.flow.degrade import Degradation
from mer.training.flow.fields import Fields
from mer.training.flow.training_images import Face
from mer.training.images import texture
from mer.types import Numbers

__all__ = ["Pairs", "sampled"]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The distribution that the network is trained on.

    Attributes
    ----------
    images : dict of str to float
        Relative frequency of ``face``, ``generated`` and ``texture``.
    face_fields, texture_fields : Fields
        Motions of real faces and of made-up textures; generated frames bring their own.
    degradations : dict of str to Degradation
        What may happen to a pair, by name.
    degradation_shares : dict of str to float
        Relative frequency of each of these names.
    place_share : float
        Probability that the face is turned, zoomed and mirrored before it moves; else it is cut on whole pixels.
    turn : float
        Largest such turn, degrees.
    zoom : tuple of (float, float)
        Least and largest such zoom.
    """

    images: dict[str, float]
    face_fields: Fields
    texture_fields: Fields
    degradations: dict[str, Degradation]
    degradation_shares: dict[str, float]
    place_share: float
    turn: float
    zoom: tuple[float, float]

    def __call__(
        self, rng: np.random.Generator, size: int, faces: Sequence[Face], ready: Sequence[tuple[Numbers, Numbers]]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Draw one pair.

        Parameters
        ----------
        rng : numpy.random.Generator
        size : int
            Side in pixels.
        faces : sequence of Face
        ready : sequence of (frames (2, H, W), flow (H, W, 2))
            Pairs of a generator with known flow.

        Returns
        -------
        pair : ndarray of uint8, shape (2, size, size)
        flow : ndarray of float32, shape (2, size, size)
        """
        kind = name_by_share(rng, self.images)
        if kind == "generated":
            pair, flow = _cut(rng, size, *ready[int(rng.integers(len(ready)))])
        elif kind == "face":
            pair, flow = self._of_face(rng, size, faces[int(rng.integers(len(faces)))])
        else:
            flow = self.texture_fields(rng, size, None)
            scene = spline_filter(texture(rng, size + 32), output=np.float32, mode="mirror")
            pair = sampled(scene, np.array([[1, 0, 16], [0, 1, 16]], np.float32), flow)
        degradation = self.degradations[name_by_share(rng, self.degradation_shares)]
        return degradation(rng, pair.astype(np.float32)), np.ascontiguousarray(np.moveaxis(flow, -1, 0))

    def _of_face(self, rng: np.random.Generator, size: int, face: Face) -> tuple[Numbers, Numbers]:
        matrix = self._placed(rng, size, face)
        inverse = np.linalg.inv(matrix[:, :2])
        points = (face.points - matrix[:, 2]) @ inverse.T
        inside = points[((points > -8) & (points < size + 8)).all(axis=1)]
        flow = self.face_fields(rng, size, inside if len(inside) else None)
        return sampled(face.coefficients, matrix, flow), flow

    def _placed(self, rng: np.random.Generator, size: int, face: Face) -> Numbers:
        """Return the matrix (2, 3) from pixels of the cut to pixels of the face, the cut near its landmarks."""
        side, half = len(face.image), (size - 1) / 2
        middle = face.points[rng.integers(len(face.points))] + rng.normal(0, 16, 2)
        linear = np.eye(2)
        if rng.random() < self.place_share:
            turned = rotation(np.radians(rng.uniform(-self.turn, self.turn)))
            linear = turned / rng.uniform(*self.zoom) * [rng.choice([-1, 1]), 1]
        else:
            middle = np.clip(middle, half, side - 1 - half)
            middle = np.floor(middle) + half % 1
        return np.asarray(np.column_stack([linear, middle - linear @ [half, half]]), dtype=np.float32)


def sampled(coefficients: Numbers, matrix: Numbers, flow: Numbers) -> Numbers:
    """Render both frames of a scene that moves by `flow`, exactly and by one interpolation.

    Parameters
    ----------
    coefficients : ndarray of float32
        Cubic spline coefficients of the scene.
    matrix : ndarray, shape (2, 3)
        Pixels of the frame → pixels of the scene.
    flow : ndarray, shape (H, W, 2)
        From the first frame to the second, on the grid of the first.

    Returns
    -------
    ndarray of float32, shape (2, H, W)
        The second is the scene as `matrix` places it; the first shows at p what the second has at p + flow(p).

    Notes
    -----
    SciPy's cubic spline: kornia samples bilinearly, and its blur, which changes with the motion, would be in the truth.
    """
    y, x = (grid.astype(np.float32) for grid in np.mgrid[: flow.shape[0], : flow.shape[1]])
    frames = []
    for u, v in ((x + flow[..., 0], y + flow[..., 1]), (x, y)):
        at = [matrix[k, 0] * u + matrix[k, 1] * v + matrix[k, 2] for k in (1, 0)]
        frames.append(map_coordinates(coefficients, at, output=np.float32, order=3, mode="mirror", prefilter=False))
    return np.stack(frames)


def _cut(rng: np.random.Generator, size: int, frames: Numbers, flow: Numbers) -> tuple[Numbers, Numbers]:
    top, left = rng.integers(0, frames.shape[1] - size + 1), rng.integers(0, frames.shape[2] - size + 1)
    window = np.s_[top : top + size, left : left + size]
    pair, flow = frames[(slice(None), *window)], flow[window]
    if rng.random() < 0.5:
        pair, flow = pair[..., ::-1], flow[:, ::-1] * np.array([-1, 1], np.float32)
    return pair, flow
