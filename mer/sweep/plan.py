"""The plan of a sweep: its cells, which results are kept or cached, and the expected time of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mer.sweep.cell import Sweep
from mer.sweep.ledger import duration
from mer.sweep.task import ReadyCell, is_kept

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
        What is to be computed, such as flow fields and feature rows, except what an earlier cell will compute.
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
    coming: set[str] = set()  # keys that an earlier cell will have computed
    found = []
    for number, overrides in enumerate(sweep.cells):
        cell = sweep.ready(number)
        state = "twice" if cell.key in coming else _state(cell, again=sweep.force)
        coming.add(cell.key)
        work: Counter[str] = Counter() if state in ("kept", "twice") else cell.work(coming)
        seconds = 0.0 if state in ("kept", "twice") else cell.seconds(work)
        found.append(Planned(name=" ".join(overrides) or "base", state=state, work=work, seconds=seconds))
    return found


def print_plan(sweep: Sweep) -> None:
    """Print the plan as a table, and the total time."""
    cells = plan(sweep)
    width = max(len(cell.name) for cell in cells)
    counted = sweep.of_task.work
    heads = "".join(f"{name:>6}  " for name in counted)
    print(f"{'cell':>5}  {'overrides':<{width}}  {'state':<13}  {heads}time")
    for number, cell in enumerate(cells, 1):
        work = "".join(f"{cell.work[name]:>6}  " for name in counted)
        print(f"{number:>5}  {cell.name:<{width}}  {cell.state:<13}  {work}{_time(cell.seconds)}")
    print(f"\n{len(cells)} cells: {_counts(cells)}; expected time {_total(cells)}; nothing was run")


def _state(cell: ReadyCell, *, again: bool) -> str:
    if not again and is_kept(cell):
        return "kept"
    return "new" if cell.run.results.error(cell.key) is None else "failed before"


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
