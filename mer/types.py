"""What passes between the stages: frozen, checked on creation, arrays read-only.

Convention
----------
Image points are (x, y) in pixels, x to the right, y downwards, with pixel centres at integers: the centre of the
top-left pixel is (0, 0). Angles are measured in that frame, so +90° points down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from mer.errors import DataError

__all__ = [
    "AlignedPair",
    "Aligner",
    "Clip",
    "Dataset",
    "Descriptor",
    "Exclusion",
    "FeatureTable",
    "Float32",
    "FlowBackbone",
    "FlowField",
    "FoldResult",
    "FramePair",
    "FrameSampler",
    "Image",
    "LandmarkFinder",
    "Landmarks",
    "LosoResult",
    "Manifest",
    "MotionRemoval",
    "RegionScheme",
    "Regions",
    "Sample",
    "SequenceBackbone",
    "frozen_array",
]

Image = NDArray[np.uint8]
Float32 = NDArray[np.float32]


def frozen_array(values: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """Return `values` as a read-only array of `dtype`; copies only where it must; the caller's own stays writeable."""
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _freeze(owner: object, name: str, dtype: DTypeLike) -> NDArray[Any]:
    array = frozen_array(getattr(owner, name), dtype)
    object.__setattr__(owner, name, array)
    return array


def _freeze_further(owner: object, shape: tuple[int, ...]) -> None:
    """Make the fields `between` and `after` tuples of read-only images of one shape."""
    for name in ("between", "after"):
        frames = tuple(frozen_array(frame, np.uint8) for frame in getattr(owner, name))
        odd = [frame.shape for frame in frames if frame.shape != shape]
        _require(not odd, f"all frames of a sequence must have one size, got {[shape, *odd][:2]}")
        object.__setattr__(owner, name, frames)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise DataError(message)


class Clip(Protocol):
    """Where the frames (or the ready-made flow) of a sample come from; reads on demand, never everything."""

    def read(self, index: int) -> Image:
        """Return frame `index` (numbered as onset, apex and offset are), grey (H, W) or BGR (H, W, 3)."""

    def landmarks(self, index: int) -> Landmarks | None:
        """Return the landmarks stored for frame `index`, None where the data set has none."""

    def flow(self) -> FlowField | None:
        """Return the ready-made flow onset → apex, None where it has to be computed from the frames."""

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of all bytes that `read`, `landmarks` and `flow` depend on for these frames."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One micro-expression: who, what, which frames.

    Attributes
    ----------
    id : str
        Unique in the data set.
    dataset : str
        Name of the data set it was read from, such as ``casme2``.
    subject : str
        Unique across data sets, such as ``casme2/sub01``.
    label : str
        Class name.
    onset, apex, offset : int
        Frame numbers in the clip's own counting, onset ≤ apex ≤ offset.
    fps : float
        Frames a second; 0 where unknown.
    clip : Clip
        Where the frames are.
    """

    id: str
    dataset: str
    subject: str
    label: str
    onset: int
    apex: int
    offset: int
    fps: float
    clip: Clip = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = self.onset <= self.apex <= self.offset
        _require(
            ordered,
            f"{self.dataset} {self.id}: onset {self.onset}, apex {self.apex}, offset {self.offset} are not in order; "
            "correct the annotation or leave the clip out",
        )


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """A clip that is left out, and why.

    Attributes
    ----------
    sample_id : str
    reason : str
        One clause that a user can act on.
    fault : bool
        True for bad input (stops a run unless ``bad_clips=exclude``), False for what the protocol leaves out.
    """

    sample_id: str
    reason: str
    fault: bool = False


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a data set holds, before any frame is read.

    Attributes
    ----------
    samples : tuple of Sample
    classes : tuple of str
        All class names, in the fixed order that scores and confusion matrices use.
    excluded : tuple of Exclusion
    notes : mapping
        Facts for protocol.json: source of the apex, options of the reader.
    """

    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    excluded: tuple[Exclusion, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [sample.id for sample in self.samples]
        twice = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
        _require(not twice, f"sample ids must be unique, and {', '.join(twice[:5])} occur twice: rename or remove one")


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
        xy = _freeze(self, "xy", np.float32)
        _require(xy.shape == (68, 2), f"landmarks must have shape (68, 2), got {xy.shape}")
        _require(bool(np.isfinite(xy).all()), "landmarks must be finite; a face that was not found must raise instead")


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
        onset, apex = _freeze(self, "onset", np.uint8), _freeze(self, "apex", np.uint8)
        _require(
            onset.ndim == 2 and onset.shape == apex.shape,
            f"onset and apex must be grey images of one size, got {onset.shape} and {apex.shape}",
        )
        _freeze_further(self, onset.shape)

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
        onset, apex = _freeze(self, "onset", np.uint8), _freeze(self, "apex", np.uint8)
        _require(onset.shape == apex.shape, f"onset and apex must have one size, got {onset.shape} and {apex.shape}")
        _require(_freeze(self, "matrix", np.float64).shape == (2, 3), "matrix must have shape (2, 3)")
        _freeze_further(self, onset.shape)

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
        uv = _freeze(self, "uv", np.float32)
        _require(uv.ndim == 3 and uv.shape[2] == 2, f"flow must have shape (H, W, 2), got {uv.shape}")
        _require(bool(np.isfinite(uv).all()), "flow must be finite")

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
        _require((self.labels is None) != (self.weights is None), "regions need either labels or weights")
        mass = self._check_labels() if self.labels is not None else self._check_weights()
        empty = [name for name, m in zip(self.names, mass, strict=True) if m <= 0]
        _require(
            not empty, f"no region may be empty, and {', '.join(empty[:5])} cover no pixel: is the face in the frame?"
        )

    def _check_labels(self) -> NDArray[Any]:
        labels = _freeze(self, "labels", np.int16)
        _require(labels.ndim == 2, f"labels must have shape (H, W), got {labels.shape}")
        inside = labels.min(initial=-1) >= -1 and labels.max(initial=-1) < len(self.names)
        _require(bool(inside), f"labels must lie in [-1, {len(self.names) - 1}]")
        return np.bincount(labels.ravel() + 1, minlength=len(self.names) + 1)[1:]

    def _check_weights(self) -> NDArray[Any]:
        weights = _freeze(self, "weights", np.float32)
        _require(
            weights.ndim == 3 and len(weights) == len(self.names), f"weights must have shape ({len(self.names)}, H, W)"
        )
        _require(bool(np.isfinite(weights).all() and (weights >= 0).all()), "weights must be finite and not negative")
        return np.asarray(weights.sum(axis=(1, 2)))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        array = self.labels if self.labels is not None else self.weights
        assert array is not None
        return array.shape[-2], array.shape[-1]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureTable:
    """One row a clip; the order of the rows carries no meaning.

    Attributes
    ----------
    X : ndarray of float32, shape (N, D)
    y : ndarray of int64, shape (N,)
        Index into `classes`.
    subject, sample_id, dataset : ndarray of str, shape (N,)
    columns : tuple of str
        D names.
    classes : tuple of str
    """

    X: Float32
    y: NDArray[np.int64]
    subject: NDArray[np.str_]
    sample_id: NDArray[np.str_]
    dataset: NDArray[np.str_]
    columns: tuple[str, ...]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        X, y = _freeze(self, "X", np.float32), _freeze(self, "y", np.int64)
        rows = [len(X), len(y), *(len(_freeze(self, name, np.str_)) for name in ("subject", "sample_id", "dataset"))]
        _require(X.ndim == 2 and len(set(rows)) == 1, f"all columns of the table must have one length, got {rows}")
        _require(X.shape[1] == len(self.columns), f"{X.shape[1]} features, but {len(self.columns)} column names")
        _require(bool(np.isfinite(X).all()), "features must be finite")
        _require(bool(((y >= 0) & (y < len(self.classes))).all()), "labels must be indices into classes")

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldResult:
    """What one outer fold gave; written atomically, the unit of resuming.

    Attributes
    ----------
    fold : str
        Name of what was left out; the subject in LOSO.
    sample_id : tuple of str
        Clips of the test side.
    y_true, y_pred : ndarray of int64, shape (n,)
        Indices into the class list.
    scores : ndarray of float64, shape (n, classes)
        Decision values, NaN for a class that the training side does not hold.
    parameters : mapping
        Chosen hyperparameters.
    inner_score : float
        Objective on the inner folds, NaN where nothing was tuned.
    seconds : float
    trials : tuple of mapping
        One a trial of the search, in order; empty where nothing was tuned.
    """

    fold: str
    sample_id: tuple[str, ...]
    y_true: NDArray[np.int64]
    y_pred: NDArray[np.int64]
    scores: NDArray[np.float64]
    parameters: Mapping[str, Any]
    inner_score: float
    seconds: float
    trials: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        y_true, y_pred = _freeze(self, "y_true", np.int64), _freeze(self, "y_pred", np.int64)
        scores = _freeze(self, "scores", np.float64)
        lengths = {len(self.sample_id), len(y_true), len(y_pred), len(scores)}
        _require(
            len(lengths) == 1, f"fold {self.fold}: every clip of the test side needs one prediction, got {lengths}"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LosoResult:
    """All folds of one evaluation; every sample is predicted exactly once.

    Attributes
    ----------
    folds : tuple of FoldResult
    table : FeatureTable
        What was evaluated.
    """

    folds: tuple[FoldResult, ...]
    table: FeatureTable

    def __post_init__(self) -> None:
        predicted = sorted(i for fold in self.folds for i in fold.sample_id)
        _require(predicted == sorted(self.table.sample_id.tolist()), "every sample must be predicted exactly once")


class Dataset(Protocol):
    """Stage 1. `entry` says where its samples enter the pipeline: with frames, or with ready-made flow."""

    @property
    def name(self) -> str:
        """Name of the data set, such as ``casme2``."""

    @property
    def entry(self) -> Literal["frames", "flow"]:
        """Where the samples enter the pipeline."""

    def load(self) -> Manifest:
        """Read the annotations (no frames) and return what is there, what is left out, and why."""


class FrameSampler(Protocol):
    """Stage 2: `Sample` → `FramePair`."""

    @property
    def gives(self) -> Literal["pair", "sequence"]:
        """Whether a clip gives onset and apex alone, or further frames between and after them."""

    def __call__(self, sample: Sample) -> FramePair:
        """Read the frames."""

    def indices(self, sample: Sample) -> tuple[int, ...]:
        """Return the numbers of the frames that a call reads (for the cache's key)."""


class LandmarkFinder(Protocol):
    """Stage 3 (network 1): image → `Landmarks`."""

    def __call__(self, image: Image) -> Landmarks:
        """Find the face in a grey (H, W) or BGR (H, W, 3) image; raise `FaceNotFoundError` where there is none."""

    def of_pair(self, pair: FramePair) -> Landmarks:
        """Return the landmarks of the onset frame, on which the alignment of both frames rests."""


class Aligner(Protocol):
    """Stage 4: frames and landmarks → `AlignedPair`."""

    def __call__(self, pair: FramePair, landmarks: Landmarks) -> AlignedPair:
        """Move all frames by one matrix."""


class FlowBackbone(Protocol):
    """Stage 5 (network 2): onset, apex → `FlowField`."""

    def __call__(self, onset: Image, apex: Image) -> FlowField:
        """Return the flow of one pair of grey images (H, W)."""

    def batch(self, onsets: Sequence[Image], apexes: Sequence[Image]) -> list[FlowField]:
        """Return the flow of several pairs; the same values as one by one."""


class SequenceBackbone(Protocol):
    """Stage 5 for sequences: frames → one `FlowField` for each after the first."""

    def __call__(self, frames: Sequence[Image]) -> list[FlowField]:
        """Return the flow from the first frame to each of the others."""


class MotionRemoval(Protocol):
    """Stage 5b: takes the head's own motion out of the flow."""

    def __call__(self, flow: FlowField, landmarks: Landmarks | None) -> FlowField:
        """Return what is left of the flow."""


class RegionScheme(Protocol):
    """Stage 6: landmarks, shape → `Regions`."""

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the regions of a face on an image of (height, width); grids need no landmarks."""


class Descriptor(Protocol):
    """Stage 7: flow and regions → one feature row."""

    def __call__(self, flow: FlowField, regions: Regions) -> Float32:
        """Return the row, shape (D,)."""

    def sequence(self, flows: Float32, regions: Regions) -> Float32:
        """Return the row, shape (D,), of a sequence of fields (T, H, W, 2) in the regions of its onset."""

    def columns(self, regions: Regions) -> tuple[str, ...]:
        """Return the D names of the row's entries."""
