"""Flow of a whole clip: from the onset to each frame, directly or along the path of every skin point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.errors import DataError
from mer.types import Float32, FlowBackbone, FlowField, Image
from mer.validation import require_choice

__all__ = ["SequenceFlow", "followed"]


@dataclass(frozen=True, kw_only=True)
class SequenceFlow:
    """Flow from the first frame to every later one, by any backbone, in batches.

    Attributes
    ----------
    backbone : FlowBackbone
    way : {"onset", "path"}
        onset: the backbone sees the first frame and each later one: no drift, but the motion may grow large.
        path: it sees neighbours, and every point is followed from frame to frame: small motions, errors add up.
    """

    backbone: FlowBackbone
    way: str

    def __post_init__(self) -> None:
        require_choice("sequence.way", self.way, ("onset", "path"))

    def __call__(self, frames: Sequence[Image]) -> list[FlowField]:
        """Return the flow from the first frame to each of the others.

        Parameters
        ----------
        frames : sequence of ndarray of uint8, shape (H, W)
            At least two, in order of time.

        Returns
        -------
        list of FlowField
            One fewer than the frames; all on the pixel grid of the first.

        Raises
        ------
        DataError
            For fewer than two frames, or frames that differ in shape.
        """
        if len(frames) < 2:
            raise DataError(f"flow of a sequence needs at least two frames, got {len(frames)}")
        if self.way == "onset":
            return self.backbone.batch([frames[0]] * (len(frames) - 1), frames[1:])
        return followed(self.neighbours(frames))

    def neighbours(self, frames: Sequence[Image]) -> list[FlowField]:
        """Return the flow from every frame to the next, each on the grid of its own first frame."""
        return self.backbone.batch(frames[:-1], frames[1:])


def followed(steps: Sequence[FlowField]) -> list[FlowField]:
    """Add up steps along the path of every point.

    Parameters
    ----------
    steps : sequence of FlowField
        Frame to next frame.

    Returns
    -------
    list of FlowField
        F₁ = f₁ and F_k(p) = F_{k−1}(p) + f_k(p + F_{k−1}(p)), bilinearly; at the border the last value counts on.
    """
    total = steps[0].uv
    found = [FlowField(uv=total)]
    for step in steps[1:]:
        total = total + _looked_up(step.uv, total)
        found.append(FlowField(uv=total))
    return found


def _looked_up(values: Float32, flow: Float32) -> Float32:
    """Return values (H, W, 2) at p + flow(p), bilinearly and without rounding the place as OpenCV's remap does."""
    height, width = values.shape[:2]
    y, x = np.mgrid[:height, :width]
    left, s = _split(x + flow[..., 0].astype(np.float64), width)
    top, t = _split(y + flow[..., 1].astype(np.float64), height)
    upper = values[top, left] * (1 - s) + values[top, left + 1] * s
    lower = values[top + 1, left] * (1 - s) + values[top + 1, left + 1] * s
    return np.asarray(upper * (1 - t) + lower * t, dtype=np.float32)


def _split(at: NDArray[np.float64], count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    inside = np.clip(at, 0, count - 1)
    low = np.clip(np.floor(inside).astype(np.intp), 0, count - 2)
    return low, (inside - low)[..., None]
