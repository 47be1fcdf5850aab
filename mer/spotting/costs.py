"""What a run of ``task=spot`` costs on this machine, so that the plan of a sweep can say how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mer.store.costs import Times
from mer.store.keys import component_key, digest
from mer.types import Recording

if TYPE_CHECKING:
    from mer.spotting.settings import Prepared, Spotting

__all__ = ["expected", "remember", "unmeasured"]


def unmeasured(run: Spotting, prepared: Prepared) -> dict[str, Recording]:
    """Return the videos whose motion is not in the cache, by the keys of their motion."""
    keys = prepared.curves
    return {keys[r.id]: r for r in prepared.recordings.recordings if not run.cache.holds("curves", keys[r.id])}


def remember(
    run: Spotting, prepared: Prepared, new: Mapping[str, Recording], *, measuring: float, rest: float, figures: bool
) -> None:
    """Keep the seconds per frame of measuring the `new` videos, and per video those of the rest."""
    times = Times(root=run.home / "times")
    if new:
        frames = sum(recording.frames for recording in new.values())
        times.add("curves", run.measure, measuring * min(run.workers, len(new)) / frames)
    times.add(*_rest(run, figures=figures), rest / len(prepared.recordings.recordings))


def expected(run: Spotting, prepared: Prepared, *, videos: int, frames: int) -> float | None:
    """Return the time of a cell in which so many videos are to be measured; None where nothing like it was timed."""
    times = Times(root=run.home / "times")
    each = times.expected("curves", run.measure) if videos else 0.0
    rest = times.expected(*_rest(run, figures=False))
    if each is None or rest is None:
        return None
    return each * frames / min(run.workers, max(videos, 1)) + rest * len(prepared.recordings.recordings)


def _rest(run: Spotting, *, figures: bool) -> tuple[str, str]:
    """Return the step and the component of all but measuring; one search says nothing of another."""
    if run.recognition is not None:
        return "evaluation", digest("spot_recognise", component_key(run.recognition.tuning), figures)
    return "spotting", digest(component_key(run.spotter), figures)
