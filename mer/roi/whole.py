"""One region: the whole image, or the face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mer.roi.polygons import Polygon, PolygonScheme, across, at
from mer.types import Landmarks, Regions
from mer.validation import require_choice

__all__ = ["Whole"]


@dataclass(frozen=True, kw_only=True)
class Whole(PolygonScheme):
    """A single region, the baseline that shows what dividing the face is worth.

    With ``extent=face``, the other fields are those of `PolygonScheme`.

    Parameters
    ----------
    extent : {"image", "face"}
        Every pixel, or those inside the outline of jaw and forehead (needs landmarks).
    """

    extent: str
    option: ClassVar[str] = "whole with roi.extent=face"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice("roi.extent", self.extent, ("image", "face"))

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the region on an image of (height, width).

        Raises
        ------
        DataError
            With ``extent=face`` and no landmarks.
        """
        if self.extent == "image":
            return Regions(names=("whole",), labels=np.zeros(shape, dtype=np.int16))
        return super().__call__(landmarks, shape)

    def polygons(self) -> tuple[Polygon, ...]:
        """Return the outline of the face, as corners relative to the landmarks."""
        forehead = [at(brow, up=self.brow_lift) for brow in (21, 20, 19, 18, 17)]
        return (across("whole", (*forehead, *(at(jaw) for jaw in range(9)))),)
