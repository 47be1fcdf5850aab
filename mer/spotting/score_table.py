"""The scores of spotting as a table, a CSV and a JSON."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mer.spotting.matching import Matching
from mer.spotting.recognised import Recognised
from mer.spotting.score import SpottedVideo, average_precision, summary
from mer.store.atomic import write_atomically
from mer.types import KINDS

__all__ = ["document", "show", "show_classes", "write"]

_COLUMNS = ("true", "found", "hits", "recall", "precision")
Sets = Mapping[str, Sequence[SpottedVideo]]


def show(sets: Sets, least: float, title: str, rule: Matching) -> None:
    """Print one row per data set and kind."""
    table = Table(title=f"spotting at an intersection over union of {least:g} or more: {title}", title_justify="left")
    for head in ("data set", "kind"):
        table.add_column(head)
    for head in (*_COLUMNS, "F1", "95 % interval"):
        table.add_column(head, justify="right")
    for name, videos in sets.items():
        for kind, scores in summary(videos, least, rule).items():
            f1 = scores["f1"]
            cells = [_shown(scores[column]) for column in _COLUMNS]
            table.add_row(name, kind, *cells, _shown(f1["value"]), _limits(f1["low"], f1["high"]))
    Console(width=None if Console().is_terminal else 120).print(table)


def show_classes(recognised: Recognised) -> None:
    """Print one row per annotated class of micro-expressions."""
    table = Table("class", title="micro-expressions by class", title_justify="left")
    for head in ("true", "hits", "F1 of the hits", "STRS"):
        table.add_column(head, justify="right")
    for name, found in recognised.by_class.items():
        table.add_row(name, *(_shown(float("nan") if value is None else value) for value in found.values()))
    Console().print(table)


def document(sets: Sets, least: float, rule: Matching) -> dict[str, Any]:
    """Return the scores of all sets as JSON holds them, with how they were counted; None for what is not known."""
    return {
        "iou": least,
        "matching": rule,
        "sets": {name: _with_precision(videos, least, rule) for name, videos in sets.items()},
    }


def write(scores: Mapping[str, Any], folder: Path, name: str = "scores.json") -> tuple[Path, Path]:
    """Write scores of `document` to ``scores.csv`` and a JSON file, and return their paths."""
    write_atomically(folder / name, json.dumps(scores, indent=1, allow_nan=False).encode())
    with (folder / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["set", "kind", *_COLUMNS, "f1", "f1_low", "f1_high"])
        for of_set, kinds in scores["sets"].items():
            for kind, found in kinds.items():
                rows.writerow([of_set, kind, *(found[column] for column in _COLUMNS), *found["f1"].values()])
    return folder / "scores.csv", folder / name


def _with_precision(videos: Sequence[SpottedVideo], least: float, rule: Matching) -> dict[str, Any]:
    """Return the summary with average precision where found intervals have a strength; None for what is not known."""
    scores = {kind: dict(found) for kind, found in summary(videos, least, rule).items()}
    for kind in KINDS:
        scores[kind]["average_precision"] = average_precision(videos, kind, least)
    return {kind: {name: _known(value) for name, value in found.items()} for kind, found in scores.items()}


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _limits(low: float, high: float) -> str:
    return "none" if math.isnan(low) else f"[{low:.4f}, {high:.4f}]"


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else "none" if math.isnan(value) else f"{value:.4f}"
