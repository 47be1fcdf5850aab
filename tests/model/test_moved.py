"""What moved, in words."""

from __future__ import annotations

from mer.model.moved import candidates, direction, sentence
from mer.model.result import RegionShift


def _shift(region: str, right: float, down: float) -> RegionShift:
    return RegionShift(region=region, right=right, down=down)


def test_a_pair_that_moves_alike_is_named_once() -> None:
    shifts = (_shift("inner_brow_left", 0, -0.9), _shift("inner_brow_right", 0.1, -0.7), _shift("chin", 0, 0.02))
    assert sentence(shifts) == "inner brows up 0.8 px"
    assert candidates(shifts) == ("AU1",)


def test_one_side_is_named_with_its_side() -> None:
    shifts = (_shift("mouth_corner_left", -0.5, 0.1), _shift("mouth_corner_right", 0.0, 0.0))
    assert sentence(shifts) == "left lip corner out 0.5 px"
    assert "AU12" in candidates(shifts)


def test_in_and_out_are_told_from_the_midline() -> None:
    assert direction(_shift("inner_brow_left", 1, 0)) == "in"
    assert direction(_shift("inner_brow_right", 1, 0)) == "out"
    assert direction(_shift("chin", 1, 0)) == "right"


def test_a_still_face_is_said_to_be_still() -> None:
    assert sentence((_shift("chin", 0.01, 0.02),)) == "nothing moved by more than 0.1 px"
    assert candidates((_shift("chin", 0.01, 0.02),)) == ()
