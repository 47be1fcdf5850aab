"""One clip: frames rendered on request, with their ground truth."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray

from mer.dataset.synthetic.camera import expose
from mer.dataset.synthetic.canvas import EYE_DISTANCE, EYE_LINE, Canvas
from mer.dataset.synthetic.casting import draw_performance, draw_timing
from mer.dataset.synthetic.face import coefficients
from mer.dataset.synthetic.identity import Identity, draw_identity
from mer.dataset.synthetic.motion import Motion
from mer.dataset.synthetic.noise import FRAME, stream
from mer.dataset.synthetic.performance import Performance, Timing
from mer.dataset.synthetic.settings import Settings
from mer.errors import DataError
from mer.types import FlowField, Image, Landmarks

__all__ = ["SyntheticClip", "pose_of", "sample_face", "sway_of"]

Array = NDArray[np.float64]
_VERSION = 1  # raise with every change that alters a byte of any frame


@dataclass(frozen=True, eq=False)
class SyntheticClip:
    """A clip of the generator; implements `mer.types.Clip` and adds the ground truth that only a generator has.

    Attributes
    ----------
    settings : Settings
    subject, number : int
        Which clip of which subject; both count from 1.
    label : str
        Its class.
    """

    settings: Settings
    subject: int
    number: int
    label: str

    @cached_property
    def identity(self) -> Identity:
        """The face."""
        return draw_identity(self.settings.seed, self.subject)

    @cached_property
    def performance(self) -> Performance:
        """What the face does."""
        return draw_performance(self.settings, self.subject, self.number, self.label, self.identity.points)

    @cached_property
    def timing(self) -> Timing:
        """When it happens."""
        return draw_timing(self.settings, self.subject, self.number)

    @property
    def frames(self) -> int:
        """Number of frames; they count from 0."""
        return self.timing.frames

    @property
    def action_units(self) -> tuple[str, ...]:
        """Names of the units that act, such as ``AU6L``, ``AU6R``, ``AU17``."""
        return tuple(action.name for action in self.performance.actions)

    def intensities(self, index: int) -> dict[str, float]:
        """Return how far each action unit moves the skin at its peak in a frame, in px at size 256."""
        self._check(index)
        return self.performance.intensities(index)

    def read(self, index: int) -> Image:
        """Render a frame, grey (H, W) or BGR (H, W, 3)."""
        settings = self.settings
        at = self._motion(index).inverse(*self._pixels())
        canvas = Canvas.of_size(settings.size)
        planes = sample_face(coefficients(settings.seed, self.subject, settings.size, settings.colour), canvas, at)
        return expose(settings, planes, stream(settings.seed, FRAME, self.subject, self.number, index))

    def landmarks(self, index: int) -> Landmarks:
        """Return the exact 68 points of a frame."""
        x, y = self.identity.points.T[:, None]
        return Landmarks(xy=np.stack(self._motion(index).forward(x, y), axis=-1)[0].astype(np.float32))

    def flow(self) -> FlowField | None:
        """Return None: the flow is to be computed from the frames; see `true_flow`."""
        return None

    def true_flow(self, start: int, stop: int) -> FlowField:
        """Return the exact flow between two frames on the pixel grid of the first, head motion included.

        Notes
        -----
        Exact everywhere: the wall stands still, and the space between it and the head deforms smoothly.
        """
        x, y = self._pixels()
        u, v = self._motion(stop).forward(*self._motion(start).inverse(x, y))
        return FlowField(uv=np.stack([u - x, v - y], axis=-1).astype(np.float32))

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of all that these frames depend on, their bytes not needed."""
        facts = (_VERSION, sorted(self.settings.of_clip().items()), self.subject, self.number, self.label, *indices)
        return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()

    def _check(self, index: int) -> None:
        if not 0 <= index < self.frames:
            raise DataError(
                f"synthetic sub{self.subject:02d} clip {self.number:02d}: frame {index} does not exist; "
                f"the frames are 0 to {self.frames - 1}"
            )

    def _motion(self, index: int) -> Motion:
        self._check(index)
        drift, size = self.performance.drift, self.settings.size
        sway = sway_of(drift.sway_at(index / self.timing.frames), size)
        return Motion(pose_of(drift.pose, size), sway, self.performance.skin(index))

    def _pixels(self) -> tuple[Array, Array]:
        side = np.arange(self.settings.size, dtype=np.float64)
        x, y = np.meshgrid(side, side)
        return x, y


def sample_face(planes: Array, canvas: Canvas, at: tuple[Array, Array]) -> Array:
    """Return the painted face, planes of `coefficients`, at points in face units, one for each pixel of a frame."""
    columns, rows = (at[0] - canvas.x[0]) / canvas.step, (at[1] - canvas.y[0]) / canvas.step
    return np.stack(
        [scipy.ndimage.map_coordinates(p, (rows, columns), order=3, mode="mirror", prefilter=False) for p in planes]
    )


def pose_of(place: Array, size: int) -> Array:
    """Return the matrix (2, 3), face units → pixels, of a head at `place`: x px, y px, roll rad, log zoom."""
    scale = EYE_DISTANCE * size
    pose = _similarity(place) * (scale, scale, 1)
    pose[:, 2] += (size - 1) / 2, EYE_LINE * size - 0.5
    return pose


def sway_of(place: Array, size: int) -> Array:
    """Return the same movement in face units, as what it adds to a point at rest, (2, 3)."""
    scale = EYE_DISTANCE * size
    return _similarity(place / (scale, scale, 1, 1)) - np.eye(2, 3)


def _similarity(place: Array) -> Array:
    """Return the (2, 3) matrix that shifts by x, y, turns (rad) and zooms (log) by `place`."""
    dx, dy, roll, zoom = place
    c, s = np.exp(zoom) * np.cos(roll), np.exp(zoom) * np.sin(roll)
    return np.array([[c, -s, dx], [s, c, dy]])
