"""Draws a clip: which units act, how strongly and when, how the head drifts, whether the eyes blink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.bumps import Bumps, bumps_of, peak_of
from mer.dataset.synthetic.canvas import EYE_DISTANCE
from mer.dataset.synthetic.emotions import EMOTIONS
from mer.dataset.synthetic.noise import PERFORMANCE, STYLE, TIMING, stream
from mer.dataset.synthetic.performance import Action, Drift, Performance, Timing
from mer.dataset.synthetic.settings import Settings
from mer.dataset.synthetic.units import BLINK, MIDLINE, UNITS

__all__ = ["PIXEL", "draw_actions", "draw_performance", "draw_timing", "lids"]

Array = NDArray[np.float64]
PIXEL = 1 / (EYE_DISTANCE * 256)  # one pixel of a frame of 256 × 256, in face units


def draw_performance(settings: Settings, subject: int, clip: int, label: str, points: Array) -> Performance:
    """Draw one clip. Every number is drawn whether a knob needs it or not, so that one knob leaves the others alone."""
    rng = stream(settings.seed, PERFORMANCE, subject, clip)
    timing = draw_timing(settings, subject, clip)
    drift = _draw_drift(settings, rng)
    blinks, place, half, amount = rng.uniform(), rng.uniform(), rng.uniform(0.06, 0.14), rng.uniform(*settings.blink)
    blink = lids(points).scaled(amount * PIXEL) if blinks < settings.blinks else None
    actions = draw_actions(settings, rng, subject, label, points)
    return Performance(timing, actions, drift, blink, (place * timing.frames, half * settings.fps))


def draw_timing(settings: Settings, subject: int, clip: int) -> Timing:
    """Draw when the expression begins, peaks and ends."""
    rng = stream(settings.seed, TIMING, subject, clip)
    spans = [rng.uniform(*span) for span in (settings.rest, settings.rise, settings.fall, settings.rest)]
    before, rise, fall, after = (round(float(span) * settings.fps) for span in spans)
    apex = before + max(rise, 1)
    offset = apex + max(fall, 1)
    return Timing(before, apex, offset, offset + after + 1)


def _draw_drift(settings: Settings, rng: np.random.Generator) -> Drift:
    pixel = settings.size / 256
    pose = np.array([pixel * settings.pose_shift] * 2 + [np.deg2rad(settings.pose_roll), settings.pose_zoom])
    sway = np.array([pixel * settings.drift_shift] * 2 + [np.deg2rad(settings.drift_roll), settings.drift_zoom])
    four = (4,)
    return Drift(
        pose * rng.uniform(-1, 1, four),
        sway * rng.uniform(-1, 1, four),
        rng.uniform(0.3, 1, four),
        rng.uniform(0, 1, four),
    )


def _draw_units(settings: Settings, rng: np.random.Generator, label: str) -> list[tuple[str, float]]:
    """Return the units of the clip, each with its strength relative to the others."""
    patterns = EMOTIONS[label]
    pattern = patterns[int(rng.integers(len(patterns)))]
    side = "LR"[int(rng.integers(2))]
    units = [(name.replace("S", side), float(rng.uniform(0.5, 1))) for name in pattern]
    stray, which, strength = rng.uniform(), int(rng.integers(len(UNITS))), float(rng.uniform(0.25, 0.7))
    extra = list(UNITS)[which]
    if stray < settings.stray and extra not in {name.rstrip("LR") for name, _ in units}:
        units.append((extra, strength))
    return units


def draw_actions(
    settings: Settings, rng: np.random.Generator, subject: int, label: str, points: Array
) -> tuple[Action, ...]:
    """Return the units of an expression, scaled so that the whole has a peak drawn from `settings.peak`."""
    units = _draw_units(settings, rng, label)
    low, high = settings.peak
    peak = low * (high / low) ** float(rng.uniform())  # weak expressions are more frequent than strong ones
    drawn = [a for name, strength in units for a in _draw_sides(settings, rng, subject, (name, strength), points)]
    factor = peak / peak_of(Bumps.joined([a.field for a in drawn])) * PIXEL
    return tuple(Action(a.name, a.intensity * factor / PIXEL, a.shape, a.field.scaled(factor)) for a in drawn)


def _draw_sides(
    settings: Settings, rng: np.random.Generator, subject: int, unit: tuple[str, float], points: Array
) -> list[Action]:
    """Return one unit on the sides where it acts, in this person's manner, of strength about one."""
    (name, strength), shape, lean = unit, float(rng.uniform(0.75, 1.35)), float(rng.normal())
    base = name.rstrip("LR")
    manner = stream(settings.seed, STYLE, subject, list(UNITS).index(base))
    gain, turn, bias = manner.normal(0, 1, 3)
    strength *= float(np.exp(0.8 * settings.variation * gain))
    lean = float(np.clip(settings.asymmetry * (0.7 * lean + 0.7 * bias), -0.6, 0.6))
    sides = [""] if base in MIDLINE else [s for s in "LR" if name == base or name.endswith(s)]
    actions = []
    for letter in sides:
        side = -1 if letter == "R" else 1
        field = bumps_of(UNITS[base], points, side, 0.5 * settings.variation * float(turn))
        amount = strength if len(sides) == 1 else strength * (1 + side * lean)
        actions.append(Action(base + letter, amount, shape, field.scaled(amount / peak_of(field))))
    return actions


def lids(points: Array) -> Bumps:
    """Return the displacement of both upper lids that closes the eyes by one pixel of 256."""
    return Bumps.joined([bumps_of(BLINK, points, side) for side in (1, -1)])
