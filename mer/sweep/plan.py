"""The plan of a sweep: its cells, which results are kept or cached, and the expected time of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mer.sweep.cell import Sweep, is_kept
from mer.sweep.ledger import duration

if TYPE_CHECKING:
    from mer.run.experiment import Experiment, Prepared

__all__ = ["Planned", "plan", "print_plan"]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The current state of one cell.

    Attributes
    ----------
    name : str
    state : str
        ``kept``, ``new``, ``failed before`` or ``twice`` (another cell of the sweep has the same result).
    work : mapping of str to int
        Flow fields and feature rows to compute, except those that an earlier cell will compute.
    seconds : float or None
        None if no run of this kind has been timed on this machine.
    """

    name: str
    state: str
    work: Counter[str]
    seconds: float | None


def plan(sweep: Sweep) -> list[Planned]:
    """Plan every cell; decodes no frame and computes nothing.

    Raises
    ------
    MerError
        If the data set of a cell cannot be read.
    """
    from mer.run.execute import prepare

    coming: set[str] = set()  # keys that an earlier cell will have computed
    found = []
    for number, overrides in enumerate(sweep.cells):
        ready = sweep.experiment(number)
        prepared = prepare(ready)
        state = _state(ready, prepared, again=sweep.force)
        if prepared.result in coming:
            state = "twice"
        coming.add(prepared.result)
        work: Counter[str] = Counter() if state in ("kept", "twice") else _work(ready, prepared, coming)
        seconds = 0.0 if state in ("kept", "twice") else _seconds(ready, prepared, work)
        found.append(Planned(name=" ".join(overrides) or "base", state=state, work=work, seconds=seconds))
    return found


def print_plan(sweep: Sweep) -> None:
    """Print the plan as a table, and the total time."""
    cells = plan(sweep)
    width = max(len(cell.name) for cell in cells)
    print(f"{'cell':>5}  {'overrides':<{width}}  {'state':<13}  {'flow':>6}  {'rows':>6}  time")
    for number, cell in enumerate(cells, 1):
        flow, rows = cell.work["flow"], cell.work["descriptor"]
        print(f"{number:>5}  {cell.name:<{width}}  {cell.state:<13}  {flow:>6}  {rows:>6}  {_time(cell.seconds)}")
    print(f"\n{len(cells)} cells: {_counts(cells)}; expected time {_total(cells)}; nothing was run")


def _state(ready: Experiment, prepared: Prepared, *, again: bool) -> str:
    if not again and is_kept(ready, prepared):
        return "kept"
    return "new" if ready.results.error(prepared.result) is None else "failed before"


def _work(ready: Experiment, prepared: Prepared, coming: set[str]) -> Counter[str]:
    """Count what is not in the cache, and add it to `coming`."""
    pipeline, samples, work = ready.pipeline, prepared.manifest.samples, Counter[str]()

    def new(stage: str, key: str) -> bool:
        found = key not in coming and not pipeline.cache.holds(stage, key)
        coming.add(key)
        return found

    tables = pipeline.table_keys(samples, mirror=ready.evaluation.mirrors, bad_clips=ready.bad_clips)
    missing = [stage for stage, key in tables.items() if new(stage, key)]
    if missing:
        flows = [pipeline.keys.flow_or_reason(sample, ready.bad_clips) for sample in samples]
        work.update({"descriptor": len(samples), "flow": sum(new("flow", key) for key in flows)})
    return work


def _seconds(ready: Experiment, prepared: Prepared, work: Counter[str]) -> float | None:
    """Estimate the time from earlier runs; clips and folds run in parallel."""
    flows = work["flow"]
    frames = 0 if ready.pipeline.dataset.entry == "flow" else flows
    counts = {"read": flows, "landmarks": frames, "align": frames, "flow": frames, "descriptor": work["descriptor"]}
    counts["evaluation"] = len(prepared.manifest.samples)
    total = ready.times.expected("rest", "cell")
    for step, count in counts.items():
        each = ready.times.expected(step, ready.timed(step)) if count else 0.0
        if each is None or total is None:
            return None
        total += each * count / ready.workers
    return total


def _time(seconds: float | None) -> str:
    return "unknown" if seconds is None else duration(seconds) if seconds else ""


def _counts(cells: Sequence[Planned]) -> str:
    return ", ".join(f"{count} {state}" for state, count in Counter(cell.state for cell in cells).items())


def _total(cells: Sequence[Planned]) -> str:
    known = sum(cell.seconds or 0.0 for cell in cells)
    unknown = sum(cell.seconds is None for cell in cells)
    if not unknown:
        return f"about {duration(known)}"
    if unknown == len(cells):
        return "unknown, since no similar cell has been timed on this machine yet"
    return f"about {duration(known)}, plus {unknown} cells unlike any timed on this machine yet"
