"""`mer runs [STUDY]`: the runs on this machine with their scores, in the terminal."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mer.cli.command import Command, Parser
from mer.store.program import typed

if TYPE_CHECKING:
    from rich.table import Table

    from mer.report.run_list import Line, Repeats, StudyLine

__all__ = ["COMMAND"]

_WIDE = 200
_ID = 8  # characters of a run id, enough for mer compare
_STATES = {"FINISHED": "", "FAILED": "failed", "KILLED": "stopped", "RUNNING": "running"}


def _fill(parser: Parser) -> None:
    parser.add_argument("study", nargs="?", metavar="STUDY", help="a study; without one, the studies are listed")
    parser.home("the store on this machine; MER_HOME (./mer_home) by default")
    parser.setting("uri", "an MLflow server instead, such as a group's", metavar="http://...")


def _run(asked: Namespace) -> int:
    """Print the studies, or the runs of one, the best score first."""
    from mer.report.run_list import repeats, runs_of, studies
    from mer.tracking import reading

    study = (asked.study or "").removeprefix("study=")
    with reading(home=asked.home, uri=asked.uri) as client:
        if not study:
            _print_studies(studies(client))
            return 0
        lines = runs_of(client, study)
    if not lines:
        print(f"study {study} has no run yet")
        return 0
    _print_runs(lines)
    _print_repeats(repeats(lines), lines)
    print(f"\n{typed('compare')} RUN_A RUN_B shows where two runs differ; the first letters of a run are enough")
    return 0


def _print_studies(found: Sequence[StudyLine]) -> None:
    table = _table("study", ">finished", ">other", "last run")
    for line in found:
        table.add_row(line.name, str(line.finished), str(line.others or ""), _date(line.last))
    _print(table)
    print(f"\n{typed('runs')} STUDY lists the runs of a study" if found else f"no run yet; begin with {typed('run')}")


def _print_runs(lines: Sequence[Line]) -> None:
    """Print one run per line: its scores, what varies between the runs, its date, and its state unless it finished."""
    from mer.report.run_list import SCORES, factors

    scores = [name for name in SCORES if any(name in line.scores for line in lines)]
    varied = factors(lines)
    table = _table("run", *(f">{SCORES[name]}" for name in scores), *(varied or ["name"]), "began", "")
    for line in lines:
        numbers = [_number(line.scores.get(name)) for name in scores]
        levels = [line.params.get(key, "") for key in varied] or [line.name]
        table.add_row(line.run_id[:_ID], *numbers, *levels, _date(line.began), _STATES.get(line.status, line.status))
    _print(table)


def _print_repeats(cells: Sequence[Repeats], lines: Sequence[Line]) -> None:
    """Print mean and standard deviation of the cells with several seeds."""
    from mer.report.run_list import SCORES, factors

    if not cells:
        return
    print("\nmean ± standard deviation over the seeds of a cell")
    scores = [name for name in SCORES if any(name in cell.scores for cell in cells)]
    varied = [key for key in factors(lines) if key != "seed"]
    table = _table(*(f">{SCORES[name]}" for name in scores), ">seeds", *(varied or ["name"]))
    for cell in cells:
        numbers = ["{:.3f} ± {:.3f}".format(*cell.scores[name]) if name in cell.scores else "" for name in scores]
        levels = [cell.first.params.get(key, "") for key in varied] or [cell.first.name]
        table.add_row(*numbers, str(len(cell.seeds)), *levels)
    _print(table)


def _table(*heads: str) -> Table:
    """Return a table with these heads; a ``>`` before one aligns its column to the right."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in heads:
        table.add_column(head.lstrip(">"), justify="right" if head.startswith(">") else "left", overflow="fold")
    return table


def _print(table: Table) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)  # a file or a pipe has no edge to fold lines at
    console.print(table, markup=False, highlight=False)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _date(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(milliseconds / 1000))


COMMAND = Command(
    help="list the runs of a study with their scores",
    description="Lists the studies, or the runs of a study, the best score first, with the settings in which they "
    "differ.\nOf a cell with several seeds, also mean and standard deviation over the seeds.",
    examples="  mer runs\n  mer runs motion\n",
    fill=_fill,
    run=_run,
)
