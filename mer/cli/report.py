"""`mer report STUDY`: tables, figures and tests of a study for a paper."""

from __future__ import annotations

from argparse import Namespace

from mer.cli.command import Command, Parser

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
    from mer.api.reports import report_folder, write_report
    from mer.report.build import headline

    study = asked.study.removeprefix("study=")
    folder = report_folder(study, asked.output)
    document, left_out = write_report(study, folder, baseline=asked.baseline, home=asked.home, uri=asked.uri)
    for name, text in headline(document):
        print(f"{name:<34}{text}")
    if left_out:
        print(f"{'runs left out':<34}{len(left_out)}, with reasons in the report")
    print(f"open {folder / 'report.html'}")
    return 0


COMMAND = Command(
    help="write the tables and figures of a study for a paper",
    description="Writes the report of a study, only from MLflow: report.html (one file, also for phones), report.md, "
    "tables.tex\n(booktabs), results.csv (every number shown), cells.csv (one row per run), report.json, figures/ "
    "(SVG, PDF, PNG).",
    examples="  mer report motion output=paper/tables\n  mer report motion baseline=flow=dis,roi=grid\n",
    fill=_fill,
    run=_run,
)
