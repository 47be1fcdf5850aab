"""One run of ``task=spot``: from a data set of long videos to scores, a folder and a record in MLflow."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mer.errors import DataError, counted
from mer.pipeline.manifest import refuse_faults
from mer.run.record import source_of
from mer.spotting import run_files
from mer.spotting.costs import remember, unmeasured
from mer.spotting.curves import curve_keys, fingerprints, measured
from mer.spotting.doubts import doubts, in_short
from mer.spotting.fit import Followed
from mer.spotting.left_out import accepted, without
from mer.spotting.recognise import Recognised
from mer.spotting.score import SpottedVideo
from mer.spotting.settings import Prepared, Spotting
from mer.store.keys import code_key, component_key, digest
from mer.tracking import (
    RECORDS,
    Record,
    carry_over,
    exit_on_signals,
    open_later,
    run_id_of,
    settle,
    tell_later,
    telling_failures,
)
from mer.types import Interval, Recordings

__all__ = ["Outcome", "execute", "prepare"]


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
    code = [code_key(f"mer.spotting.{module}") for module in ("curves", "run_files")]
    return Prepared(
        recordings=recordings,
        curves=curve_keys(run.measure, recordings.recordings, prints),
        key=digest("spotting", _identity(run, recordings, prints), code),
    )


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
    began, recordings = int(time.time() * 1000), prepared.recordings
    run.tracking.refuse(run.study)
    store = run.tracking.address(run.home)
    if store is not None:
        open_later(run.home, store)
    recorded = None if store is None else partial(_record, run, prepared, store, began)
    with exit_on_signals(), telling_failures(run.home, recorded, wait=wait):
        start, new = time.perf_counter(), unmeasured(run, prepared)
        videos, without_face, unreadable = measured(
            run.measure, recordings.recordings, prepared.curves, run.cache, run.workers, run.bad_clips
        )
        if run.bad_clips == "exclude":
            videos, refused = accepted(run.spotter, videos)
            unreadable += refused
        recordings = without(recordings, unreadable)
        run.task.check(run.spotter, recordings.recordings)
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
                record = recorded(metrics=_numbers(scores))
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
        [r.id, r.subject, r.fps, prints[r.id], [_plain(event) for event in r.events]] for r in recordings.recordings
    ]
    parts = [run.measure, run.spotter, run.task]
    if run.recognition is not None:
        named = (getattr(run.recognition.stages, name) for name in ("frames", "descriptor"))
        parts += [*named, run.recognition.learner, run.recognition.tuning]
    return [videos, run.bad_clips, run.recognition and run.recognition.seed, *map(component_key, parts)]


def _plain(event: Interval) -> list[object]:
    return [event.onset, event.apex, event.offset, event.kind, event.label]


def _record(run: Spotting, prepared: Prepared, store: str, began: int, error: str = "", **more: Any) -> Record:
    """Return what MLflow gets of a run; of one that failed, its error."""
    data = digest([[r.id, *map(_plain, r.events)] for r in prepared.recordings.recordings])
    shown = [run.choices[group] for group in ("flow", "roi", "spotter")]
    return Record(
        store=store,
        study=run.study,
        name=" ".join([*shown, *(f"{name.split('.')[-1]}={value}" for name, value in run.settings.items())]),
        began=began,
        ended=int(time.time() * 1000),
        params={
            **run.choices,
            **run.settings,
            **({} if run.recognition is None else {"seed": str(run.recognition.seed)}),
        },
        tags={
            "task": "spot" if run.recognition is None else "spot_recognise",
            "cell": prepared.key,
            "result": prepared.key,
            "command": run.command,
            "dataset": run.dataset.name,
            **({"error": error} if error else {}),
        },
        data={"name": run.dataset.name, "digest": data, "source": source_of(run.dataset)},
        status="FAILED" if error else "FINISHED",
        **more,
    )


def _numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores as MLflow's metrics: ``f1_micro``, ``recall_macro``, ``strs_disgust`` …; none if undefined."""
    found: dict[str, Any] = {}
    recognition = scores.get("recognition", {})
    found |= {name: recognition[name] for name in ("strs", "uf1") if name in recognition}
    for name, of_class in recognition.get("by_class", {}).items():
        found |= {f"strs_{name}": of_class["strs"], f"f1_hits_{name}": of_class["f1"]}
    for kind, values in scores.items():
        if kind == "recognition":
            continue
        for name, value in values.items():
            if name == "f1":
                found |= {
                    f"f1_{kind}": value["value"],
                    f"f1_{kind}_low": value["low"],
                    f"f1_{kind}_high": value["high"],
                }
            else:
                found[f"{name}_{kind}"] = value
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}
