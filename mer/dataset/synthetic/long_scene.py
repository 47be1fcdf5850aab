"""What happens in one long video: expressions, blinks, speech, movements of the head, changes of light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mer.dataset.synthetic.bumps import Bumps
from mer.dataset.synthetic.casting import PIXEL, draw_actions, lids
from mer.dataset.synthetic.long_settings import LongSettings
from mer.dataset.synthetic.noise import LONG, stream
from mer.dataset.synthetic.performance import Action
from mer.types import KINDS, Kind

__all__ = ["Expression", "Pulse", "Scene", "draw_scene"]

Array = NDArray[np.float64]
# One stream per purpose, so that one disturbance switched off leaves all the others as they are.
_PLACES, _EXPRESSIONS, _BLINKS, _HEAD, _NODS, _SPEECH, _LIGHT = range(7)
_GAP_S = 0.5  # of a neutral face between two expressions
_RISE, _HOLD = (0.3, 0.5), (0.0, 0.2)  # shares of the duration of an expression


@dataclass(frozen=True, eq=False)
class Expression:
    """One event: frames onset < apex ≤ end of the hold < offset, and what it moves."""

    kind: Kind
    label: str
    onset: int
    apex: int
    held: int
    offset: int
    actions: tuple[Action, ...]

    def level(self, index: int) -> float:
        """Return the strength in a frame: 0 up to the onset, 1 from the apex through the hold, 0 from the offset on."""
        if index <= self.onset or index >= self.offset:
            return 0.0
        if index < self.apex:
            return _smooth((index - self.onset) / (self.apex - self.onset))
        return _smooth((self.offset - index) / max(self.offset - self.held, 1)) if index > self.held else 1.0


@dataclass(frozen=True)
class Pulse:
    """Something short around a frame: a blink, a nod, a bout of speech."""

    middle: float
    half: float
    size: float
    turn: float  # radians: the direction of a nod, the rhythm of speech

    def level(self, index: int) -> float:
        """Return the strength in a frame, 0 outside."""
        return float(max(1 - ((index - self.middle) / self.half) ** 2, 0.0) ** 2)


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that moves in one long video."""

    expressions: tuple[Expression, ...]
    blinks: tuple[Pulse, ...]
    lids: Bumps
    speech: tuple[Pulse, ...]
    mouth: Bumps
    nods: tuple[Pulse, ...]
    sway: Array  # of the slow movement: (waves, 4) amplitudes of x px, y px, roll rad, log zoom
    rate: Array  # Hz, (waves,)
    phase: Array  # (waves, 4)
    light: Array  # relative amplitude, Hz, phase
    fps: float

    def skin(self, index: int) -> Bumps:
        """Return the displacement of the skin in a frame."""
        parts = [
            action.field.scaled(level**action.shape)
            for event in self.expressions
            if (level := event.level(index)) > 0
            for action in event.actions
        ]
        parts += [self.lids.scaled(b.size * b.level(index)) for b in self.blinks if b.level(index) > 0]
        parts += [self.mouth.scaled(s.size * s.level(index) * self._syllable(s, index)) for s in self._spoken(index)]
        return Bumps.joined(parts) if parts else self.lids.scaled(0.0)

    def head(self, index: int) -> Array:
        """Return how far the head is from its pose: x px, y px, roll rad, log zoom."""
        waves = self.sway * np.sin(2 * np.pi * (self.rate[:, None] * index / self.fps + self.phase))
        moved: Array = waves.sum(axis=0)
        for nod in self.nods:
            moved = moved + nod.size * nod.level(index) * np.array([np.cos(nod.turn), np.sin(nod.turn), 0, 0])
        return moved

    def brightness(self, index: int) -> float:
        """Return the factor on all grey levels in a frame."""
        size, rate, phase = self.light
        return 1 + float(size) * float(np.sin(2 * np.pi * (rate * index / self.fps + phase)))

    def _spoken(self, index: int) -> list[Pulse]:
        return [bout for bout in self.speech if bout.level(index) > 0]

    def _syllable(self, bout: Pulse, index: int) -> float:
        """Return how far the mouth is open: some four syllables a second."""
        seconds = (index - bout.middle) / self.fps
        return float(0.5 + 0.5 * np.sin(2 * np.pi * 4.0 * seconds + bout.turn + np.sin(2 * np.pi * 0.9 * seconds)))


def draw_scene(settings: LongSettings, subject: int, video: int, points: Array) -> Scene:
    """Draw one video; `points` are the landmarks of the face in face units, shape (68, 2)."""
    place = (settings.look.seed, LONG, subject, video)
    pixel, frames, fps = settings.look.size / 256, settings.frames, settings.look.fps
    mouth = draw_actions(replace(settings.look, peak=(1.0, 1.0)), stream(*place, _SPEECH), subject, "fear", points)
    spoken = Bumps.joined([a.field for a in mouth if a.name in ("AU25", "AU26")] or [a.field for a in mouth])
    head = stream(*place, _HEAD)
    light = stream(*place, _LIGHT).uniform(0, 1, 2)
    return Scene(
        expressions=tuple(_draw_expressions(settings, place, subject, points)),
        blinks=_pulses(stream(*place, _BLINKS), settings.blinks, (0.06, 0.14), settings.look.blink, frames, fps),
        lids=lids(points).scaled(PIXEL),
        speech=_pulses(stream(*place, _SPEECH, 1), settings.speech, (0.5, 2.0), settings.mouth, frames, fps),
        mouth=spoken,
        nods=_pulses(stream(*place, _NODS), settings.nods, (0.25, 0.6), settings.nod, frames, fps, scale=pixel),
        sway=head.uniform(0.3, 1, (3, 4)) * settings.sway * _drift(settings) / 3,
        rate=head.uniform(0.05, 0.4, 3),
        phase=head.uniform(0, 1, (3, 4)),
        light=np.array([settings.light, 0.05 + 0.25 * light[0], light[1]]),
        fps=fps,
    )


def _drift(settings: LongSettings) -> Array:
    look = settings.look
    shift = look.drift_shift * look.size / 256
    return np.array([shift, shift, np.deg2rad(look.drift_roll), look.drift_zoom])


def _draw_expressions(settings: LongSettings, place: tuple[int, ...], subject: int, points: Array) -> list[Expression]:
    """Draw the events in order of time; each kind as often as its rate says, with a neutral face between them."""
    rng = stream(*place, _PLACES)
    kinds = [kind for kind in KINDS for _ in range(_times(getattr(settings, kind), settings))]
    order = [kinds[k] for k in rng.permutation(len(kinds))]
    spans = [round(float(rng.uniform(*_seconds(settings, kind))) * settings.look.fps) for kind in order]
    free = settings.frames - sum(spans) - round(_GAP_S * settings.look.fps) * (len(spans) + 1)
    gaps = np.floor(rng.dirichlet(np.full(len(spans) + 1, 2.0)) * max(free, 0)).astype(int)
    found, at = [], 0
    for number, (kind, span, gap) in enumerate(zip(order, spans, gaps.tolist(), strict=False)):
        onset = at + gap + round(_GAP_S * settings.look.fps)
        at = onset + max(span, 2)
        if at >= settings.frames:
            break
        own = stream(*place, _EXPRESSIONS, number)
        found.append(_draw_expression(settings, own, subject, kind, (onset, at), points))
    return found


def _draw_expression(
    settings: LongSettings,
    rng: np.random.Generator,
    subject: int,
    kind: Kind,
    ends: tuple[int, int],
    points: Array,
) -> Expression:
    names, shares = list(settings.look.frequencies), np.array(list(settings.look.frequencies.values()), dtype=float)
    label = names[int(rng.choice(len(names), p=shares / shares.sum()))]
    look = replace(settings.look, peak=settings.micro_peak if kind == "micro" else settings.macro_peak)
    onset, offset = ends
    rise, hold = (round(float(rng.uniform(*share)) * (offset - onset)) for share in (_RISE, _HOLD))
    apex = onset + max(rise, 1)
    held = min(apex + (hold if kind == "macro" else 0), offset - 1)
    return Expression(kind, label, onset, apex, held, offset, draw_actions(look, rng, subject, label, points))


def _seconds(settings: LongSettings, kind: Kind) -> tuple[float, float]:
    return settings.micro_seconds if kind == "micro" else settings.macro_seconds


def _times(rate: float, settings: LongSettings) -> int:
    return round(rate * settings.seconds / 60)


def _pulses(
    rng: np.random.Generator,
    rate: float,
    halves: tuple[float, float],
    sizes: Sequence[float],
    frames: int,
    fps: float,
    *,
    scale: float = 1.0,
) -> tuple[Pulse, ...]:
    """Draw pulses at a rate per minute."""
    count = round(rate * frames / fps / 60)
    middles, lengths, heights, turns = (rng.uniform(0, 1, count) for _ in range(4))
    return tuple(
        Pulse(
            middle=float(middle * frames),
            half=float(halves[0] + (halves[1] - halves[0]) * length) * fps,
            size=float(sizes[0] + (sizes[1] - sizes[0]) * height) * scale,
            turn=float(2 * np.pi * turn),
        )
        for middle, length, height, turn in zip(middles, lengths, heights, turns, strict=True)
    )


def _smooth(share: float) -> float:
    t = min(max(share, 0.0), 1.0)
    return t * t * t * (10 - 15 * t + 6 * t * t)
