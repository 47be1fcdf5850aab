"""`mer sync`: MLflow is told of the runs that it does not know yet."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mer.cli.arguments import take_settings

__all__ = ["USAGE", "main"]

USAGE = """usage: mer sync [home=DIR]

Records in MLflow every run whose result is kept in MER_HOME (./mer_home) and that MLflow does not know: because it was
down, its disk was full, the command was killed before it could say so, or the store was deleted since. Each run is
recorded once; runs that were deleted in MLflow stay deleted. Ends with status 1 where a run could not be recorded.
"""


def main(arguments: Sequence[str]) -> int:
    """Tell MLflow, print what it was told, and what it could not be told."""
    from mer.tracking import sync

    given = take_settings(arguments, {"home": os.environ.get("MER_HOME", "mer_home")})
    report = sync(Path(given["home"]).expanduser().absolute(), thorough=True)
    for run in report.told:
        print(f"recorded  {run}")
    for problem in report.problems:
        print(f"mer: not recorded: {problem}", file=sys.stderr)
    if not report.told and not report.problems:
        print("nothing to record: MLflow knows every run that is kept")
    return 1 if report.problems else 0
