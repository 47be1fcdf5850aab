"""`mer report STUDY`: tables, figures and tests of a study for a paper."""

from __future__ import annotations

import re
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mer.cli.command import Command, Parser
from mer.validation import user_path

if TYPE_CHECKING:
    from mer.report.render.document import Document
    from mer.report.study import Files, LeftOut

__all__ = ["COMMAND"]


def _fill(parser: Parser) -> None:
    parser.add_argument("study", metavar="STUDY", help="name of the study; mer ui lists all")
    parser.setting("output", "output folder; reports/STUDY by default", metavar="DIR")
    text = (
        "the cell to test the others against, by its levels (flow=dis,roi=grid); by default the cell that was run first"
    )
    parser.setting("baseline", f"{text}. Choose it before you see the results", metavar="LEVELS")
    parser.home("the store on this machine; MER_HOME (./mer_home) by default")
    parser.setting("uri", "an MLflow server instead, such as a group's", metavar="http://...")


def _run(asked: Namespace) -> int:
    """Read the study, write the report and print a summary."""
    study = asked.study.removeprefix("study=")
    folder = user_path("output", asked.output or Path("reports") / re.sub(r"[^\w. -]", "_", study))

    from mer.report.build import headline, report
    from mer.report.common_clips import with_imported
    from mer.report.stats.sections import protocol_of
    from mer.report.study import files_of_study, load_study, task_of
    from mer.spotting.cells import FILES
    from mer.tracking import reading

    with reading(home=asked.home, uri=asked.uri) as client:
        if task_of(client, study) != "recognise":
            runs, left_out = files_of_study(client, study, FILES)
            make = partial(_spotting, study, runs, left_out)
        else:
            found = with_imported(load_study(client, study), protocol_of)
            left_out, make = list(found.left_out), partial(report, found)
    document = make(folder, baseline=asked.baseline)
    for name, text in headline(document):
        print(f"{name:<34}{text}")
    if left_out:
        print(f"{'runs left out':<34}{len(left_out)}, with reasons in the report")
    print(f"open {folder / 'report.html'}")
    return 0


def _spotting(study: str, runs: list[Files], left_out: list[LeftOut], folder: Path, *, baseline: str) -> Document:
    from mer.spotting.cells import read_cells
    from mer.spotting.report import report_spotting

    cells, faulty = read_cells(runs)
    return report_spotting(study, cells, [*left_out, *faulty], folder, baseline=baseline)


COMMAND = Command(
    help="write the tables and figures of a study for a paper",
    description="Writes the report of a study, only from MLflow: report.html (one file, also for phones), report.md, "
    "tables.tex\n(booktabs), results.csv (every number shown), cells.csv (one row per run), report.json, figures/ "
    "(SVG, PDF, PNG).",
    examples="  mer report motion output=paper/tables\n  mer report motion baseline=flow=dis,roi=grid\n",
    fill=_fill,
    run=_run,
)
