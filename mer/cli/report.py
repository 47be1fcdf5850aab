"""`mer report STUDY`: tables, figures and tests of a study, for the paper."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from mer.cli.arguments import take_settings
from mer.errors import ConfigError

__all__ = ["USAGE", "main"]

USAGE = """usage: mer report STUDY [output=DIR] [baseline=FACTOR=LEVEL,...] [home=DIR | uri=http://...]

Writes the report of a study, from MLflow alone: report.html (one file, for a phone too), report.md, tables.tex
(booktabs), results.csv (every number shown), cells.csv (one row a run), report.json, figures/ (SVG, PDF, PNG).

settings
  output=DIR          where it goes; reports/STUDY by default
  baseline=...        the cell to test the others against, by its levels: baseline=flow=dis,roi=grid; else the cell that
                      was run first. Choose it before you see the results.
  home=DIR            the store on this machine; MER_HOME (./mer_home) by default
  uri=http://...      an MLflow server instead, such as a group's
"""


def main(arguments: Sequence[str]) -> int:
    """Read the study, write the report, say in short what it holds."""
    words = [word.removeprefix("study=") if i == 0 else word for i, word in enumerate(arguments)]
    if not words or "=" in words[0]:
        raise ConfigError("mer report: which study? mer report STUDY; mer ui shows them")
    study, *rest = words
    home = os.environ.get("MER_HOME", "mer_home")
    given = take_settings(rest, {"output": "", "baseline": "", "home": home, "uri": ""})
    folder = Path(given["output"] or Path("reports") / re.sub(r"[^\w. -]", "_", study)).expanduser()

    from mer.report.build import headline, report
    from mer.report.study import load_study
    from mer.tracking import reading

    with reading(home=given["home"], uri=given["uri"]) as client:
        found = load_study(client, study)
    document = report(found, folder, baseline=given["baseline"])
    for name, text in headline(document):
        print(f"{name:<34}{text}")
    if found.left_out:
        print(f"{'runs left out':<34}{len(found.left_out)}, with reasons in the report")
    print(f"open {folder / 'report.html'}")
    return 0
