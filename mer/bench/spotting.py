"""Spotting in generated long videos, leave-one-subject-out, and what each disturbance costs.

Thresholds are chosen on the other subjects; the rest of the spotter is as in ``conf/spot_run.yaml``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from mer.config.arguments import take_settings, truth
from mer.config.composition import build, component, compose
from mer.errors import ConfigError
from mer.run.assemble import cores
from mer.spotting.curves import curve_keys, fingerprints, measured
from mer.spotting.score import TOGETHER, summary
from mer.store.cache import Cache
from mer.store.program import default_home
from mer.types import KINDS
from mer.validation import user_path

__all__ = ["run"]

_NO_NOISE = {"noise": 0.0, "flicker": 0.0}
_DISTURBANCES = ("blinks", "speech", "nods", "light")
# What a row is called, the words of its command, and the fields of its data set.
_ROWS: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    ("all as it comes", (), {}),
    *((f"no {name}", (), {name: 0}) for name in _DISTURBANCES),
    ("no noise", (), {"look": _NO_NOISE}),
    ("none of these", (), {**dict.fromkeys(_DISTURBANCES, 0), "look": _NO_NOISE}),
    # the baseline of MEGC 2020, with its blocks
    ("all as it comes, spotter=mdmd", ("spotter=mdmd", "roi.rows=6", "roi.columns=6"), {}),
)


def run(arguments: Sequence[str]) -> None:
    """Print one row per disturbance switched off, and one of the baseline.

    ``subjects=6 videos=1 seconds=60`` set the size of the data set; ``disturbances=false`` prints the first row only.
    Motion that was measured is kept in ``home=DIR``: the same command goes on where it was interrupted.
    """
    sizes = {"subjects": "6", "videos": "1", "seconds": "60"}
    given = take_settings(arguments, {**sizes, "disturbances": "true", "home": default_home()})
    size = {name: _whole(name, given[name]) for name in sizes}
    if size["subjects"] < 2:
        raise ConfigError("subjects=1: thresholds are chosen on the other subjects; take 2 or more")
    title = f"{size['subjects'] * size['videos']} videos of {size['seconds']} s of {size['subjects']} subjects"
    iou = compose([], root="spot_run").task.iou
    table = Table(title=f"synthetic_long, {title}; F1 at IoU {iou:g}, LOSO", title_justify="left")
    for head in ("videos", *KINDS, TOGETHER, "false alarms per minute"):
        table.add_column(head, justify="left" if head == "videos" else "right")
    for name, choices, fields in _ROWS if truth("disturbances", given["disturbances"]) else _ROWS[:1]:
        print(name, file=sys.stderr)
        table.add_row(name, *_scores(choices, fields, size, given["home"]))
    Console(width=120).print(table)


def _whole(name: str, text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"{name}={text}: must be a whole number above 0")
    return int(text)


def _scores(choices: Sequence[str], fields: Mapping[str, Any], sizes: Mapping[str, int], home: str) -> tuple[str, ...]:
    """Return the cells of a row: F1 of each kind and together, and false alarms per minute."""
    cfg = compose(choices, root="spot_run")
    measure, spotter, task = build(cfg.region_motion), build(cfg.spotter), build(cfg.task)
    look = {"subjects": sizes["subjects"], **fields.get("look", {})}
    wanted = {**fields, "videos": sizes["videos"], "seconds": sizes["seconds"], "look": look}
    recordings = component("dataset", "synthetic_long", **wanted).recordings().recordings
    cache = Cache(root=user_path("home", home) / "cache")
    keys = curve_keys(measure, recordings, fingerprints(recordings))
    videos, _, _ = measured(measure, recordings, keys, cache, cores())
    scores = summary(task(spotter, videos), task.iou)
    f1 = [_f1(scores[kind]["f1"]) for kind in (*KINDS, TOGETHER)]
    return *f1, f"{scores[TOGETHER]['false_alarms_per_minute']:.1f}"


def _f1(found: dict[str, float]) -> str:
    return f"{found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
