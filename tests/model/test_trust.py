"""Flags: each raised where it must be, and not where it must not."""

from __future__ import annotations

import numpy as np
import pytest

from mer.config.composition import build, compose
from mer.geometry.ibug68 import MIRROR
from mer.model.follow import Look
from mer.model.trust import Trust
from mer.types import Interval, Landmarks

TRUST: Trust = build(compose(root="predict").trust)


def _face(*, right: float = 0, roll: float = 0, zoom: float = 1, nose: float = 0) -> Landmarks:
    rng = np.random.default_rng(3)
    xy = rng.uniform(-40, 40, (68, 2))
    xy[36:42] += [-60 - xy[36:42, 0].mean(), 0]
    xy = (xy + xy[MIRROR] * [-1, 1]) / 2  # symmetric about x = 0
    xy[36], xy[45] = (-45, 0), (45, 0)
    xy[37:42], xy[42:45], xy[46:48] = (-30, 0), (30, 0), (30, 0)
    xy[30] = (nose, 30)
    turn = np.radians(roll)
    xy = zoom * xy @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return Landmarks(xy=(xy + np.array([100 + right, 100])).astype(np.float32))


@pytest.mark.parametrize(
    ("moved", "raised"),
    [
        ({}, False),
        ({"right": 3}, False),
        ({"right": 20}, True),
        ({"roll": 2}, False),
        ({"roll": 9}, True),
        ({"zoom": 1.02}, False),
        ({"zoom": 1.2}, True),
        ({"nose": 20}, True),
    ],
)
def test_a_head_that_moves_or_turns_is_flagged(moved: dict[str, float], raised: bool) -> None:
    assert bool(list(TRUST.of_head(_face(), _face(**moved)))) is raised


def test_a_face_that_looks_aside_throughout_is_flagged() -> None:
    (flag,) = TRUST.of_head(_face(nose=25), _face(nose=25))
    assert flag.name == "head_moved" and "turned away" in flag.sentence


def test_time() -> None:
    short, long = (Interval(onset=0, apex=1, offset=k, kind="micro") for k in (3, 60))
    assert [flag.name for flag in TRUST.of_time(short, 0.2, 15)] == ["few_frames"]
    assert [flag.name for flag in TRUST.of_time(long, 0.7, 90)] == ["too_long"]
    assert not list(TRUST.of_time(Interval(onset=0, offset=40, kind="micro"), 0.44, 90))


def test_noise() -> None:
    rest = np.random.default_rng(0).gamma(4, 0.05, 200)
    assert [flag.name for flag in TRUST.of_motion(0.25, rest)] == ["below_noise"]
    assert not list(TRUST.of_motion(2.0, rest))
    assert not list(TRUST.of_motion(0.1, rest[:3]))  # too little rest to tell


def test_faces() -> None:
    one, none, two = Look(faces=1, face=_face()), Look(faces=0, face=None), Look(faces=2, face=_face())
    assert not list(TRUST.of_faces([one, one]))
    assert [flag.name for flag in TRUST.of_faces([one, none])] == ["no_face"]
    assert [flag.name for flag in TRUST.of_faces([one, two])] == ["several_faces"]
