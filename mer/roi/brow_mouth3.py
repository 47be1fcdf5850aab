"""Three regions: either brow with its eye, and the mouth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mer.roi.polygons import Polygon, PolygonScheme, across, at, mirrored
from mer.validation import require_number

__all__ = ["BrowMouth3"]


@dataclass(frozen=True, kw_only=True)
class BrowMouth3(PolygonScheme):
    """Left brow and eye, right brow and eye, mouth; other fields as in `PolygonScheme`.

    Parameters
    ----------
    margin : float
        Width of skin around eyes and lips, in inter-ocular distances; ≥ 0.

    Notes
    -----
    Differs from the paper in the outline: polygons along the landmarks instead of boxes, with margins that grow with
    the face instead of fixed pixels; both brow regions meet at the midline, so that the frown between them counts.

    References
    ----------
    Liong, See, Wong: Shallow optical flow three-stream CNN for macro- and micro-expression spotting from long
    videos. ICIP 2021. doi:10.1109/ICIP42928.2021.9506349
    """

    margin: float
    option: ClassVar[str] = "brow_mouth3"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_number("roi.margin", self.margin, low=0)

    def polygons(self) -> tuple[Polygon, ...]:
        """Return the regions as corners relative to the landmarks."""
        lift, m = self.brow_lift, self.margin
        above = (at(17, out=m), at(17, up=lift, out=m), at(19, up=lift), at(21, up=lift), at(21, 22, up=lift), at(27))
        below = (at(39, up=-m), at(40, up=-m), at(41, up=-m), at(36, up=-m, out=m))
        brow = Polygon("brow_left", above + below)
        corner = (at(48, up=m / 2, out=m), at(48, up=-m / 2, out=m))
        lips = (at(51, up=m), at(50, up=m), *corner, at(59, up=-m), at(57, up=-m))
        return brow, mirrored(brow), across("mouth", lips)
