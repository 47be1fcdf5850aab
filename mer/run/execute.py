"""One run: from the settings to its results folder and its record in MLflow."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from mer.pipeline import Features, outline
from mer.progress import progress
from mer.report.figures.drawing import drawing
from mer.run import folder as run_folder
from mer.run import record as run_record
from mer.run.experiment import STAGES, Experiment, Outcome, Prepared
from mer.run.peak_memory import peak_memory_mb, reset_peak_memory
from mer.run.provenance import clip_list_hash, protocol_card
from mer.store.keys import code_key, component_key, digest
from mer.store.upkeep import trim
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
from mer.types import FoldResult, LosoResult, Manifest

__all__ = ["execute", "prepare"]


def prepare(experiment: Experiment) -> Prepared:
    """Read the annotations, check that they can be evaluated and compute the cell's key; decodes no frame.

    Raises
    ------
    MerError
        For bad input.
    """
    pipeline = experiment.pipeline
    manifest = pipeline.manifest(bad_clips=experiment.bad_clips, drop=experiment.drop)
    experiment.evaluation.check(outline(manifest, manifest.samples), seed=experiment.seed)
    clips = clip_list_hash(manifest.samples)
    key = digest(experiment.identity, clips)
    return Prepared(manifest=manifest, clip_list=clips, key=key, result=_result_key(experiment, manifest, key))


def _result_key(experiment: Experiment, manifest: Manifest, key: str) -> str:
    """Return the hash of all that determines the folder of a run: the data, the settings and the code."""
    bad_clips, evaluation = experiment.bad_clips, experiment.evaluation
    tables = experiment.pipeline.table_keys(manifest.samples, mirror=evaluation.mirrors, bad_clips=bad_clips)
    read = [[s.id, s.dataset] for s in manifest.samples], [[e.sample_id, e.reason] for e in manifest.excluded]
    learnt = [component_key(stage) for stage in (experiment.svm, experiment.tuning, evaluation)]
    return digest(
        key, tables, read, manifest.classes, dict(manifest.notes), bad_clips, learnt, code_key("mer.run.folder")
    )


def execute(
    experiment: Experiment,
    folder: Path,
    prepared: Prepared | None = None,
    *,
    every_figure: bool = True,
    wait: bool = True,
) -> Outcome:
    """Run an experiment and keep its result atomically; then link it into the folder and record it in MLflow.

    Parameters
    ----------
    experiment : Experiment
    folder : Path
        Folder that links to the result; created if needed.
    prepared : Prepared, optional
        From `prepare`, if the caller has already called it.
    every_figure : bool
        Also draw regions and a clip, not only the confusion matrix.
    wait : bool
        Wait until the run is recorded in MLflow; if that fails, the outcome has a warning, since the result is kept and
        `mer sync` records it later. Otherwise, the caller waits, with `mer.tracking.settle`.

    Raises
    ------
    MerError
        For bad input; the folder then has nothing new, and MLflow gets a run with status FAILED.
    """
    start, began = time.perf_counter(), int(time.time() * 1000)
    reset_peak_memory()
    store = experiment.tracking.address(experiment.home)
    experiment.tracking.refuse(experiment.study)
    prepared = prepared or prepare(experiment)
    if store is not None:
        open_later(experiment.home, store)
    recorded = None if store is None else partial(_record, experiment, prepared, store, began)
    with exit_on_signals(), drawing() as figures, telling_failures(experiment.home, recorded, wait=wait):
        features = experiment.pipeline.features(
            prepared.manifest,
            workers=experiment.workers,
            bad_clips=experiment.bad_clips,
            mirror=experiment.evaluation.mirrors,
        )
        shown = run_folder.telling_clip(prepared.manifest, features) if every_figure else None
        if shown is not None:
            run_folder.begin_figures(figures, experiment, features, shown)
        result = _evaluate(experiment, features, experiment.folds(prepared))
        card = protocol_card(experiment, prepared.manifest, features, key=prepared.key)
        with experiment.results.writing(prepared.result, replacing=carry_over) as written:
            summary = run_folder.write(written, experiment, features, result, card, figures, shown=shown)
            if recorded is not None:
                cost = {"seconds_total": time.perf_counter() - start, "peak_memory_mb": peak_memory_mb()}
                record = recorded(
                    metrics=run_record.numbers(summary, features) | cost,
                    series=run_record.series(result),
                    texts={"per_subject.csv": run_record.per_subject(result)},
                )
                record.write(written / RECORDS)
        kept = experiment.results.path(prepared.result) / RECORDS
        if store is not None:
            tell_later(experiment.home, kept / f"{record.id}.json")
    experiment.results.show(prepared.result, folder)
    kind = "run" if every_figure else "cell"
    _remember_cost(experiment, features, result, time.perf_counter() - start, kind)
    if experiment.cache_limit is not None:
        trim(experiment.pipeline.cache, experiment.cache_limit)
    untold = settle(experiment.home) if store is not None and wait else ""
    return Outcome(
        folder=folder,
        metrics=summary,
        left_out=len(features.excluded),
        warnings=(*card["warnings"], *filter(None, [untold])),
        computed={stage: len(times) for stage, times in features.computed.items()},
        see=experiment.tracking.see(experiment.study),
        run_id=run_id_of(kept / f"{record.id}.json") if store is not None and wait else "",
        seconds=time.perf_counter() - start,
    )


def _record(experiment: Experiment, prepared: Prepared, store: str, began: int, error: str = "", **more: Any) -> Record:
    """Return what MLflow gets of a run; of one that failed, its error."""
    tags = run_record.tags(experiment, prepared.manifest, cell=prepared.key, clip_list=prepared.clip_list)
    return Record(
        store=store,
        study=experiment.study,
        name=run_record.name(experiment),
        began=began,
        ended=int(time.time() * 1000),
        params=run_record.params(experiment, STAGES),
        tags=tags | {"result": prepared.result} | ({"error": error} if error else {}),
        data=run_record.data(experiment, clip_list=prepared.clip_list),
        status="FAILED" if error else "FINISHED",
        **more,
    )


def _evaluate(experiment: Experiment, features: Features, store: Path) -> LosoResult:
    evaluate, table = experiment.evaluation, features.table
    with progress("folds", evaluate.folds(table)) as advance:

        def ended(_: FoldResult) -> None:
            advance()

        result: LosoResult = evaluate(
            table,
            experiment.svm,
            experiment.tuning,
            seed=experiment.seed,
            key=experiment.learner_key,
            workers=experiment.workers,
            progress=ended,
            mirrored=features.mirrored,
            store=store,
        )
    return result


def _remember_cost(experiment: Experiment, features: Features, result: LosoResult, seconds: float, kind: str) -> None:
    """Keep seconds per clip of every step for the plan of the next sweep, except for folds that were read back."""
    times, workers = experiment.times, experiment.workers
    spent = 0.0
    for stage, each in features.computed.items():
        spent += sum(each) / workers
        times.add(stage, experiment.timed(stage), sum(each) / len(each))
    folds = sum(fold.seconds for fold in result.folds)
    times.add("evaluation", experiment.folds_cost, folds / len(features.table))
    rest = seconds - spent - folds / workers
    if rest > 0:  # else folds were read back
        times.add("rest", kind, rest)
