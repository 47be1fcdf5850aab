"""What is known of a run of ``task=spot`` before anything is measured: its videos, and the key of its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mer.errors import DataError
from mer.pipeline.manifest import refuse_faults
from mer.spotting.curves import curve_keys, fingerprints
from mer.spotting.settings import Prepared, Spotting
from mer.store.keys import code_key, component_key, digest
from mer.types import Interval, Recordings

__all__ = ["plain", "prepare"]

_CODE = ("curves", "left_out", "recognise", "run_files")  # modules that decide on a result and are no component


def prepare(run: Spotting) -> Prepared:
    """Read the annotations, check that they can be evaluated and compute the key of the result; measures nothing.

    Raises
    ------
    MerError
        For bad input.
    """
    recordings = _recordings(run.dataset, run.bad_clips)
    run.task.check(run.spotter, recordings.recordings)
    if run.recognition is not None:
        run.recognition.check(recordings.recordings)
    prints = fingerprints(recordings.recordings)
    code = [code_key(f"mer.spotting.{module}") for module in _CODE]
    return Prepared(
        recordings=recordings,
        curves=curve_keys(run.measure, recordings.recordings, prints),
        key=digest("spotting", _identity(run, recordings, prints), code),
    )


def _recordings(dataset: Any, bad_clips: str) -> Recordings:
    found: Recordings = dataset.recordings()
    if bad_clips == "stop":
        refuse_faults(found)
    if not found.recordings:
        reasons = "; ".join(f"{left.sample_id}: {left.reason}" for left in found.excluded[:3])
        raise DataError(f"dataset={dataset.name}: no video is left ({reasons or 'it holds none'})")
    return found


def _identity(run: Spotting, recordings: Recordings, prints: Mapping[str, str]) -> list[object]:
    """Return all that determines the files of a run."""
    videos = [
        [r.id, r.subject, r.fps, prints[r.id], [plain(event) for event in r.events]] for r in recordings.recordings
    ]
    parts = [run.measure, run.spotter, run.task]
    if run.recognition is not None:
        named = (getattr(run.recognition.stages, name) for name in ("frames", "descriptor"))
        parts += [*named, run.recognition.learner, run.recognition.tuning]
    return [videos, run.bad_clips, run.recognition and run.recognition.seed, *map(component_key, parts)]


def plain(event: Interval) -> list[object]:
    """Return what counts of a true interval."""
    return [event.onset, event.apex, event.offset, event.kind, event.label]
