"""One cell of a sweep, in the process that a launcher chose: kept, done, failed, or being run by another process."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mer.config.composition import compose_cell
from mer.errors import MerError, notes
from mer.sweep.ledger import Ledger, Line, State
from mer.sweep.task import ReadyCell, Task, find_task, is_kept, own_words

if TYPE_CHECKING:
    from mer.pipeline.memory import Memory

__all__ = ["Sweep", "run_cell"]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What all processes of a sweep share.

    Attributes
    ----------
    shared : tuple of str
        Overrides of all cells.
    cells : tuple of tuple of str
        Those of each.
    folder : Path
        Output folder: one folder per cell, and cells.csv.
    force : bool
        Rerun cells whose result is kept.
    figures : bool
        Draw all figures of a single run in every cell, not only the confusion matrix.
    stop : {"never", "first"}
        Whether the first failed cell ends the sweep.
    task : str
        What ``task=`` is.
    began : float
        Seconds since 1970.
    """

    shared: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    folder: Path
    force: bool
    figures: bool
    stop: str = "never"
    task: str = "recognise"
    began: float = field(default_factory=time.time)

    @property
    def of_task(self) -> Task:
        """What the cells do."""
        return find_task(self.task)

    @property
    def ledger(self) -> Ledger:
        """Record of the outcome of the cells."""
        return Ledger(folder=self.folder, total=len(self.cells), began=self.began, scores=self.of_task.scores)

    @property
    def over(self) -> bool:
        """Whether a cell has failed and that ends the sweep, in whatever process."""
        return self.stop == "first" and any(line.state == "failed" for line in self.ledger.lines())

    @classmethod
    def from_json(cls, text: str) -> Sweep:
        """Read a sweep that was written as JSON, one entry per attribute."""
        content = json.loads(text)
        cells = tuple(tuple(cell) for cell in content.pop("cells"))
        shared, folder = tuple(content.pop("shared")), Path(content.pop("folder"))
        return cls(shared=shared, cells=cells, folder=folder, **content)

    def ready(self, number: int, memory: Memory | None = None) -> ReadyCell:
        """Compose and build a cell, and read its annotations; `memory` is what the cells of this process share.

        Raises
        ------
        MerError
            If a setting is not valid, or the data set cannot be read.
        """
        task = self.of_task
        cfg, choices = compose_cell(self.shared, self.cells[number], task.root)
        return task.ready(cfg, choices, own_words([*self.shared, *self.cells[number]]), memory)


def run_cell(sweep: Sweep, number: int, *, wait: bool, memory: Memory | None = None) -> Line | None:
    """Run a cell or reuse its kept result, and record the outcome; None if another process runs it, or no more is run.

    Parameters
    ----------
    sweep : Sweep
    number : int
        Which cell, from 0.
    wait : bool
        Wait for the other process instead of returning None.
    memory : Memory, optional
        What the cells of this process share; then folds also run in one background process for all of them.
    """
    start = time.perf_counter()
    if sweep.over:
        return None
    folder = sweep.folder / str(number)
    overrides = sweep.cells[number]
    try:
        line = _work(sweep, number, folder, wait, memory)
    except Exception as error:
        if os.environ.get("MER_DEBUG") and not isinstance(error, MerError):
            raise
        said = str(error) if isinstance(error, MerError) else f"internal error in mer, {type(error).__name__}: {error}"
        said = "; ".join([said, *notes(error)])
        line = Line(number=number, overrides=overrides, state="failed", error=said, seconds=time.perf_counter() - start)
    with contextlib.suppress(OSError):  # created by Hydra; kept if it is not empty
        folder.rmdir()
    if line is not None:
        sweep.ledger.write(line)
    return line


def _work(sweep: Sweep, number: int, folder: Path, wait: bool, memory: Memory | None) -> Line | None:
    start = time.perf_counter()
    cell = sweep.ready(number, memory)
    results = cell.run.results
    with results.locked(cell.key, wait=wait) as mine:
        if not mine:
            return None
        state: State = "kept"
        warnings: tuple[str, ...] = ()
        if not sweep.force and is_kept(cell):
            results.show(cell.key, folder)
        else:
            state = "done"
            if sweep.force:
                cell.forget()
            try:
                warnings = cell.execute(folder, figures=sweep.figures, wait=False).warnings
            except MerError as error:
                results.fail(cell.key, str(error))
                raise
        scores = cell.scores()
    return Line(
        number=number,
        overrides=sweep.cells[number],
        state=state,
        key=cell.key,
        scores=scores,
        seconds=time.perf_counter() - start,
        warnings=warnings,
    )
