"""One run of ``task=spot``: from a data set of long videos to scores, a folder and a record in MLflow."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mer.errors import DataError
from mer.run.record import source_of
from mer.spotting import run_files
from mer.spotting.curves import fingerprints, measured
from mer.spotting.recognise import Recognised
from mer.spotting.score import SpottedVideo
from mer.spotting.settings import Spotting
from mer.store.cache import Cache
from mer.store.keys import code_key, component_key, digest
from mer.store.results import Results
from mer.tracking import RECORDS, Record, carry_over, open_later, run_id_of, settle, tell_later
from mer.types import Interval, Recordings

__all__ = ["Outcome", "execute"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run gave.

    Attributes
    ----------
    folder : Path
    videos : tuple of SpottedVideo
    recognised : Recognised or None
        Of task=spot_recognise.
    warnings : tuple of str
    see : str
        Command or address that shows the run in MLflow; empty if it is not recorded.
    run_id : str
        MLflow's id of the run; empty if it is not recorded yet.
    """

    folder: Path
    videos: tuple[SpottedVideo, ...]
    recognised: Recognised | None
    warnings: tuple[str, ...]
    see: str
    run_id: str


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
    run.task.check(run.spotter, recordings.recordings)
    if run.recognition is not None:
        run.recognition.check(recordings.recordings)
    if store is not None:
        open_later(run.home, store)
    prints = fingerprints(recordings.recordings)
    cache = Cache(root=run.home / "cache")
    videos, without_face = measured(run.measure, recordings.recordings, prints, cache, run.workers)
    warnings = [*(f"left out: {left.reason}" for left in recordings.excluded if left.fault), *without_face]
    found = run.task(run.spotter, videos)
    recognised = None
    if run.recognition is not None:
        recognised = run.recognition(run.dataset, recordings.recordings, found, run.task.iou, cache.root)
        warnings += recognised.left_out
    key = digest("spotting", _identity(run, recordings, prints), code_key("mer.spotting.study"))
    results = Results(root=run.home / "results")
    with results.writing(key, replacing=carry_over) as written:
        scores = run_files.write(written, run, recordings, videos, found, recognised, warnings)
        if store is not None:
            record = _record(run, recordings, store, began, key, scores)
            record.write(written / RECORDS)
    untold = ""
    if store is not None:
        tell_later(run.home, results.path(key) / RECORDS / f"{record.id}.json")
        untold = settle(run.home)
    results.show(key, folder)
    warnings += [untold] if untold else []
    return Outcome(
        folder=folder,
        videos=tuple(found),
        recognised=recognised,
        warnings=tuple(warnings),
        see=run.tracking.see(run.study),
        run_id=run_id_of(results.path(key) / RECORDS / f"{record.id}.json") if store is not None else "",
    )


def _recordings(dataset: Any) -> Recordings:
    found: Recordings = dataset.recordings()
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
    return [videos, run.recognition and run.recognition.seed, *map(component_key, parts)]


def _plain(event: Interval) -> list[object]:
    return [event.onset, event.apex, event.offset, event.kind, event.label]


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
        params={
            **run.choices,
            **run.settings,
            **({} if run.recognition is None else {"seed": str(run.recognition.seed)}),
        },
        tags={
            "task": "spot" if run.recognition is None else "spot_recognise",
            "cell": key,
            "result": key,
            "command": run.command,
            "dataset": run.dataset.name,
        },
        data={"name": run.dataset.name, "digest": data, "source": source_of(run.dataset)},
        metrics=_numbers(scores),
    )


def _numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores of each kind as MLflow's metrics: ``f1_micro``, ``recall_macro`` …; none where undefined."""
    found: dict[str, Any] = {}
    recognition = scores.get("recognition", {})
    found |= {name: recognition[name] for name in ("strs", "uf1") if name in recognition}
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
