"""What passes between the stages as arrays: frozen, checked on creation, read-only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mer.errors import DataError

__all__ = [
    "AlignedPair",
    "Float32",
    "FlowField",
    "FramePair",
    "Image",
    "Landmarks",
    "Numbers",
    "Regions",
    "frozen_array",
]

Image = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Numbers = NDArray[np.integer | np.floating]  # whole or with a fraction, of any width
Scalar = TypeVar("Scalar", bound=np.generic)


def frozen_array(values: ArrayLike, dtype: type[Scalar]) -> NDArray[Scalar]:
    """Return `values` as a read-only array of `dtype`; copies only where it must; the caller's own stays writeable."""
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def freeze_field(owner: object, name: str, dtype: type[Scalar]) -> NDArray[Scalar]:
    array = frozen_array(getattr(owner, name), dtype)
    object.__setattr__(owner, name, array)
    return array


def freeze_further(owner: object, shape: tuple[int, ...]) -> None:
    """Make the fields `between` and `after` tuples of read-only images of one shape."""
    for name in ("between", "after"):
        frames = tuple(frozen_array(frame, np.uint8) for frame in getattr(owner, name))
        odd = [frame.shape for frame in frames if frame.shape != shape]
        require(not odd, f"all frames of a sequence must have one size, got {[shape, *odd][:2]}")
        object.__setattr__(owner, name, frames)


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, sorted."""
    return sorted(name for name, times in Counter(names).items() if times > 1)


def require(condition: bool, message: str) -> None:
    if not condition:
        raise DataError(message)


@dataclass(frozen=True, kw_only=True, eq=False)
class Landmarks:
    """The 68 facial points of a frame, in the iBUG order.

    Attributes
    ----------
    xy : ndarray of float32, shape (68, 2)
        Pixels.
    score : float
        Confidence in [0, 1]; 1 for exact or hand-made landmarks.
    """

    xy: Float32
    score: float = 1.0

    def __post_init__(self) -> None:
        xy = freeze_field(self, "xy", np.float32)
        require(xy.shape == (68, 2), f"landmarks must have shape (68, 2), got {xy.shape}")
        require(bool(np.isfinite(xy).all()), "landmarks must be finite; a face that was not found must raise instead")


@dataclass(frozen=True, kw_only=True, eq=False)
class FramePair:
    """Onset and apex frame as grey images of one shape, with the landmarks that the data set stores for them, if any.

    Attributes
    ----------
    onset, apex : ndarray of uint8, shape (H, W)
    onset_landmarks, apex_landmarks : Landmarks or None
    between, after : tuple of ndarray of uint8, shape (H, W)
        Further frames of a sequence, in order of time: those between onset and apex, and those after the apex.
    """

    onset: Image
    apex: Image
    onset_landmarks: Landmarks | None = None
    apex_landmarks: Landmarks | None = None
    between: tuple[Image, ...] = ()
    after: tuple[Image, ...] = ()

    def __post_init__(self) -> None:
        onset, apex = freeze_field(self, "onset", np.uint8), freeze_field(self, "apex", np.uint8)
        require(
            onset.ndim == 2 and onset.shape == apex.shape,
            f"onset and apex must be grey images of one size, got {onset.shape} and {apex.shape}",
        )
        freeze_further(self, onset.shape)

    @property
    def frames(self) -> tuple[Image, ...]:
        """All frames in order of time."""
        return self.onset, *self.between, self.apex, *self.after


@dataclass(frozen=True, kw_only=True, eq=False)
class AlignedPair:
    """All frames in the template's coordinates, moved by one matrix, so that only the face's own motion remains.

    Attributes
    ----------
    onset, apex : ndarray of uint8, shape (S, S)
    landmarks : Landmarks
        Of the onset, in aligned pixels.
    matrix : ndarray of float64, shape (2, 3)
        Source pixels → aligned pixels.
    between, after : tuple of ndarray of uint8, shape (S, S)
        Further frames of a sequence, see `FramePair`.
    """

    onset: Image
    apex: Image
    landmarks: Landmarks
    matrix: NDArray[np.float64]
    between: tuple[Image, ...] = ()
    after: tuple[Image, ...] = ()

    def __post_init__(self) -> None:
        onset, apex = freeze_field(self, "onset", np.uint8), freeze_field(self, "apex", np.uint8)
        require(onset.shape == apex.shape, f"onset and apex must have one size, got {onset.shape} and {apex.shape}")
        require(freeze_field(self, "matrix", np.float64).shape == (2, 3), "matrix must have shape (2, 3)")
        freeze_further(self, onset.shape)

    @property
    def frames(self) -> tuple[Image, ...]:
        """All frames in order of time."""
        return self.onset, *self.between, self.apex, *self.after


@dataclass(frozen=True, kw_only=True, eq=False)
class FlowField:
    """Dense motion from onset to apex.

    Attributes
    ----------
    uv : ndarray of float32, shape (H, W, 2)
        Pixels; [..., 0] to the right, [..., 1] downwards; the point p of the onset is at p + uv(p) in the apex.
    """

    uv: Float32

    def __post_init__(self) -> None:
        uv = freeze_field(self, "uv", np.float32)
        require(uv.ndim == 3 and uv.shape[2] == 2, f"flow must have shape (H, W, 2), got {uv.shape}")
        require(bool(np.isfinite(uv).all()), "flow must be finite")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.uv.shape[0], self.uv.shape[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Regions:
    """The regions of interest of one face, either hard (a label map) or soft (a weight map each).

    Attributes
    ----------
    names : tuple of str
        One a region, in the order of the descriptor's columns.
    labels : ndarray of int16, shape (H, W), or None
        Index of the region that a pixel belongs to, −1 for none; given for hard regions.
    weights : ndarray of float32, shape (R, H, W), or None
        Membership in [0, 1]; given for soft or overlapping regions. Exactly one of the two is given.
    """

    names: tuple[str, ...]
    labels: NDArray[np.int16] | None = None
    weights: Float32 | None = None

    def __post_init__(self) -> None:
        require((self.labels is None) != (self.weights is None), "regions need either labels or weights")
        mass = self._check_labels() if self.labels is not None else self._check_weights()
        empty = [name for name, m in zip(self.names, mass, strict=True) if m <= 0]
        require(
            not empty, f"no region may be empty, and {', '.join(empty[:5])} cover no pixel: is the face in the frame?"
        )

    def _check_labels(self) -> Numbers:
        labels = freeze_field(self, "labels", np.int16)
        require(labels.ndim == 2, f"labels must have shape (H, W), got {labels.shape}")
        inside = labels.min(initial=-1) >= -1 and labels.max(initial=-1) < len(self.names)
        require(bool(inside), f"labels must lie in [-1, {len(self.names) - 1}]")
        return np.bincount(labels.ravel() + 1, minlength=len(self.names) + 1)[1:]

    def _check_weights(self) -> Numbers:
        weights = freeze_field(self, "weights", np.float32)
        require(
            weights.ndim == 3 and len(weights) == len(self.names), f"weights must have shape ({len(self.names)}, H, W)"
        )
        require(bool(np.isfinite(weights).all() and (weights >= 0).all()), "weights must be finite and not negative")
        return np.asarray(weights.sum(axis=(1, 2)))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        array = self.labels if self.labels is not None else self.weights
        assert array is not None
        return array.shape[-2], array.shape[-1]

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        array = self.labels if self.labels is not None else self.weights
        assert array is not None
        return array.nbytes

    def __len__(self) -> int:
        return len(self.names)
