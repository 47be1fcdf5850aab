"""Fourteen small patches where single muscles pull, as used for spotting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mer.roi.face import require_landmarks
from mer.roi.polygons import Polygon, PolygonScheme, across, at, eye_area, mirrored
from mer.roi.raster import mask_stack
from mer.types import Landmarks, Regions
from mer.validation import require_number

__all__ = ["Muscle14"]


@dataclass(frozen=True, kw_only=True)
class Muscle14(PolygonScheme):
    """Three patches on each brow, one below each eye, at each nostril and mouth corner, on each lip; they may overlap.

    Parameters
    ----------
    side : float
        Side of a brow patch, in inter-ocular distances; the others are 1 to 2.4 times as large; > 0.
    brow_lift : float
        How far the brow patches are moved above the brow points, in inter-ocular distances; > 0.
    eye_mask : float or None
        As in `PolygonScheme`.

    Notes
    -----
    Our reading of patches that are published as code, in pixels of a face of fixed size: sizes grow with the face here
    (20 px at the published 256 px crop are about 0.17) and turn with its roll. Each patch is whole, so a pixel can
    count twice: on half of 217 photographs, a quarter or more of some patch, mostly on the brows, lies in another. The
    patch on the inner lips is left out: it would cover most of the patch on the upper lip. The reference patch on the
    tip of the nose belongs to the removal of head motion.
    """

    side: float
    option: ClassVar[str] = "muscle14"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("roi.side", self.side, low=0, above=True)

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the overlapping regions on an image of (height, width); errors as in `PolygonScheme`."""
        found = require_landmarks(landmarks, self.option)
        masks = mask_stack(self._corners.on(found), shape)
        if self.eye_mask is not None:
            masks[:, eye_area(found, shape, self.eye_mask)] = 0
        return Regions(names=self._names, weights=masks)

    def polygons(self) -> tuple[Polygon, ...]:
        """Return the regions as corners relative to the landmarks: pairs from the top down, then the lips."""
        s, lift = self.side / 2, self.brow_lift
        pairs = (
            *(_patch(f"brow_left_{i}", (18 + i - 1,), (lift + s, lift - s), (s, -s)) for i in (1, 2, 3)),
            _patch("lid_left", tuple(range(36, 42)), (-1.2 * s, -3.6 * s), (2.4 * s, -2.4 * s)),
            _patch("nostril_left", (31,), (2 * s, -0.5 * s), (2 * s, -s)),
            _patch("mouth_corner_left", (48,), (s, -s), (s, -2 * s)),
        )
        lips = (across(name, (at(p, up=s), at(p, up=s, out=s), at(p, up=-s, out=s))) for name, p in _LIPS)
        return (*(side for left in pairs for side in (left, mirrored(left))), *lips)


_LIPS = (("upper_lip", 51), ("lower_lip", 57))


def _patch(name: str, points: tuple[int, ...], up: tuple[float, float], out: tuple[float, float]) -> Polygon:
    """Return a rectangle along the face's axes, from up[0] to up[1] and from out[0] to out[1] of the mean of points."""
    (top, bottom), (outer, inner) = up, out
    ends = ((top, outer), (top, inner), (bottom, inner), (bottom, outer))
    return Polygon(name, tuple(at(*points, up=u, out=o) for u, o in ends))
