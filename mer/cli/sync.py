"""`mer sync`: MLflow is told of the runs that it does not know yet."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from mer.cli.command import Command, Parser

__all__ = ["COMMAND"]

_DESCRIPTION = """Records in MLflow every run whose result is kept and that MLflow does not know: because it was down,
its disk was full, the command was killed before it could say so, or the store was deleted since. Each run is recorded
once; runs that were deleted in MLflow stay deleted. Ends with status 1 where a run could not be recorded."""


def _fill(parser: Parser) -> None:
    parser.home()


def _run(asked: Namespace) -> int:
    """Tell MLflow; print what it was told, and what it could not be told."""
    from mer.tracking import sync

    report = sync(Path(asked.home), thorough=True)
    for run in report.told:
        print(f"recorded  {run}")
    for problem in report.problems:
        print(f"mer: not recorded: {problem}", file=sys.stderr)
    if not report.told and not report.problems:
        print("nothing to record: MLflow knows every run that is kept")
    return 1 if report.problems else 0


COMMAND = Command(help="record in MLflow what it has not been told yet", description=_DESCRIPTION, fill=_fill, run=_run)
