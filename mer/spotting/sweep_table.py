"""The cells of a sweep of ``task=spot`` side by side, each tested against the first one over the same subjects."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mer.spotting.score import TOGETHER, SpottedVideo, counts_by_subject, f1_difference, summary
from mer.types import KINDS

__all__ = ["show_cells", "write_cells"]

Cells = Mapping[str, Sequence[SpottedVideo]]  # the settings in which a cell differs → what was found
_KINDS = (*KINDS, TOGETHER)


def show_cells(cells: Cells, iou: float) -> None:
    """Print F1 of every cell with its 95 % interval, and the difference of F1 together to the first cell."""
    first = next(iter(cells))
    table = Table(title=f"F1 at an intersection over union of {iou:g} or more", title_justify="left")
    table.add_column("cell")
    for head in (*_KINDS, f"difference to {first}"):
        table.add_column(head, justify="right")
    for name, videos in cells.items():
        scores = summary(videos, iou)
        shown = [_with_limits(*scores[kind]["f1"].values()) for kind in _KINDS]
        table.add_row(name, *shown, "" if name == first else _with_limits(*_difference(cells, name, iou, TOGETHER)))
    Console(width=None if Console().is_terminal else 140).print(table)
    print("A difference whose interval contains 0 is not significant; with several cells, one in twenty is by chance.")


def write_cells(cells: Cells, iou: float, path: Path) -> None:
    """Write the table as CSV: per cell and kind F1 with its limits, and the difference to the first cell with its."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["cell", "kind", "f1", "f1_low", "f1_high", "difference", "difference_low", "difference_high"])
        for name, videos in cells.items():
            for kind, scores in summary(videos, iou).items():
                rows.writerow([name, kind, *scores["f1"].values(), *_difference(cells, name, iou, kind)])


def _difference(cells: Cells, name: str, iou: float, kind: str) -> tuple[float, float, float]:
    first = counts_by_subject(next(iter(cells.values())), iou)[kind]
    found = f1_difference([counts_by_subject(cells[name], iou)[kind]], [first])
    return found.value, found.low, found.high


def _with_limits(value: float, low: float, high: float) -> str:
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
