"""Run a sweep, from the first cell to the final table; called by `mer run -m`."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from mer.config.composition import compose, compose_cell
from mer.config.words import parse
from mer.errors import ConfigError
from mer.store.program import typed
from mer.sweep.cell import Sweep, run_cell
from mer.sweep.cells import Cell, expand, probes
from mer.sweep.checks import check_settings
from mer.sweep.hydra_process import launch
from mer.sweep.idle import refuse_idle
from mer.sweep.ledger import Line, heading, shown
from mer.sweep.task import find_task
from mer.tracking import settle, waiting
from mer.validation import require_choice, require_number

if TYPE_CHECKING:
    from mer.pipeline.memory import Memory

__all__ = ["run_sweep", "sweep_cells"]

_LOOK_EVERY_S = 0.5  # how often to look for lines of workers on other machines
_LOST = "its worker ended without a message: killed, out of memory, or its node went down"


def run_sweep(words: Sequence[str], task: str = "recognise") -> int:
    """Run a sweep as `sweep_cells` does and return the exit status: 0, or 1 if a cell failed."""
    return 1 if any(line.state == "failed" for line in sweep_cells(words, task)) else 0


def sweep_cells(words: Sequence[str], task: str = "recognise") -> list[Line]:
    """Check the settings of every cell, run all cells, print and return their lines; none if only a plan is printed.

    Parameters
    ----------
    words : sequence of str
        Without ``task=``.
    task : str

    Raises
    ------
    ConfigError
        For an invalid setting of any cell.
    """
    of_task = find_task(task)
    of_task.refuse(words)
    shared, cells = expand(words, of_task.root)
    varied = {parse(word).get_key_element() for cell in cells for word in cell} if len(cells) > 1 else set()
    for cell in probes(cells):  # misspellings fail before any work
        of_task.refuse([*shared, *cell])
        cfg, _ = compose_cell(shared, cell, of_task.root)
        check_settings(cfg)
        refuse_idle([*shared, *cell], cfg, varied)
    return _run_cells(task, shared, cells)


def _run_cells(task: str, shared: Sequence[str], cells: Sequence[Cell]) -> list[Line]:
    """Run all cells and return their lines."""
    cfg = compose(shared, with_hydra=True, root=find_task(task).root)
    if not all(isinstance(cfg.sweep[name], bool) for name in ("force", "plan", "figures")):
        raise ConfigError("sweep.force, sweep.plan and sweep.figures must be true or false")
    require_choice("sweep.stop", cfg.sweep.stop, ("never", "first"))
    sweep = Sweep(
        shared=tuple(shared),
        cells=tuple(cells),
        folder=Path(cfg.hydra.sweep.dir).absolute(),
        force=cfg.sweep.force,
        figures=cfg.sweep.figures,
        stop=cfg.sweep.stop,
        task=task,
    )
    if cfg.sweep.plan:
        from mer.sweep.plan import print_plan

        print_plan(sweep)
        return []
    memory = _memory(cfg)
    try:
        if _runs_here(cfg):
            _here(sweep, memory)
        else:
            _through_hydra(sweep)
    except BaseException:
        _close(sweep, table=False)
        raise
    tracked = not str(cfg.tracking["_target_"]).endswith(".Off")
    return _close(sweep, table=True, study=str(cfg.study), home=Path(cfg.home) if tracked else None)


def _runs_here(cfg: DictConfig) -> bool:
    """Return whether the cells run in this process, not through a launcher."""
    return str(cfg.hydra.launcher["_target_"]).endswith(".BasicLauncher")


def _memory(cfg: DictConfig) -> Memory:
    """Return the memory that the cells of this process share."""
    from mer.pipeline.memory import Memory

    gigabytes = cfg.sweep.get("memory_gb", 0)  # task=spot has nothing to share
    require_number("sweep.memory_gb", gigabytes, low=0)
    return Memory(int(gigabytes * 1e9))


def _here(sweep: Sweep, memory: Memory) -> None:
    """Run the cells one by one; those that another sweep is running come last."""
    busy: list[int] = []
    for wait, numbers in ((False, range(len(sweep.cells))), (True, busy)):
        for number in numbers:
            line = run_cell(sweep, number, wait=wait, memory=memory)
            if sweep.over and line is None:
                return
            if line is None:
                busy.append(number)
            else:
                _say(sweep, line)


def _through_hydra(sweep: Sweep) -> None:
    """Pass the cells to Hydra's launcher, then repeat those that were busy or whose worker was killed."""
    numbers = list(range(len(sweep.cells)))
    with _saying_lines(sweep):
        for wait in (False, True):
            # A failing launcher prints its error; the cells of its other workers are kept.
            launch(sweep, numbers, wait=wait)
            ended = {line.number for line in sweep.ledger.lines()}
            numbers = [number for number in numbers if number not in ended]
            if not numbers or sweep.over:
                return
    for number in numbers:
        line = Line(number=number, overrides=sweep.cells[number], state="failed", error=_LOST)
        sweep.ledger.write(line)
        _say(sweep, line)


@contextlib.contextmanager
def _saying_lines(sweep: Sweep) -> Iterator[None]:
    """Print the lines that workers write as they appear."""
    over = threading.Event()
    told: set[int] = set()

    def tell() -> None:
        for line in sweep.ledger.lines():
            if line.number not in told:
                told.add(line.number)
                _say(sweep, line)

    def look() -> None:
        while not over.wait(_LOOK_EVERY_S):
            tell()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        tell()


def _say(sweep: Sweep, line: Line) -> None:
    print(sweep.ledger.said(line), file=sys.stderr if line.state == "failed" else sys.stdout, flush=True)


def _close(sweep: Sweep, *, table: bool, study: str = "", home: Path | None = None) -> list[Line]:
    sweep.folder.mkdir(parents=True, exist_ok=True)
    lines = sweep.ledger.close()
    warnings = [warning for line in lines for warning in line.warnings]
    if home is not None and waiting(home / "results") and (untold := settle(home)):
        warnings.append(untold)
    for warning in dict.fromkeys(warnings):
        print(f"mer: {warning}", file=sys.stderr)
    if table:
        _table(lines, sweep.of_task.scores)
        sweep.of_task.compare(sweep.folder, lines)
    states = Counter(line.state for line in lines)
    counts = ", ".join(f"{states[state]} {state}" for state in ("done", "kept", "failed") if states[state]) or "none"
    print(f"\n{len(lines)} of {len(sweep.cells)} cells finished: {counts}\nfolder    {sweep.folder}", flush=True)
    if home is not None:
        print(f"runs      {typed('runs', study, home=home)}")
    if table and len(lines) > 1:
        print(
            f"compare   {typed('report', study, home=home)}  "
            "(picking the best cell by these scores selects on test subjects)"
        )
    failed = states["failed"]
    if failed and table:
        cells = "1 cell" if failed == 1 else f"{failed} cells"
        print(f"mer: {cells} failed, for the reasons above; rerun the same command to repeat them", file=sys.stderr)
    return lines


def _table(lines: Sequence[Line], scores: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("cell", justify="right")
    table.add_column("overrides")
    for name in (*map(heading, scores), "s"):
        table.add_column(name, justify="right")
    table.add_column("state")
    for line in lines:
        found = [shown(line.scores[name]) if name in line.scores else "" for name in scores]
        table.add_row(str(line.number + 1), line.name, *found, f"{line.seconds:.1f}", line.state)
    console = Console()
    console.print()
    console.print(table, markup=False)
