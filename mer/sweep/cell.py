"""One cell of a sweep, in the process that a launcher chose: kept, done, failed, or being run by another process."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mer.config.composition import compose_cell
from mer.errors import MerError, notes
from mer.run.assemble import experiment
from mer.sweep.checks import warm_folds
from mer.sweep.ledger import Ledger, Line, State
from mer.tracking import is_recorded

if TYPE_CHECKING:
    from mer.pipeline.memory import Memory
    from mer.run.experiment import Experiment, Prepared

__all__ = ["Sweep", "is_kept", "run_cell"]


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
    began : float
        Seconds since 1970.
    """

    shared: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    folder: Path
    force: bool
    figures: bool
    stop: str = "never"
    began: float = field(default_factory=time.time)

    @property
    def ledger(self) -> Ledger:
        """Record of the outcome of the cells."""
        return Ledger(folder=self.folder, total=len(self.cells), began=self.began)

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

    def experiment(self, number: int) -> Experiment:
        """Compose and build a cell.

        Raises
        ------
        ConfigError
            If a setting is not valid.
        """
        cfg, choices = compose_cell(self.shared, self.cells[number])
        words = [word for word in self.shared if not word.lstrip("+~").startswith(("sweep.", "hydra"))]
        return experiment(cfg, choices, command=shlex.join(["mer", "run", *words, *self.cells[number]]))


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
    from mer.run.execute import execute, prepare

    start = time.perf_counter()
    ready = sweep.experiment(number)
    if memory is not None:
        ready = replace(ready, pipeline=replace(ready.pipeline, memory=memory))
    prepared = prepare(ready)
    with ready.results.locked(prepared.result, wait=wait) as mine:
        if not mine:
            return None
        state: State = "kept"
        warnings: tuple[str, ...] = ()
        if sweep.force:
            shutil.rmtree(ready.pipeline.cache.root / "folds" / prepared.key, ignore_errors=True)
        if not sweep.force and is_kept(ready, prepared):
            ready.results.show(prepared.result, folder)
        else:
            state = "done"
            if memory is not None:
                warm_folds(ready, prepared)
            try:
                warnings = execute(ready, folder, prepared, every_figure=sweep.figures, wait=False).warnings
            except MerError as error:
                ready.results.fail(prepared.result, str(error))
                raise
        scores = ready.results.metrics(prepared.result)
    return Line(
        number=number,
        overrides=sweep.cells[number],
        state=state,
        key=prepared.result,
        uf1=scores["uf1"]["value"],
        uar=scores["uar"]["value"],
        seconds=time.perf_counter() - start,
        warnings=warnings,
    )


def is_kept(ready: Experiment, prepared: Prepared) -> bool:
    """Return whether a cell's result is kept and is recorded in MLflow for this study, or will be."""
    folder = ready.results.folder(prepared.result)
    store = ready.tracking.address(ready.home)
    return folder is not None and (store is None or is_recorded(folder, store, ready.study))
