"""`mer import LOG`: predictions of others, clip by clip, as a run that can be tested against own runs."""

from __future__ import annotations

import shlex
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mer.cli.command import Command, Parser
from mer.errors import ConfigError
from mer.validation import require_choice, require_names, user_path

if TYPE_CHECKING:
    from mer.run.logs import PredictionLog

__all__ = ["COMMAND"]

_FORMATS = ("megc", "csv", "subject_lists")
_MEGC2019 = "negative,positive,surprise"


def _fill(parser: Parser) -> None:
    parser.add_argument("LOG", help="the file of predictions")
    parser.setting("study", "the study that it becomes a run of", metavar="NAME")
    parser.setting("name", "what tables call the method; by default the name of the file", metavar="NAME")
    text = "megc, csv or subject_lists; by default what the file looks like"
    parser.setting("format", text, metavar="NAME")
    text = f"names of the classes 0, 1, 2, ...; {_MEGC2019} by default, and those of the table for csv"
    parser.setting("classes", text, metavar="A,B,C")
    parser.setting("source", "where it comes from: an address or a DOI", metavar="TEXT")
    parser.setting("protocol", "what is known of how the predictions were made", metavar="TEXT")
    text = "yes where something was chosen with the clips that are scored, such as the best epoch; no by default"
    parser.setting("optimistic", text, default="no", metavar="yes|no")
    text = "scores that were published with it, to be compared with those that the log gives: uf1:.7353,uar_casme2:.86"
    parser.setting("published", text, metavar="SCORES")
    parser.home("the store on this machine; MER_HOME (./mer_home) by default")


def _run(asked: Namespace) -> int:
    """Read the log, keep it as a run, and print its scores."""
    from mer.config.names import check_study_name

    if not asked.study:
        raise ConfigError("study=: say which study the log becomes a run of, such as study=published")
    check_study_name(asked.study)
    require_choice("optimistic", asked.optimistic, ("yes", "no"))

    from mer.run.logs.keep import Origin, keep
    from mer.run.logs.published import differences, read_published, recounted

    path = user_path("LOG", asked.LOG)
    published = read_published(asked.published)
    log = _read(path, asked.format, asked.classes)
    counts = recounted(log.predictions())
    unlike = differences(published, counts)
    origin = Origin(
        name=asked.name or path.stem,
        file=path.name,
        source=asked.source,
        protocol=asked.protocol,
        optimistic=asked.optimistic == "yes",
        published=published,
        command=shlex.join(["mer", "import", *asked.words]),
    )
    summary, warning = keep(log, origin, asked.study, Path(asked.home))

    from rich.console import Console

    from mer.report.tables.run_scores import render

    render(summary, title=f"{origin.name}, imported into study {asked.study}", left_out=0, console=Console())
    _print_databases(counts)
    for sentence in [*unlike, *filter(None, [warning])]:
        print(f"note: {sentence}")
    print(f"compare   mer report {shlex.quote(asked.study)}")
    return 0


def _read(path: Path, kind: str, classes: str) -> PredictionLog:
    from mer.run.logs import read_megc, read_subject_lists, read_table_of_predictions

    kind = kind or _look(path)
    require_choice("format", kind, _FORMATS)
    names = [name.strip() for name in classes.split(",") if name.strip()]
    if names:
        require_names("classes", names)
    if kind == "csv":
        return read_table_of_predictions(path, names)
    read = read_megc if kind == "megc" else read_subject_lists
    return read(path, names or _MEGC2019.split(","))


def _look(path: Path) -> str:
    """Return the format that a file seems to have."""
    from mer.run.logs.megc import lines_of

    if path.suffix.lower() in (".csv", ".tsv"):
        return "csv"
    return "subject_lists" if any(line.startswith("Subject:") for _, line in lines_of(path)) else "megc"


def _print_databases(counts: dict[str, float]) -> None:
    """Print the scores with the digits that papers give."""
    ends = [name.removeprefix("uf1") for name in counts if name.startswith("uf1")]
    print(f"\n{'database':<12}{'UF1':>7}{'UAR':>8}{'accuracy':>11}")
    for end in ends[1:] if len(ends) == 2 else [*ends[1:], ""]:
        values = (counts[f"{score}{end}"] for score in ("uf1", "uar", "accuracy"))
        print("{:<12}{:>7.4f}{:>8.4f}{:>11.4f}".format(end.removeprefix("_") or "all", *values))


COMMAND = Command(
    help="import predictions of others, clip by clip, as a run",
    description="Reads a log of predictions, scores it, and records it as a run, marked as imported. Formats:\n"
    "  megc           a line DATABASE SUBJECT, then a line CLIP TRUTH PREDICTION for each of its clips\n"
    "  csv            columns dataset, subject, clip, truth, prediction; predictions.csv of a run is one, too\n"
    "  subject_lists  lines Subject: NAME, Predicted: [0, 1], Ground Truth: [0, 0]; it names no clips\n"
    "mer report and mer compare then test it against own runs on the clips that both predicted.",
    examples="  mer import ststnet.txt study=smic name=STSTNet source=doi:10.1109/FG.2019.8756567\n",
    fill=_fill,
    run=_run,
)
