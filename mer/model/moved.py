"""What moved, in words: shifts of the regions of a face, one sentence, and the action units that may be behind it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mer.descriptor.statistics import RegionStatistics
from mer.model.result import RegionShift
from mer.types import FlowField, Regions

__all__ = ["LEAST", "candidates", "region_shifts", "sentence"]

LEAST = 0.1  # px of the aligned face: less is not named
_SHARE = 0.4  # of the largest shift: a region that moves less is not named
_NAMED = 4  # regions, or pairs of them, in a sentence
_STILL = "nothing moved by more than {least:g} px"
_MEAN = RegionStatistics(quantities=("u", "v"), norm="none")
_WORDS = {
    "inner_brow": "inner brow",
    "outer_brow": "outer brow",
    "inner_forehead": "inner forehead",
    "outer_forehead": "outer forehead",
    "mouth_corner": "lip corner",
}

# Region (left and right alike) → direction → action units whose skin moves so; Ekman, Friesen and Hager, Facial Action
# Coding System, 2002. Directions: up, down, in (towards the midline), out.
_UNITS: dict[str, dict[str, tuple[str, ...]]] = {
    "inner_brow": {"up": ("AU1",), "down": ("AU4",), "in": ("AU4",)},
    "inner_forehead": {"up": ("AU1",), "down": ("AU4",)},
    "glabella": {"up": ("AU1",), "down": ("AU4", "AU9")},
    "outer_brow": {"up": ("AU2",), "down": ("AU4",), "in": ("AU4",)},
    "outer_forehead": {"up": ("AU2",), "down": ("AU4",)},
    "upper_lid": {"up": ("AU5",), "down": ("AU7", "AU45")},
    "lower_lid": {"up": ("AU6", "AU7")},
    "temple": {"in": ("AU6",), "up": ("AU6",)},
    "outer_cheek": {"up": ("AU6", "AU12"), "out": ("AU12",), "in": ("AU14",)},
    "inner_cheek": {"up": ("AU10", "AU12"), "down": ("AU15",)},
    "nose": {"up": ("AU9", "AU10")},
    "upper_lip": {"up": ("AU10", "AU25"), "down": ("AU23",), "out": ("AU12", "AU20"), "in": ("AU23",)},
    "mouth_corner": {"up": ("AU12",), "out": ("AU12", "AU20", "AU14"), "down": ("AU15",), "in": ("AU23", "AU14")},
    "chin": {"up": ("AU17",), "down": ("AU25", "AU26")},
}


def region_shifts(flow: FlowField, regions: Regions) -> tuple[RegionShift, ...]:
    """Return the mean flow in every region, the one that moves most first."""
    right, down = np.asarray(_MEAN(flow, regions), dtype=np.float64).reshape(2, -1)
    found = [
        RegionShift(region=name, right=float(x), down=float(y))
        for name, x, y in zip(regions.names, right, down, strict=True)
    ]
    return tuple(sorted(found, key=lambda shift: -shift.length))


def sentence(shifts: Sequence[RegionShift]) -> str:
    """Return such as ``inner brows up 0.8 px, left lip corner out 0.5 px``; a pair that moves alike is named once."""
    parts: list[str] = []
    named: set[str] = set()
    for shift in _moving(shifts):
        if shift.region in named:
            continue
        partner = _partner(shift, shifts)
        both = partner is not None and partner in _moving(shifts) and direction(partner) == direction(shift)
        named |= {shift.region, partner.region} if both and partner else {shift.region}
        length = (shift.length + partner.length) / 2 if both and partner else shift.length
        parts.append(f"{_name(shift.region, both=both)} {direction(shift)} {length:.1f} px")
    return ", ".join(parts[:_NAMED]) or _STILL.format(least=LEAST)


def candidates(shifts: Sequence[RegionShift]) -> tuple[str, ...]:
    """Return the action units that fit the named regions, those of the largest shifts first, at most six."""
    units: dict[str, float] = {}
    for shift in _moving(shifts):
        for unit in _UNITS.get(_site(shift.region)[0], {}).get(direction(shift), ()):
            units[unit] = units.get(unit, 0.0) + shift.length
    return tuple(sorted(units, key=lambda unit: -units[unit])[:6])


def direction(shift: RegionShift) -> str:
    """Return up, down, in, out (of a region on one side of the face), left or right, as on the screen."""
    if abs(shift.down) >= abs(shift.right):
        return "down" if shift.down > 0 else "up"
    side = _site(shift.region)[1]
    if not side:
        return "right" if shift.right > 0 else "left"
    return "in" if (shift.right > 0) == (side == "left") else "out"


def _moving(shifts: Sequence[RegionShift]) -> list[RegionShift]:
    least = max(LEAST, _SHARE * max((shift.length for shift in shifts), default=0.0))
    return [shift for shift in shifts if shift.length >= least]


def _site(region: str) -> tuple[str, str]:
    """Return the place of a region, and ``left`` or ``right`` as on the screen; the latter is empty on the midline."""
    for side in ("left", "right"):
        if f"_{side}" in region:
            return region.replace(f"_{side}", ""), side
    return region, ""


def _partner(shift: RegionShift, shifts: Sequence[RegionShift]) -> RegionShift | None:
    place, side = _site(shift.region)
    return next((one for one in shifts if side and _site(one.region)[0] == place and one is not shift), None)


def _name(region: str, *, both: bool) -> str:
    place, side = _site(region)
    word = _WORDS.get(place, place.replace("_", " "))
    return f"{word}s" if both else f"{side} {word}".strip()
