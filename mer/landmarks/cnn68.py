"""Network 1: finds the face in a frame and its 68 points, with two small networks of our own.

A detector proposes squares that may contain a face; in the crop of each, a second network finds the points and says
whether it sees a face at all. The points are found a second time in the crop that the first ones give, so that they do
not depend on how well the detector had aimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from mer.errors import ConfigError
from mer.geometry.ibug68 import MIRROR
from mer.geometry.similarity import on_grid, transformed
from mer.landmarks.base import ImageLandmarks, rounded
from mer.landmarks.crop import crop_matrix, cut, grey
from mer.landmarks.several import distinct, roll_of, within
from mer.store.roles import contents, device
from mer.types import Image, Landmarks, Numbers
from mer.validation import require_choice, require_device, require_integer, require_number, require_present, user_path

if TYPE_CHECKING:
    from mer.landmarks.weights import Weights

__all__ = ["BUNDLED", "Cnn68"]

BUNDLED = Path(__file__).parent / "weights" / "cnn68.npz"

_CANDIDATES = 8  # squares a frame that are looked at, best first
# Steps of the matrix of a crop, linear part and shift (frame pixels), for a crop of about the frame's resolution. The
# network gives it to 1e-5 px, and with other rounding differences on one processor to another: off such a grid no two
# processors would look at the same pixels. The exact place of a crop does not matter: it is jittered in training.
_LINEAR, _SHIFT = 1 / 1024, 1 / 16
_ROLL = 60  # degrees beyond which points are not to be trusted
# Upright faces score more: 0.9998 at 30° of roll, 0.998 at 45°. What is seen in faces upside down scores 0.98 at most.
_SURE = 0.99


@dataclass(frozen=True, kw_only=True)
class Cnn68(ImageLandmarks):
    """Face and landmarks by the bundled networks, or by those of a file.

    Attributes
    ----------
    weights : str or None
        File of weights made by ``mer train landmarks``; None takes those that come with mer.
    searches : sequence of int
        The frame is searched with its longer side reduced to each of these pixels in turn, until a face is found. A
        frame that is smaller is searched as it is.
    candidate : float
        Score of a square, in (0, 1), from which its crop is looked at.
    threshold : float
        Score of a face, in (0, 1), below which it counts as not found.
    choose : {"largest", "likeliest"}
        Which of several faces is taken.
    passes : int
        How often the points of a face that was searched for are found, each time in the crop that the last ones give;
        ≥ 1. Those of a face that is followed are found once, in one crop.
    views : sequence of float
        In the last pass each face that was searched for is looked at in crops of these sizes, 1 = that of training, and
        the mean is taken: less error and less landmark jitter with each look.
    mirror : bool
        Look at all of them in a mirror too. Points then lie where a mirror-symmetric eye would put them: what the
        annotators of the training set did in favour of one side drops out.
    device : str
        ``cpu``, or ``cuda`` or ``cuda:N`` where there is one.
    threads : int
        CPU threads per frame, for all of torch in this process; ≥ 1. Clips run side by side already.

    Notes
    -----
    Finds faces whose roll is 45° or less; see the model card for its errors. What it sees in a face upside down is no
    face: where it is not sure, frames turned by 90°, 180° and 270° are searched, too, and a sure face in one of them
    means that none is found in this one. Points that say a roll of more than 60° are not returned.

    Differs from the paper, whose network is known by its abstract alone: the choice of both networks is ours.
    """

    weights: str | None = contents(bundled=BUNDLED)
    searches: Sequence[int]
    candidate: float
    threshold: float
    choose: Literal["largest", "likeliest"]
    passes: int
    views: Sequence[float]
    mirror: bool
    device: str = device()
    threads: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "searches", tuple(self.searches))
        object.__setattr__(self, "views", tuple(self.views))
        if not self.views:
            raise ConfigError("landmarks.views is empty; name at least one size of the crop, such as [1.0]")
        for view in self.views:
            require_number("landmarks.views", view, low=0.7, high=1.4)
        if not self.searches:
            raise ConfigError("landmarks.searches is empty; name at least one length in pixels, such as [320]")
        for longest in self.searches:
            require_integer("landmarks.searches", longest, low=32)
        for name in ("candidate", "threshold"):
            require_number(f"landmarks.{name}", getattr(self, name), low=0.001, high=0.999)
        require_choice("landmarks.choose", self.choose, ("largest", "likeliest"))
        require_integer("landmarks.passes", self.passes, low=1)
        require_integer("landmarks.threads", self.threads, low=1)
        require_device("landmarks.device", self.device)

    @cached_property
    def _networks(self) -> Weights:
        import torch

        from mer.landmarks.weights import load

        require_present("landmarks.device", self.device)
        torch.set_num_threads(self.threads)
        return load(user_path("landmarks.weights", self.weights) if self.weights is not None else BUNDLED, self.device)

    def _faces(self, image: Image) -> list[Landmarks]:
        frame = grey(image)
        for longest in self._lengths(frame):
            found = [face for face in self._search(frame, longest) if abs(roll_of(face)) <= _ROLL]
            if found:
                sure = max(face.score for face in found) >= _SURE or self._turned(frame, longest) is None
                return sorted(found, key=self._preference) if sure else []
        return []

    def turned(self, image: Image) -> int | None:
        """Return the roll in degrees, clockwise, of a face that is too far from upright; None where there is none."""
        frame = grey(image)
        return self._turned(frame, self._lengths(frame)[0])

    def _turned(self, frame: Image, longest: int) -> int | None:
        turns = [(90 * k, np.ascontiguousarray(np.rot90(frame, k))) for k in (1, 2, 3)]
        found = [(face.score, roll_of(face) + by) for by, part in turns for face in self._search(part, longest)]
        score, roll = max(found, default=(0.0, 0.0))
        return round((roll + 180) % 360 - 180) if score >= _SURE else None

    def _follow(self, image: Image, last: Landmarks) -> Landmarks | None:
        return next(iter(self.refined(image, [last.xy], views=(1.0,))), None)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean shape (68, 2) in the unit square."""
        return self._networks.mean

    def refined(
        self, image: Image, shapes: Sequence[Numbers], *, views: Sequence[float] | None = None
    ) -> list[Landmarks]:
        """Return the faces of a frame that are about where `shapes`, each (68, 2), lie; the preferred one first.

        Parameters
        ----------
        image : ndarray of uint8
            Grey (H, W) or BGR (H, W, 3).
        shapes : sequence of ndarray, shape (68, 2)
            In pixels of the frame.
        views : sequence of float, optional
            Sizes of the crops that each is looked at in; those of a face that was searched for where none are given.
        """
        matrices = [self._matrix(shape) for shape in shapes]
        found = self._points(grey(image), matrices, 1, self.views if views is None else views)
        kept = distinct([face for face in found if face.score >= self.threshold])
        return [rounded(face) for face in sorted(kept, key=self._preference)]

    def _lengths(self, frame: Image) -> list[int]:
        """Return the lengths to search at, each once, none larger than the frame."""
        longest = max(frame.shape)
        return list(dict.fromkeys(min(length, longest) for length in self.searches))

    def _search(self, frame: Image, longest: int) -> list[Landmarks]:
        from mer.landmarks.detect import candidates

        net = self._networks
        squares = candidates(net.faces, frame, longest, self.candidate, self.device)[:_CANDIDATES]
        squares = [square for at, square in enumerate(squares) if not within(square, squares[:at])]
        if not squares:
            return []
        found = self._points(
            frame, [_steady(square.steady().matrix(net.side)) for square in squares], self.passes, self.views
        )
        return distinct([face for face in found if face.score >= self.threshold])

    def _points(
        self, frame: Image, matrices: Sequence[Numbers], passes: int, views: Sequence[float]
    ) -> list[Landmarks]:
        """Return the face in each crop; its score is the network's, times the share of points that lie in the frame."""
        for _ in range(passes - 1):
            shapes, _ = self._seen(frame, matrices, mirror=False)
            matrices = [self._matrix(shape) for shape in shapes]
        looks = [self._zoomed(matrix, view) for view in views for matrix in matrices]
        seen = [self._seen(frame, looks, mirror=mirror) for mirror in ((False, True) if self.mirror else (False,))]
        shapes = np.concatenate([xy for xy, _ in seen]).reshape(-1, len(matrices), 68, 2).mean(axis=0)
        scores = np.concatenate([score for _, score in seen]).reshape(-1, len(matrices)).mean(axis=0)
        size = np.array(frame.shape[::-1])
        inside = ((shapes > -0.5) & (shapes < size - 0.5)).all(axis=2).mean(axis=1)
        pairs = zip(shapes.astype(np.float32), scores * inside, strict=True)
        return [Landmarks(xy=shape, score=float(score)) for shape, score in pairs]

    def _matrix(self, shape: Numbers) -> NDArray[np.float64]:
        """Return the matrix of the crop in which the points of a shape are looked for."""
        return _steady(crop_matrix(shape, self.mean, self._networks.side))

    def _zoomed(self, matrix: Numbers, view: float) -> NDArray[np.float64]:
        """Return the matrix of a crop about the same middle, `view` times as large."""
        zoomed = np.asarray(matrix * view, dtype=np.float64)
        zoomed[:, 2] = matrix[:, 2] + matrix[:, :2].sum(axis=1) * ((self._networks.side - 1) / 2 * (1 - view))
        return zoomed

    def _seen(
        self, frame: Image, matrices: Sequence[Numbers], *, mirror: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the shapes (N, 68, 2) that one look at each crop gives, pixels of the frame, and scores (N,)."""
        side = self._networks.side
        crops = np.stack([cut(frame, matrix, side, np.float32) for matrix in matrices])
        xy, scores = self._run(np.ascontiguousarray(crops[:, :, ::-1]) if mirror else crops)
        if mirror:
            xy = (xy * (-1, 1) + (side - 1, 0))[:, MIRROR]
        return np.stack([transformed(m, points) for m, points in zip(matrices, xy, strict=True)]), scores

    def _run(self, crops: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return points (N, 68, 2) in pixels of the crops (N, S, S), and scores (N,)."""
        import torch

        images = torch.from_numpy(crops[:, None])
        with torch.inference_mode():
            xy, logits = self._networks.points.locate(images.to(self.device, memory_format=torch.channels_last))
        return xy.cpu().numpy().astype(np.float64), torch.sigmoid(logits).cpu().numpy().astype(np.float64)

    def _preference(self, face: Landmarks) -> float:
        return -face.score if self.choose == "likeliest" else -float(np.ptp(face.xy, axis=0).prod())


def _steady(matrix: Numbers) -> NDArray[np.float64]:
    """Return the matrix of a crop, rounded so that every processor cuts the same one."""
    return on_grid(matrix, linear=_LINEAR, shift=_SHIFT)
