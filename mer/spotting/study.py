"""One run of ``task=spot``: from a data set of long videos to scores, a folder and a record in MLflow."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mer.errors import DataError, FaceNotFoundError
from mer.progress import progress
from mer.report.figures.motion_curve import draw
from mer.spotting.fit import Followed, SubjectsOut
from mer.spotting.interval_table import write_intervals
from mer.spotting.motion import MotionCurve, RegionMotion
from mer.spotting.peaks import Peaks
from mer.spotting.score import SpottedVideo
from mer.spotting.score_table import write
from mer.store.cache import Cache, Entry
from mer.store.keys import code_key, component_key, digest
from mer.store.results import Results
from mer.tracking import RECORDS, Off, Record, Server, Sqlite, carry_over, open_later, settle, tell_later
from mer.types import KINDS, Interval, Recording, Recordings

__all__ = ["Outcome", "Spotting", "execute"]


@dataclass(frozen=True, kw_only=True)
class Spotting:
    """Everything that a run needs.

    Attributes
    ----------
    dataset
        Has ``recordings()``.
    measure : RegionMotion
    spotter : Peaks
    task : SubjectsOut
    tracking
        Component of that group.
    home : Path
        MER_HOME.
    study : str
    choices : mapping of str to str
        The chosen option of every group.
    settings : mapping of str to str
        Single settings that the command names.
    config, command : str
        The whole configuration as YAML; the command line that repeats the run.
    """

    dataset: Any
    measure: RegionMotion
    spotter: Peaks
    task: SubjectsOut
    tracking: Sqlite | Server | Off
    home: Path
    study: str
    choices: Mapping[str, str]
    settings: Mapping[str, str]
    config: str
    command: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run gave.

    Attributes
    ----------
    folder : Path
    videos : tuple of SpottedVideo
    warnings : tuple of str
    see : str
        Command or address that shows the run in MLflow; empty if it is not recorded.
    """

    folder: Path
    videos: tuple[SpottedVideo, ...]
    warnings: tuple[str, ...]
    see: str


def execute(run: Spotting, folder: Path) -> Outcome:
    """Measure every video (or read what is kept), spot, score, write the folder and record the run.

    Raises
    ------
    MerError
        For bad input.
    """
    began = int(time.time() * 1000)
    run.tracking.refuse(run.study)
    store = run.tracking.address(run.home)
    recordings = _recordings(run.dataset)
    if store is not None:
        open_later(run.home, store)
    videos, warnings = _followed(run, recordings)
    found = run.task(run.spotter, videos)
    key = digest("spotting", _identity(run, recordings), code_key("mer.spotting.study"))
    results = Results(root=run.home / "results")
    with results.writing(key, replacing=carry_over) as written:
        scores = _write(written, run, recordings, videos, found, warnings)
        if store is not None:
            record = _record(run, recordings, store, began, key, scores)
            record.write(written / RECORDS)
    untold = ""
    if store is not None:
        tell_later(run.home, results.path(key) / RECORDS / f"{record.id}.json")
        untold = settle(run.home)
    results.show(key, folder)
    warnings += [untold] if untold else []
    return Outcome(folder=folder, videos=tuple(found), warnings=tuple(warnings), see=run.tracking.see(run.study))


def _recordings(dataset: Any) -> Recordings:
    found: Recordings = dataset.recordings()
    if not found.recordings:
        reasons = "; ".join(f"{left.sample_id}: {left.reason}" for left in found.excluded[:3])
        raise DataError(f"dataset={dataset.name}: no video is left ({reasons or 'it holds none'})")
    return found


def _followed(run: Spotting, recordings: Recordings) -> tuple[list[Followed], list[str]]:
    """Return the motion in every video; one without a face stays, so that what it holds counts as missed."""
    warnings: list[str] = []
    curves: list[Followed] = []
    cache = Cache(root=run.home / "cache")
    with progress("videos", len(recordings.recordings)) as advance:
        for recording in recordings.recordings:
            try:
                curves.append((recording, _kept(cache, run.measure, recording)))
            except FaceNotFoundError as error:
                warnings.append(f"{recording.id}: {error}; its expressions count as missed")
                curves.append((recording, _empty(recording)))
            except DataError as error:
                raise type(error)(f"{recording.dataset} {recording.id}: {error}") from error
            advance()
    if len(warnings) == len(curves):
        raise DataError(f"no video shows a face; the first: {warnings[0]}")
    return curves, warnings


def _kept(cache: Cache, measure: RegionMotion, recording: Recording) -> MotionCurve:
    """Return the motion in a video from the cache, or measure and keep it."""
    frames = range(recording.first, recording.last + 1)
    key = digest(component_key(measure), recording.clip.fingerprint(frames), recording.fps)

    def make() -> Entry:
        curve = measure((recording.clip.read(index) for index in frames), recording.fps)
        return Entry(array=curve.displacement, facts={"regions": list(curve.regions)})

    entry = cache.compute("curves", key, make)
    return MotionCurve(displacement=entry.array, regions=tuple(entry.facts["regions"]), fps=recording.fps)


def _empty(recording: Recording) -> MotionCurve:
    nothing = np.full((recording.frames, 1, 2), np.nan, dtype=np.float32)
    return MotionCurve(displacement=nothing, regions=("none",), fps=recording.fps)


def _identity(run: Spotting, recordings: Recordings) -> list[object]:
    """Return all that determines the files of a run."""
    videos = [
        [r.id, r.subject, r.fps, r.clip.fingerprint(range(r.first, r.last + 1)), [_plain(event) for event in r.events]]
        for r in recordings.recordings
    ]
    return [videos, component_key(run.measure), component_key(run.spotter), component_key(run.task)]


def _plain(event: Interval) -> list[object]:
    return [event.onset, event.apex, event.offset, event.kind, event.label]


def _write(
    folder: Path,
    run: Spotting,
    recordings: Recordings,
    videos: Sequence[Followed],
    found: Sequence[SpottedVideo],
    warnings: Sequence[str],
) -> Mapping[str, Any]:
    """Write the files of a run; return its scores."""
    times = {r.id: np.arange(r.frames) / r.fps for r, _ in videos}
    by_video = {video.video: video.found for video in found}
    write_intervals(folder, by_video, times, {r.id: r.first for r, _ in videos})
    write({run.dataset.name: found}, run.task.iou, folder, "one_to_one")
    scores: Mapping[str, Any] = json.loads((folder / "scores.json").read_text(encoding="utf-8"))["sets"]
    (folder / "scores.json").rename(folder / "metrics.json")
    (folder / "config.yaml").write_text(run.config, encoding="utf-8")
    card = {
        "task": "spot",
        "command": run.command,
        "data": {"name": run.dataset.name, "videos": len(videos), "notes": dict(recordings.notes)},
        "excluded": [{"id": left.sample_id, "reason": left.reason} for left in recordings.excluded],
        "thresholds": "fitted on the other subjects" if run.task.heights else "those of the spotter",
        "warnings": list(warnings),
    }
    (folder / "protocol.json").write_text(json.dumps(card, indent=1, default=str, ensure_ascii=False), encoding="utf-8")
    _figures(folder / "figures", run, videos, by_video)
    return dict(scores[run.dataset.name])


def _figures(folder: Path, run: Spotting, videos: Sequence[Followed], found: Mapping[str, Sequence[Interval]]) -> None:
    """Draw the curve of every video that shows a face."""
    folder.mkdir()
    for recording, curve in videos:
        strengths = {kind: run.spotter.strength(curve, kind) for kind in KINDS}
        if all(np.isnan(strength).all() for strength in strengths.values()):
            continue
        seconds = np.arange(recording.frames) / recording.fps
        both = ([_from_zero(recording.first, i) for i in some] for some in (found[recording.id], recording.events))
        spotted, true = both
        name = recording.id.replace("/", "_")
        draw(recording.id, seconds, strengths, spotted, folder / f"{name}.png", true)


def _from_zero(first: int, interval: Interval) -> Interval:
    apex = None if interval.apex is None else interval.apex - first
    return replace(interval, onset=interval.onset - first, apex=apex, offset=interval.offset - first)


def _record(
    run: Spotting, recordings: Recordings, store: str, began: int, key: str, scores: Mapping[str, Any]
) -> Record:
    data = digest([[r.id, *map(_plain, r.events)] for r in recordings.recordings])
    shown = [run.choices[group] for group in ("flow", "roi", "spotter")]
    return Record(
        store=store,
        study=run.study,
        name=" ".join([*shown, *(f"{name.split('.')[-1]}={value}" for name, value in run.settings.items())]),
        began=began,
        ended=int(time.time() * 1000),
        params={**run.choices, **run.settings},
        tags={"task": "spot", "result": key, "command": run.command, "dataset": run.dataset.name},
        data={"name": run.dataset.name, "digest": data, "source": "embedded"},
        metrics=_numbers(scores),
    )


def _numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores of each kind as MLflow's metrics: ``f1_micro``, ``recall_macro`` …; none where undefined."""
    found: dict[str, Any] = {}
    for kind, values in scores.items():
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
