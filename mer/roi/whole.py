"""One region: the whole image, or the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mer.checks import require_choice, require_number
from mer.roi.face import require_landmarks
from mer.roi.polygons import Polygon, across, at, draw
from mer.types import Landmarks, Regions

__all__ = ["Whole"]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A single region, the baseline that shows what dividing the face is worth.

    Parameters
    ----------
    extent : {"image", "face"}
        Every pixel, or those inside the outline of jaw and forehead (needs landmarks).
    brow_lift : float
        With ``face``: height of the outline above the brows, in inter-ocular distances; > 0.
    eye_mask : float or None
        With ``face``: leave out the eyes and this margin around them, in inter-ocular distances; None leaves nothing
        out.
    """

    extent: str
    brow_lift: float
    eye_mask: float | None

    def __post_init__(self) -> None:
        require_choice("roi.extent", self.extent, ("image", "face"))
        require_number("roi.brow_lift", self.brow_lift, low=0, above=True)
        if self.eye_mask is not None:
            require_number("roi.eye_mask", self.eye_mask, low=0)

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the region on an image of (height, width).

        Raises
        ------
        DataError
            With ``extent=face`` and no landmarks.
        """
        if self.extent == "image":
            return Regions(names=("whole",), labels=np.zeros(shape, dtype=np.int16))
        return draw(self.polygons(), require_landmarks(landmarks, "whole roi.extent=face"), shape, self.eye_mask)

    def polygons(self) -> tuple[Polygon, ...]:
        """Return the outline of the face, as corners relative to the landmarks."""
        forehead = [at(brow, up=self.brow_lift) for brow in (21, 20, 19, 18, 17)]
        return (across("whole", (*forehead, *(at(jaw) for jaw in range(9)))),)
