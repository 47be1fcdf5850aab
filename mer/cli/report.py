"""`mer report STUDY`: tables, figures and tests of a study for a paper."""

from __future__ import annotations

from argparse import Namespace

from mer.cli.command import Command, Parser
from mer.errors import ConfigError
from mer.validation import user_path

__all__ = ["COMMAND"]


def _fill(parser: Parser) -> None:
    parser.add_argument("study", metavar="STUDY", help="name of the study; mer ui lists all")
    parser.setting("output", "output folder; reports/STUDY by default", metavar="DIR")
    text = (
        "the cell to test the others against, by its levels (flow=dis,roi=grid); by default the cell that was run first"
    )
    parser.setting("baseline", f"{text}. Choose it before you see the results", metavar="LEVELS")
    parser.setting("digits", "decimals of all scores; by default those that the intervals support", metavar="NUMBER")
    text = "a YAML file with words for names in the LaTeX tables, such as improved_hoof: improved HOOF"
    parser.setting("names", text, metavar="FILE")
    parser.home("the store on this machine; MER_HOME (./mer_home) by default")
    parser.setting("uri", "an MLflow server instead, such as a group's", metavar="http://...")


def _run(asked: Namespace) -> int:
    """Read the study, write the report and print a summary."""
    from mer.api.reports import report_folder, write_report
    from mer.report.build import headline
    from mer.report.render.latex import read_words

    study = asked.study.removeprefix("study=")
    digits = _digits(asked.digits)
    folder = report_folder(study, asked.output)
    words = read_words(user_path("names", asked.names)) if asked.names else {}
    document, left_out = write_report(
        study, folder, baseline=asked.baseline, home=asked.home, uri=asked.uri, digits=digits, words=words
    )
    for name, text in headline(document):
        print(f"{name:<34}{text}")
    if left_out:
        print(f"{'runs left out':<34}{len(left_out)}, with reasons in the report")
    print(f"open {folder / 'report.html'}")
    return 0


def _digits(text: str) -> int | None:
    if not text:
        return None
    if text not in ("1", "2", "3", "4", "5", "6"):
        raise ConfigError(f"digits={text}: must be a number of decimals from 1 to 6")
    return int(text)


COMMAND = Command(
    help="write the tables and figures of a study for a paper",
    description="Writes the report of a study, only from MLflow: report.html (one file, also for phones), report.md, "
    "results.csv "
    "(every number\nshown), cells.csv (one row per run), report.json, figures/ (SVG, PDF, PNG); for LaTeX, in booktabs "
    "style, table.tex\n(the scores, for the paper), tables.tex (tests, classes, subjects) and appendix.tex (cost, "
    "protocol, versions).",
    examples="  mer report motion output=paper/tables\n  mer report motion baseline=flow=dis,roi=grid\n",
    fill=_fill,
    run=_run,
)
