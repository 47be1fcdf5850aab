"""`mer score`: score what other programs found, from their logs alone."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from mer.cli.command import Command, Group, Parser, make_output
from mer.errors import ConfigError
from mer.validation import require_choice, require_number, user_path

if TYPE_CHECKING:
    from mer.spotting.matching import Matching
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
    text = "the true intervals, per line SUBJECT VIDEO micro-expression|macro-expression ONSET APEX OFFSET"
    parser.setting("truth", text, metavar="FILE,...")
    parser.setting("iou", "smallest intersection over union of a hit (0.5)", default="0.5", metavar="SHARE")
    parser.setting(
        "micro", "longest micro-expression in seconds, for intervals without a kind (0.52)", metavar="SECONDS"
    )
    parser.setting(
        "matching",
        "megc, as its organisers count: a found interval may count for two true ones that overlap; or one_to_one",
        default="megc",
        metavar="RULE",
    )
    parser.setting("output", "also write scores.csv and scores.json to this folder", metavar="DIR")


def _run(asked: Namespace) -> int:
    """Read the log, score it and print the table."""
    from mer.spotting.matching import Matching
    from mer.spotting.megc_log import MICRO_SECONDS, read_log
    from mer.spotting.score_table import document, show, write
    from mer.spotting.truth import with_truth

    least, micro, rule = _number("iou", asked.iou), _number("micro", asked.micro or str(MICRO_SECONDS)), asked.matching
    require_number("iou", least, low=0, high=1, above=True)
    require_number("micro", micro, low=0, above=True)
    require_choice("matching", rule, get_args(Matching))
    files = [user_path("truth", name) for name in asked.truth.split(",")] if asked.truth else []
    sets, remarks = with_truth(read_log(user_path("LOG", asked.LOG), micro=micro), files)
    output = user_path("output", asked.output) if asked.output else None
    if output is not None:
        make_output(output)
    for remark in [*remarks, *_shared(sets, least, rule)]:
        print(f"mer: {remark}", file=sys.stderr)
    show(sets, least, asked.LOG, rule)
    for path in [] if output is None else write(document(sets, least, rule), output):
        print(path)
    return 0


def _shared(sets: Mapping[str, Sequence[SpottedVideo]], least: float, rule: Matching) -> list[str]:
    """Return a remark for each set in which found intervals count more than once."""
    from mer.spotting.matching import Matching
    from mer.spotting.score import TOGETHER, counts

    if rule == "one_to_one":
        return []
    hits = {
        name: [counts(some, least, one)[TOGETHER].hits for one in get_args(Matching)] for name, some in sets.items()
    }
    text = "come from found intervals that already count for another true one; matching=one_to_one counts each once"
    return [f"{name}: {megc - once} of {megc} hits {text}" for name, (once, megc) in hits.items() if megc > once]


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
