"""One subject's face as numbers: proportions, colours, light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic import palette
from mer.dataset.synthetic.noise import FACE, stream
from mer.dataset.synthetic.proportions import draw_points

__all__ = ["Identity", "draw_identity"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Identity:
    """What makes one face differ from another; lengths in face units, colours in sRGB [0, 1]."""

    points: Array
    eyes: tuple[Array, Array]  # (centre x, centre y, half width, upper height, lower height, slant), image left first
    iris: float
    crease: float
    brow: tuple[float, float, float]  # thickness, darkness, raggedness
    nose: tuple[float, float, float]  # half width, height of the bridge, size of the tip
    skull: tuple[float, float]  # half width at the temples, height above the eyes
    hairline: tuple[float, float, float, float]  # height above the eyes, widow's peak, parting, roundness
    hair: tuple[float, float, bool]  # volume, curl, long
    age: float
    stubble: float
    freckles: int
    moles: int
    pores: float
    tone: float
    skin: Array
    hair_colour: Array
    iris_colour: Array
    lip_colour: Array
    cloth: Array
    wall: Array
    light: Array
    ambient: float
    shine: float


def draw_identity(seed: int, subject: int) -> Identity:
    """Draw the face of one subject; depends on nothing else."""
    rng = stream(seed, FACE, subject)
    eyes, points = draw_points(rng)
    masculine = rng.uniform()
    tone = float(rng.beta(1.1, 1.5))
    skin = palette.blend(palette.SKIN, tone) * rng.normal(1, 0.02, 3)
    hair_place = rng.uniform(0, 0.45 if tone > 0.4 else 1.0)
    age = float(rng.beta(1.3, 2.2))
    half_nose = float(points[35, 0] - points[31, 0]) / 2
    return Identity(
        points=points,
        eyes=eyes,
        iris=float(rng.uniform(0.088, 0.1)),
        crease=float(rng.uniform(0.03, 0.085)),
        brow=(0.04 + 0.025 * masculine + rng.uniform(0, 0.015), rng.uniform(0.55, 0.95), rng.uniform(0.2, 1)),
        nose=(half_nose, float(rng.uniform(0.7, 1.25)), float(rng.uniform(0.8, 1.2))),
        skull=(float(rng.uniform(1.1, 1.2)), float(rng.uniform(1.6, 1.78))),
        hairline=_draw_hairline(rng, masculine * (0.5 + age)),
        hair=(float(rng.uniform(0.04, 0.24)), float(rng.beta(0.5, 0.9)), bool(masculine < 0.5)),
        age=age,
        stubble=float(max(0.0, masculine - 0.55) * rng.uniform(0, 1.6)),
        freckles=int(rng.integers(40, 160)) if rng.uniform() < 0.35 and tone < 0.5 else int(rng.integers(0, 12)),
        moles=int(rng.integers(0, 5)),
        pores=float(rng.uniform(0.7, 1.3)),
        tone=tone,
        skin=skin,
        hair_colour=palette.blend(palette.HAIR, hair_place) * rng.uniform(0.85, 1.15),
        iris_colour=palette.IRIS[0 if tone > 0.5 else int(rng.integers(0, len(palette.IRIS)))]
        * rng.uniform(0.85, 1.15),
        lip_colour=palette.lip_colour(skin, tone, float(rng.uniform(0.3, 1.0))),
        cloth=palette.CLOTH[int(rng.integers(0, len(palette.CLOTH)))] * rng.uniform(0.7, 1.1),
        wall=palette.WALL[int(rng.integers(0, len(palette.WALL)))] * rng.uniform(0.75, 1.1),
        light=palette.light(float(rng.uniform(-60, 60)), float(rng.uniform(15, 50))),
        ambient=float(rng.uniform(0.28, 0.5)),
        shine=float(rng.uniform(0.03, 0.14)),
    )


def _draw_hairline(rng: np.random.Generator, recession: float) -> tuple[float, float, float, float]:
    height, peak, parting, roundness = rng.uniform((0.9, 0, -0.6, 2.2), (1.2, 0.14, 0.6, 5.0))
    return float(height + 0.5 * max(recession - 0.75, 0)), float(peak), float(parting), float(roundness)
