"""The cells of ``task=recognise``: expressions in clips that are already cut."""

from __future__ import annotations

import shlex
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from mer.run.assemble import experiment

if TYPE_CHECKING:
    from mer.pipeline.memory import Memory
    from mer.run.experiment import Experiment, Outcome, Prepared
    from mer.sweep.ledger import Line

__all__ = ["Recognise", "RecogniseCell"]


@dataclass(frozen=True, kw_only=True)
class RecogniseCell:
    """A cell, see `mer.sweep.task.ReadyCell`.

    Attributes
    ----------
    run : Experiment
    prepared : Prepared
    shares : bool
        Whether other cells run in this process.
    """

    run: Experiment
    prepared: Prepared
    shares: bool

    @property
    def key(self) -> str:
        """Hash of all that determines its result."""
        return self.prepared.result

    def forget(self) -> None:
        """Remove its folds."""
        shutil.rmtree(self.run.folds(self.prepared), ignore_errors=True)

    def execute(self, folder: Path, *, figures: bool, wait: bool) -> Outcome:
        """Compute the result, keep it and show it in the folder."""
        from mer.run.execute import execute

        if self.shares or wait:  # not a worker of a launcher, which has one cell and one core
            self._warm_folds()
        return execute(self.run, folder, self.prepared, every_figure=figures, wait=wait)

    def _warm_folds(self) -> None:
        """Start the process of folds without a search, long before there are features; not if folds are kept."""
        from mer.loso.workers import warm
        from mer.tuning import NoTuning

        if isinstance(self.run.tuning, NoTuning) and not self.run.folds(self.prepared).exists():
            warm()

    def scores(self) -> dict[str, float | None]:
        """Return UF1 and UAR."""
        metrics = self.run.results.metrics(self.key)
        return {"uf1": metrics["uf1"]["value"], "uar": metrics["uar"]["value"]}

    def work(self, coming: set[str]) -> Counter[str]:
        """Count flow fields and feature rows that are not in the cache, and add their keys to `coming`."""
        pipeline, samples, work = self.run.pipeline, self.prepared.manifest.samples, Counter[str]()

        def new(stage: str, key: str) -> bool:
            found = key not in coming and not pipeline.cache.holds(stage, key)
            coming.add(key)
            return found

        tables = pipeline.table_keys(samples, mirror=self.run.evaluation.mirrors, bad_clips=self.run.bad_clips)
        missing = [stage for stage, key in tables.items() if new(stage, key)]
        if missing:
            flows = [pipeline.keys.flow_or_reason(sample, self.run.bad_clips) for sample in samples]
            work.update({"rows": len(samples), "flow": sum(new("flow", key) for key in flows)})
        return work

    def seconds(self, work: Counter[str]) -> float | None:
        """Estimate the time from earlier runs; clips and folds run in parallel."""
        flows, times = work["flow"], self.run.times
        frames = 0 if self.run.pipeline.dataset.entry == "flow" else flows
        counts = {"read": flows, "landmarks": frames, "align": frames, "flow": frames, "descriptor": work["rows"]}
        counts["evaluation"] = len(self.prepared.manifest.samples)
        total = times.expected("rest", "cell")
        for step, count in counts.items():
            each = times.expected(step, self.run.timed(step)) if count else 0.0
            if each is None or total is None:
                return None
            total += each * count / self.run.workers
        return total


@dataclass(frozen=True, kw_only=True)
class Recognise:
    """The task, see `mer.sweep.task.Task`."""

    root: str = "config"
    scores: tuple[str, ...] = ("uf1", "uar")
    work: tuple[str, ...] = ("flow", "rows")

    def refuse(self, words: Sequence[str]) -> None:
        """Refuse nothing."""

    def ready(
        self, cfg: DictConfig, choices: Mapping[str, str], words: Sequence[str], memory: Memory | None = None
    ) -> RecogniseCell:
        """Build what a composed configuration describes and read its annotations."""
        from mer.run.execute import prepare

        run = experiment(cfg, choices, command=shlex.join(["mer", "run", *words]))
        if memory is not None:
            run = replace(run, pipeline=replace(run.pipeline, memory=memory))
        return RecogniseCell(run=run, prepared=prepare(run), shares=memory is not None)

    def compare(self, folder: Path, lines: Sequence[Line]) -> None:
        """Print nothing: `mer report` compares."""
