"""One run of ``task=spot``: from a data set of long videos to scores, a folder and a record in MLflow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mer.errors import counted
from mer.spotting import run_files
from mer.spotting.costs import remember, unmeasured
from mer.spotting.curves import measured
from mer.spotting.doubts import doubts, in_short
from mer.spotting.fit import Followed
from mer.spotting.left_out import accepted, without
from mer.spotting.recognised import Recognised
from mer.spotting.record import numbers, record_of
from mer.spotting.score import SpottedVideo
from mer.spotting.settings import Prepared, Spotting
from mer.tracking import (
    RECORDS,
    carry_over,
    exit_on_signals,
    open_later,
    run_id_of,
    settle,
    tell_later,
    telling_failures,
)
from mer.types import Recordings

__all__ = ["Outcome", "execute"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run gave.

    Attributes
    ----------
    folder : Path
    dataset : str
    videos : tuple of SpottedVideo
    recognised : Recognised or None
        Of task=spot_recognise.
    iou : float
        Smallest intersection over union of a hit.
    warnings : tuple of str
    see : str
        Command or address that shows the run in MLflow; empty if it is not recorded.
    run_id : str
        MLflow's id of the run; empty if it is not recorded yet.
    """

    folder: Path
    dataset: str
    videos: tuple[SpottedVideo, ...]
    recognised: Recognised | None
    iou: float
    warnings: tuple[str, ...]
    see: str
    run_id: str


def execute(run: Spotting, folder: Path, prepared: Prepared, *, figures: bool = True, wait: bool = True) -> Outcome:
    """Measure every video (or read what is kept), spot, score, keep the result, show it in the folder and record it.

    Parameters
    ----------
    run : Spotting
    folder : Path
        Folder that links to the result; created if needed.
    prepared : Prepared
        From `prepare`.
    figures : bool
        Draw the motion in every video.
    wait : bool
        Wait until the run is recorded in MLflow; otherwise, the caller waits, with `mer.tracking.settle`.

    Raises
    ------
    MerError
        For bad input.
    """
    began = int(time.time() * 1000)
    run.tracking.refuse(run.study)
    store = run.tracking.address(run.home)
    if store is not None:
        open_later(run.home, store)
    recorded = None if store is None else partial(record_of, run, prepared, store, began)
    with exit_on_signals(), telling_failures(run.home, recorded, wait=wait):
        start, new = time.perf_counter(), unmeasured(run, prepared)
        recordings, videos, without_face = _usable(run, prepared)
        middle = time.perf_counter()
        found = run.task(run.spotter, videos)
        recognised = None
        if run.recognition is not None:
            recognised = run.recognition(run.dataset, recordings.recordings, found, run.task.iou, run.cache.root)
        warnings = _warnings(recordings, without_face, recognised, videos)
        with run.results.writing(prepared.key, replacing=carry_over) as written:
            scores = run_files.write(written, run, recordings, videos, found, recognised, warnings)
            if figures:
                run_files.draw_videos(written / "figures", run.spotter, videos, found)
            if recorded is not None:
                record = recorded(metrics=numbers(scores))
                record.write(written / RECORDS)
    kept = run.results.path(prepared.key) / RECORDS
    if store is not None:
        tell_later(run.home, kept / f"{record.id}.json")
    run.results.show(prepared.key, folder)
    remember(run, prepared, new, measuring=middle - start, rest=time.perf_counter() - middle, figures=figures)
    untold = settle(run.home) if store is not None and wait else ""
    return Outcome(
        folder=folder,
        dataset=run.dataset.name,
        videos=tuple(found),
        recognised=recognised,
        iou=run.task.iou,
        warnings=(*warnings, *filter(None, [untold])),
        see=run.tracking.see(run.study),
        run_id=run_id_of(kept / f"{record.id}.json") if store is not None and wait else "",
    )


def _usable(run: Spotting, prepared: Prepared) -> tuple[Recordings, list[Followed], list[str]]:
    """Return the videos that can be used once they are measured, their motion, and which show no face."""
    recordings = prepared.recordings
    videos, without_face, unreadable = measured(
        run.measure, recordings.recordings, prepared.curves, run.cache, run.workers, run.bad_clips
    )
    if run.bad_clips == "exclude":
        videos, refused = accepted(run.spotter, videos)
        unreadable += refused
    recordings = without(recordings, unreadable)
    run.task.check(run.spotter, recordings.recordings)
    return recordings, videos, without_face


def _warnings(
    recordings: Recordings, without_face: Sequence[str], recognised: Recognised | None, videos: Sequence[Followed]
) -> list[str]:
    seen = [(recording, curve) for recording, curve in videos if any(curve.stretches())]
    doubtful = ((r.id, *doubt) for r, curve in seen for doubt in doubts(curve, run_files.seconds_of(r)))
    faulty = [f"left out: {left.reason}" for left in recordings.faults]
    return [
        *recordings.notes.get("remarks", ()),
        *faulty,
        *_overlapping(recordings),
        *without_face,
        *in_short(doubtful),
        *(() if recognised is None else recognised.left_out),
    ]


def _overlapping(recordings: Recordings) -> list[str]:
    """Say how many true intervals overlap: found intervals do not, so that some of these are missed."""
    videos = {r.id: r.overlapping for r in recordings.recordings if r.overlapping}
    if not videos:
        return []
    where = f"{sum(videos.values())} in {counted(len(videos), 'video')}, first {next(iter(videos))}"
    return [f"true intervals that overlap an earlier one of the same kind: {where}; all are kept and count"]
