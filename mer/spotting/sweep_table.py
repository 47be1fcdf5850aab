"""The cells of a sweep of ``task=spot`` side by side, each tested against the first one over the same subjects."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mer.spotting.interval_table import read_videos
from mer.spotting.score import TOGETHER, SpottedVideo, counts_by_subject, f1_difference, summary, truth_of
from mer.types import KINDS

__all__ = ["compare_cells"]

_Cells = Mapping[str, Sequence[SpottedVideo]]  # the settings of a cell → what was found
_KINDS = (*KINDS, TOGETHER)


def compare_cells(folders: Mapping[str, Path], path: Path) -> None:
    """Print the finished cells side by side and write them as CSV, if two or more can be compared.

    Cells on other videos than the first, or with another rule of a hit, cannot stand in one table.

    Parameters
    ----------
    folders : mapping of str to Path
        The settings of a cell → its folder.
    path : Path
        Of the CSV.
    """
    cells = {name: _read(folder) for name, folder in folders.items()}
    same = {name: one for name, one in cells.items() if _scored(one) == _scored(next(iter(cells.values())))}
    if len(same) < len(cells):
        print("mer: cells with other videos or another task.iou are not compared with the first", file=sys.stderr)
    if len(same) > 1:
        iou, videos = next(iou for iou, _ in same.values()), {name: videos for name, (_, videos) in same.items()}
        _show(videos, iou)
        _write(videos, iou, path)
        print(f"table     {path}")


def _read(folder: Path) -> tuple[float, tuple[SpottedVideo, ...]]:
    names = ("metrics.json", "truth.csv", "intervals.csv")
    metrics, truth, intervals = ((folder / name).read_text(encoding="utf-8") for name in names)
    return json.loads(metrics)["iou"], read_videos(truth, intervals)


def _scored(cell: tuple[float, Sequence[SpottedVideo]]) -> tuple[object, ...]:
    return cell[0], *truth_of(cell[1])


def _show(cells: _Cells, iou: float) -> None:
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


def _write(cells: _Cells, iou: float, path: Path) -> None:
    """Write per cell and kind F1 with its limits, and the difference to the first cell with its."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["cell", "kind", "f1", "f1_low", "f1_high", "difference", "difference_low", "difference_high"])
        for name, videos in cells.items():
            for kind, scores in summary(videos, iou).items():
                rows.writerow([name, kind, *scores["f1"].values(), *_difference(cells, name, iou, kind)])


def _difference(cells: _Cells, name: str, iou: float, kind: str) -> tuple[float, float, float]:
    first = counts_by_subject(next(iter(cells.values())), iou)[kind]
    found = f1_difference([counts_by_subject(cells[name], iou)[kind]], [first])
    return found.value, found.low, found.high


def _with_limits(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "none"
    return f"{value:.3f}" if math.isnan(low) else f"{value:.3f} [{low:.3f}, {high:.3f}]"
