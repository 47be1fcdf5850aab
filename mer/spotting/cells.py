"""The runs of a spotting study as MLflow keeps them, as cells that can be compared."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from mer.errors import DataError
from mer.report.study import Files, LeftOut, setting
from mer.spotting.interval_table import read_videos
from mer.spotting.score import SpottedVideo, truth_of

__all__ = ["FILES", "Cell", "Part", "parts_of", "read_cell", "read_cells"]

FILES = ("truth.csv", "intervals.csv", "metrics.json", "config.yaml")
"""Files of a run that make a `Cell`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """One finished run of ``task=spot``.

    Attributes
    ----------
    run_id, dataset : str
    iou : float
        Smallest intersection over union of a hit.
    params : mapping of str to str
    settings : mapping
        The content of config.yaml.
    videos : tuple of SpottedVideo
    recognition : mapping of str to float
        Of task=spot_recognise: ``uf1`` of the hits and ``strs``; empty for task=spot.
    classes : mapping of str to mapping
        Of task=spot_recognise: class → ``true``, ``hits``, ``f1`` and ``strs``, see `mer.spotting.recognised`.
    """

    run_id: str
    dataset: str
    iou: float
    params: Mapping[str, str]
    settings: Mapping[str, object] = field(repr=False)
    videos: tuple[SpottedVideo, ...] = field(repr=False)
    recognition: Mapping[str, float] = field(default_factory=dict)
    classes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def level(self, key: str) -> str:
        """Return a param, or what config.yaml says where the command of this run did not name it."""
        return self.params.get(key) or setting(self.settings, key) or "-"


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Cells with the same videos, the same true intervals and the same rule of a hit: these can be compared.

    Attributes
    ----------
    cells : tuple of Cell
        In the order in which they were run.
    factors : mapping of str to tuple of str
        What differs between the cells, with its levels.
    """

    cells: tuple[Cell, ...]
    factors: Mapping[str, tuple[str, ...]]

    def levels(self, cell: Cell) -> dict[str, str]:
        """Return the levels of a cell."""
        return {factor: cell.level(factor) for factor in self.factors}

    def name(self, cell: Cell) -> str:
        """Return the levels of a cell as text; the only cell of a part is called by its run."""
        return ", ".join(f"{k}={v}" for k, v in self.levels(cell).items()) or f"run {cell.run_id[:8]}"


def read_cells(runs: Sequence[Files]) -> tuple[list[Cell], list[LeftOut]]:
    """Return the runs of a study as cells; those that are no runs of ``task=spot``, or damaged, are left out.

    Raises
    ------
    DataError
        If none is left.
    """
    cells, left_out = [], []
    for run in runs:
        try:
            cells.append(read_cell(run))
        except DataError as error:
            left_out.append(LeftOut(run_id=run.run_id, name=run.name, reason=str(error)))
    if not cells:
        raise DataError(f"no run can be reported; the last of {len(left_out)}: {left_out[-1].reason}")
    return cells, left_out


def read_cell(run: Files) -> Cell:
    """Return a run as a cell.

    Raises
    ------
    DataError
        If a file was edited.
    """
    try:
        metrics = json.loads(run.texts["metrics.json"])
        recognition = metrics.get("recognition", {})
        return Cell(
            run_id=run.run_id,
            dataset=run.tags.get("dataset", ""),
            iou=float(metrics["iou"]),
            params=run.params,
            settings=yaml.safe_load(run.texts["config.yaml"]) or {},
            videos=read_videos(run.texts["truth.csv"], run.texts["intervals.csv"]),
            recognition={name: _number(recognition[name]) for name in ("uf1", "strs") if name in recognition},
            classes={
                name: {score: _number(value) for score, value in scores.items()}
                for name, scores in recognition.get("by_class", {}).items()
            },
        )
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        what = " ".join(str(error).split())
        raise DataError(f"run {run.run_id}: its files were edited ({what}); repeat the run") from error


def _number(score: float | None) -> float:
    return math.nan if score is None else float(score)


def parts_of(cells: Sequence[Cell]) -> list[Part]:
    """Return the cells in parts that can be compared, in the order in which they were run."""
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.iou, *truth_of(cell.videos)), []).append(cell)
    return [Part(cells=tuple(some), factors=dict(_factors(some))) for some in groups.values()]


def _factors(cells: Sequence[Cell]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key in dict.fromkeys(key for cell in cells for key in cell.params):
        levels = tuple(dict.fromkeys(cell.level(key) for cell in cells))
        if len(levels) > 1:
            yield key, levels
