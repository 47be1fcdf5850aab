"""Three regions: either brow with its eye, and the mouth."""

from __future__ import annotations

from dataclasses import dataclass

from mer.checks import require_number
from mer.roi.face import require_landmarks
from mer.roi.polygons import Polygon, across, at, draw, mirrored
from mer.types import Landmarks, Regions

__all__ = ["BrowMouth3"]


@dataclass(frozen=True, kw_only=True)
class BrowMouth3:
    """Left brow and eye, right brow and eye, mouth: where most micro-expressions happen.

    Parameters
    ----------
    brow_lift : float
        Height above the brows, in inter-ocular distances; > 0.
    margin : float
        Width of skin around eyes and lips, in inter-ocular distances; ≥ 0.
    eye_mask : float or None
        Leave out the eyes and this margin around them, in inter-ocular distances; ≥ 0; None leaves nothing out.

    Notes
    -----
    Differs from the paper in the outline: polygons along the landmarks instead of boxes, with margins that grow with
    the face instead of fixed pixels; both brow regions meet at the midline, so that the frown between them counts.

    References
    ----------
    Liong, See, Wong: Shallow optical flow three-stream CNN for macro- and micro-expression spotting from long
    videos. ICIP 2021. doi:10.1109/ICIP42928.2021.9506349
    """

    brow_lift: float
    margin: float
    eye_mask: float | None

    def __post_init__(self) -> None:
        require_number("roi.brow_lift", self.brow_lift, low=0, above=True)
        require_number("roi.margin", self.margin, low=0)
        if self.eye_mask is not None:
            require_number("roi.eye_mask", self.eye_mask, low=0)

    def __call__(self, landmarks: Landmarks | None, shape: tuple[int, int]) -> Regions:
        """Return the three hard regions on an image of (height, width).

        Raises
        ------
        DataError
            Without landmarks, or where the face is not in the frame.
        """
        return draw(self.polygons(), require_landmarks(landmarks, "brow_mouth3"), shape, self.eye_mask)

    def polygons(self) -> tuple[Polygon, ...]:
        """Return the regions as corners relative to the landmarks."""
        lift, m = self.brow_lift, self.margin
        above = (at(17, out=m), at(17, up=lift, out=m), at(19, up=lift), at(21, up=lift), at(21, 22, up=lift), at(27))
        below = (at(39, up=-m), at(40, up=-m), at(41, up=-m), at(36, up=-m, out=m))
        brow = Polygon("brow_left", above + below)
        lips = (at(51, up=m), at(50, up=m), at(48, out=m), at(59, up=-m), at(57, up=-m))
        return brow, mirrored(brow), across("mouth", lips)
