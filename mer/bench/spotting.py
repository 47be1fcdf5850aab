"""Spotting in generated long videos, leave-one-subject-out, and what each disturbance costs.

Thresholds are chosen on the other subjects; the rest of the spotter is as in ``conf/spot_run.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from mer.config.arguments import take_settings
from mer.config.composition import build, component, compose
from mer.errors import ConfigError
from mer.progress import progress
from mer.spotting.fit import Followed
from mer.spotting.score import TOGETHER, summary
from mer.types import KINDS

__all__ = ["run"]

_OFF: dict[str, dict[str, Any]] = {
    "all as it comes": {},
    **{f"no {name}": {name: 0} for name in ("blinks", "speech", "nods", "light")},
    "no noise": {"look": {"noise": 0.0, "flicker": 0.0}},
    "none of these": {"blinks": 0, "speech": 0, "nods": 0, "light": 0, "look": {"noise": 0.0, "flicker": 0.0}},
}

_MDMD = ("spotter=mdmd", "roi.rows=6", "roi.columns=6")  # the baseline of MEGC 2020, with its blocks


def run(arguments: Sequence[str]) -> None:
    """Print one row per disturbance switched off, and one of the baseline.

    ``subjects=6 videos=1 seconds=60`` set the size of the data set; ``disturbances=false`` prints the first row only.
    """
    given = take_settings(arguments, {"subjects": "6", "videos": "1", "seconds": "60", "disturbances": "true"})
    sizes = [given[name] for name in ("subjects", "videos", "seconds")]
    if not all(size.isdigit() and int(size) > 0 for size in sizes) or int(sizes[0]) < 2:
        raise ConfigError("mer bench spotting: subjects= (2 or more), videos= and seconds= are whole numbers above 0")
    subjects, videos, seconds = map(int, sizes)
    size = f"{subjects * videos} videos of {seconds} s of {subjects} subjects"
    iou = compose([], root="spot_run").task.iou
    table = Table(title=f"synthetic_long, {size}; F1 at IoU {iou:g}, LOSO", title_justify="left")
    for head in ("videos", *KINDS, TOGETHER, "false alarms per minute"):
        table.add_column(head, justify="left" if head == "videos" else "right")
    every = given["disturbances"] == "true"
    for name, fields in _OFF.items() if every else [("all as it comes", {})]:
        table.add_row(name, *_scores([], fields, subjects, videos, seconds))
    if every:
        table.add_row("all as it comes, spotter=mdmd", *_scores(_MDMD, {}, subjects, videos, seconds))
    Console(width=120).print(table)


def _scores(
    choices: Sequence[str], fields: Mapping[str, Any], subjects: int, videos: int, seconds: int
) -> tuple[str, ...]:
    """Return the cells of a row: F1 of each kind and together, and false alarms per minute."""
    cfg = compose(choices, root="spot_run")
    measure, spotter, task = build(cfg.region_motion), build(cfg.spotter), build(cfg.task)
    look = {"subjects": subjects, **fields.get("look", {})}
    dataset = component("dataset", "synthetic_long", **{**fields, "videos": videos, "seconds": seconds, "look": look})
    scores = summary(task(spotter, list(_followed(measure, dataset))), task.iou)
    f1 = [_f1(scores[kind]["f1"]) for kind in (*KINDS, TOGETHER)]
    return *f1, f"{scores[TOGETHER]['false_alarms_per_minute']:.1f}"


def _followed(measure: Any, dataset: Any) -> Iterator[Followed]:
    recordings = dataset.recordings().recordings
    with progress("videos", len(recordings)) as advance:
        for recording in recordings:
            frames = (recording.clip.read(index) for index in range(recording.first, recording.last + 1))
            yield recording, measure(frames, recording.fps)
            advance()


def _f1(found: dict[str, float]) -> str:
    return f"{found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
