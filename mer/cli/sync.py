"""`mer sync`: record in MLflow the runs that are missing there."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from mer.cli.command import Command, Parser

__all__ = ["COMMAND"]

_DESCRIPTION = """Records in MLflow every run whose result is kept but that is missing there: because MLflow was down,
its disk was full, the command was killed before recording it, or the store was deleted later. Each run is recorded
once; runs that were deleted in MLflow stay deleted. Exit status 1 if a run could not be recorded."""


def _fill(parser: Parser) -> None:
    parser.home()


def _run(asked: Namespace) -> int:
    """Record the missing runs; print those recorded and those that could not be."""
    from mer.tracking import sync

    report = sync(Path(asked.home), thorough=True)
    for run in report.told:
        print(f"recorded  {run}")
    for problem in report.problems:
        print(f"mer: not recorded: {problem}", file=sys.stderr)
    if not report.told and not report.problems:
        print("nothing to record: all kept runs are in MLflow")
    return 1 if report.problems else 0


COMMAND = Command(help="record runs in MLflow that are missing there", description=_DESCRIPTION, fill=_fill, run=_run)
