"""Regions by the muscles that the Facial Action Coding System names: 26 fine or 15 coarse ones."""

from __future__ import annotations

from dataclasses import dataclass

from mer.roi.polygons import Polygon, PolygonScheme, across, at, mirrored
from mer.validation import require_choice

__all__ = ["Facs"]

# corners that several regions share
_BROW_BELOW = tuple(at(point, up=-0.06) for point in (17, 19, 21))
_INNER_EYE = at(27, 39)
_LID_BELOW = (at(39, up=-0.2), at(40, 41, up=-0.2), at(36, up=-0.2))
_CHEEK = at(3, 31)

_TEMPLE = Polygon("temple_left", (at(0), _BROW_BELOW[0], at(36), _LID_BELOW[2], at(1)))
_UPPER_LID = Polygon("upper_lid_left", (*_BROW_BELOW, _INNER_EYE, at(39), at(38), at(37), at(36)))
_LOWER_LID = Polygon("lower_lid_left", (at(36), at(41), at(40), at(39), *_LID_BELOW))
_LIDS = Polygon("lids_left", (*_BROW_BELOW, _INNER_EYE, *_LID_BELOW))
_NOSE = Polygon("nose_left", (at(28), _INNER_EYE, at(39), _LID_BELOW[0], at(31), at(33)))
_INNER_CHEEK = Polygon("inner_cheek_left", (_LID_BELOW[0], _LID_BELOW[1], _CHEEK, at(48), at(31)))
_OUTER_CHEEK = Polygon("outer_cheek_left", (_LID_BELOW[1], _LID_BELOW[2], at(1), at(2), at(3), _CHEEK))
_NOSE_SIDE = Polygon("nose_left", (at(28), _INNER_EYE, _LID_BELOW[0], _LID_BELOW[1], _CHEEK, at(48), at(31), at(33)))
_CHEEK_15 = Polygon("cheek_left", _OUTER_CHEEK.corners)
_MOUTH_CORNER = Polygon("mouth_corner_left", (at(48), _CHEEK, at(3), at(4), at(5), at(59)))
_UPPER_LIP = (at(33), at(31), at(48), at(61), at(62))
_CHIN = across("chin", (at(66), at(67), at(48), at(59), at(5), at(6), at(7), at(8)))


@dataclass(frozen=True, kw_only=True)
class Facs(PolygonScheme):
    """One region where the skin of one or a few action units moves; other fields as in `PolygonScheme`.

    Parameters
    ----------
    detail : {26, 15}
        Number of regions. 26: forehead (AU1, 2), brows (1, 2, 4), glabella (4, 9), lids (5, 6, 7), temples (6), nose
        (9), inner (10, 11) and outer cheeks (6, 12), upper lip (10, 23–25), mouth corners (12, 14, 15, 20), chin (16,
        17, 25, 26). 15: brows with forehead, glabella, lids, cheeks, nose with inner cheeks, upper lip, mouth corners,
        chin.

    Notes
    -----
    Our reading: Davison et al. show their 26 regions as a drawing on a template, Wang names 15 regions from dense
    points; neither gives coordinates for 68 landmarks. Here number and purpose are theirs, the outlines our own.

    References
    ----------
    Davison, Lansley, Ng, Tan, Yap: Objective micro-facial movement detection using FACS-based regions and baseline
    evaluation. FG 2018, arXiv:1612.05038.
    Wang. Mathematical Problems in Engineering, 2020, 5675914. doi:10.1155/2020/5675914
    """

    detail: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice("roi.detail", self.detail, (26, 15))

    @property
    def option(self) -> str:
        """The name under which users choose the scheme."""
        return f"facs{self.detail}"

    def polygons(self) -> tuple[Polygon, ...]:
        """Return the regions as corners relative to the landmarks: pairs from the top down, then the midline."""
        pairs, midline = self._fine() if self.detail == 26 else self._coarse()
        return (*(side for left in pairs for side in (left, mirrored(left))), *midline)

    def _fine(self) -> tuple[tuple[Polygon, ...], tuple[Polygon, ...]]:
        low, high = 0.15, 0.15 + self.brow_lift
        low_17, low_19, low_21, low_mid = (at(*points, up=low) for points in ((17,), (19,), (21,), (21, 22)))
        high_17, high_19, high_mid = (at(*points, up=high) for points in ((17,), (19,), (21, 22)))
        pairs = (
            Polygon("outer_forehead_left", (high_17, high_19, low_19, low_17)),
            Polygon("inner_forehead_left", (high_19, high_mid, low_mid, low_21, low_19)),
            Polygon("outer_brow_left", (low_17, low_19, _BROW_BELOW[1], _BROW_BELOW[0])),
            Polygon("inner_brow_left", (low_19, low_21, _BROW_BELOW[2], _BROW_BELOW[1])),
            *(_UPPER_LID, _LOWER_LID, _TEMPLE, _NOSE, _INNER_CHEEK, _OUTER_CHEEK),
            Polygon("upper_lip_left", _UPPER_LIP),
            _MOUTH_CORNER,
        )
        return pairs, (across("glabella", (low_mid, low_21, _BROW_BELOW[2], _INNER_EYE, at(28))), _CHIN)

    def _coarse(self) -> tuple[tuple[Polygon, ...], tuple[Polygon, ...]]:
        high_17, high_19, high_21 = (at(point, up=self.brow_lift) for point in (17, 19, 21))
        pairs = (
            Polygon("outer_brow_left", (high_17, high_19, _BROW_BELOW[1], _BROW_BELOW[0])),
            Polygon("inner_brow_left", (high_19, high_21, _BROW_BELOW[2], _BROW_BELOW[1])),
            *(_LIDS, _CHEEK_15, _NOSE_SIDE, _MOUTH_CORNER),
        )
        glabella = (at(21, 22, up=self.brow_lift), high_21, _BROW_BELOW[2], _INNER_EYE, at(28))
        return pairs, (across("glabella", glabella), across("upper_lip", _UPPER_LIP), _CHIN)
