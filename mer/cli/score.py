"""`mer score`: score what other programs found, from their logs alone."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from mer.cli.command import Command, Group, Parser
from mer.errors import ConfigError
from mer.validation import require_number, user_path

if TYPE_CHECKING:
    from mer.spotting.score import SpottedVideo

__all__ = ["COMMAND"]

_DESCRIPTION = """Scores a log of intervals in long videos, as the Micro-Expression Grand Challenge exchanges them: a
line 1 (SAMM Long Videos) or 2 (CAS(ME)²), then lines VIDEO ONSET OFFSET FOUND_ONSET FOUND_OFFSET TP|FP|FN. A true
interval is a hit where the intersection over union with a found one of its kind is 0.5 or more; the last column is not
read. F1 comes from the sums over all videos, with a 95 % interval over subjects."""
_EXAMPLES = """  mer score spotting log.txt
  mer score spotting log.txt truth=samm_lv_truth.txt,casme_sq_truth.txt output=scores"""


def _fill(parser: Parser) -> None:
    parser.add_argument("LOG", help="the log")
    text = "kinds of the true intervals, per line SUBJECT VIDEO micro-expression|macro-expression ONSET APEX OFFSET"
    parser.setting("truth", text, metavar="FILE,...")
    parser.setting("iou", "smallest intersection over union of a hit (0.5)", default="0.5", metavar="SHARE")
    parser.setting(
        "micro", "longest micro-expression in seconds, for intervals without a kind (0.52)", metavar="SECONDS"
    )
    parser.setting("output", "also write scores.csv and scores.json to this folder", metavar="DIR")


def _run(asked: Namespace) -> int:
    """Read the log, score it and print the table."""
    from mer.spotting.megc_log import MICRO_SECONDS, read_log, read_truth
    from mer.spotting.score_table import show, write

    least, micro = _number("iou", asked.iou), _number("micro", asked.micro or str(MICRO_SECONDS))
    require_number("iou", least, low=0, high=1, above=True)
    require_number("micro", micro, low=0, above=True)
    files = [user_path("truth", name) for name in asked.truth.split(",")] if asked.truth else []
    sets: dict[str, tuple[SpottedVideo, ...]] = read_log(user_path("LOG", asked.LOG), read_truth(files), micro=micro)
    show(sets, least, asked.LOG)
    if asked.output:
        for path in write(sets, least, user_path("output", asked.output)):
            print(path)
    return 0


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"{name}={text}: must be a number") from error


COMMAND = Group(
    help="score what other programs found, from their logs",
    actions={
        "spotting": Command(
            help="score a log of intervals in long videos",
            description=_DESCRIPTION,
            examples=_EXAMPLES,
            fill=_fill,
            run=_run,
        )
    },
)
