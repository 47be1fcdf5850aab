"""The 36 regions of MDMO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mer.roi.polygons import Polygon, PolygonScheme, at, with_partners

__all__ = ["Mdmo36"]


@dataclass(frozen=True, kw_only=True)
class Mdmo36(PolygonScheme):
    """36 quadrilaterals between brows, eyes, nose, lips and jaw; fields as in `PolygonScheme`.

    Notes
    -----
    Differs from the paper in the strip above the brows: there it is 20 pixels high whatever the size of the face, here
    its height grows with the face and follows its roll. Regions are in the published order, but have names: order by
    name, not by index. The lips themselves (points 48 to 67) lie in no region, as published. The first and last quads
    of the lid band reach from the jaw line at the ears (points 0, 1) to the eye.

    References
    ----------
    Liu, Zhang, Yan, Wang, Zhao, Fu: A main directional mean optical flow feature for spontaneous micro-expression
    recognition. IEEE Trans. Affective Computing 7(4), 2016. doi:10.1109/TAFFC.2015.2485205
    """

    option: ClassVar[str] = "mdmo36"

    def polygons(self) -> tuple[Polygon, ...]:
        """Return the regions as corners relative to the landmarks, in the published order."""
        rows = (self._brows(), _LIDS, _CHEEKS, _NOSE, _UPPER_LIP, _LOWER_LIP, _JAW_UPPER, _JAW_LOWER, _CHIN)
        return tuple(polygon for row in rows for polygon in with_partners(row))

    def _brows(self) -> tuple[Polygon, ...]:
        lift = self.brow_lift
        nasion_lifted = at(21, 22, up=lift)
        return (
            Polygon("brow_left_1", (at(17), at(17, up=lift), at(19, up=lift), at(19))),
            Polygon("brow_left_2", (at(19), at(19, up=lift), at(21, up=lift), at(21))),
            Polygon("brow_left_3", (at(21), at(21, up=lift), nasion_lifted, at(27))),
        )


_LIDS = (
    Polygon("lid_left_1", (at(1), at(0), at(17), at(36))),
    Polygon("lid_left_2", (at(36), at(17), at(19), at(38))),
    Polygon("lid_left_3", (at(38), at(19), at(21), at(39))),
    Polygon("lid_left_4", (at(39), at(21), at(27), at(28))),
)
_CHEEKS = (
    Polygon("cheek_left_1", (at(3), at(2), at(2, 41), at(3, 29))),
    Polygon("cheek_left_2", (at(3, 29), at(2, 41), at(41), at(39))),
    Polygon("cheek_left_3", (at(3, 29), at(39), at(28), at(29))),
)
_NOSE = (Polygon("nose_left", (at(4, 33), at(3, 29), at(29), at(33))),)
_UPPER_LIP = (Polygon("upper_lip_left", (at(5, 59), at(4, 33), at(33), at(59))),)
_LOWER_LIP = (
    Polygon("lower_lip_left_1", (at(6, 58), at(5, 59), at(59), at(58))),
    Polygon("lower_lip_left_2", (at(8, 57), at(6, 58), at(58), at(57))),
)
_JAW_UPPER = (Polygon("jaw_left_1", (at(4), at(3), at(3, 29), at(4, 33))),)
_JAW_LOWER = (Polygon("jaw_left_2", (at(5), at(4), at(4, 33), at(5, 59))),)
_CHIN = (
    Polygon("chin_left_1", (at(6), at(5), at(5, 59), at(6, 58))),
    Polygon("chin_left_2", (at(8), at(6), at(6, 58), at(8, 57))),
)
