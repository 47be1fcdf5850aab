"""Outcomes of the cells of a sweep: one small file per cell, so that workers on several machines can write them."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from mer.store.atomic import write_atomically

__all__ = ["Ledger", "Line", "State", "duration", "heading", "shown"]

State = Literal["done", "kept", "failed"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One cell.

    Attributes
    ----------
    number : int
        Its index in the sweep, from 0.
    overrides : tuple of str
    state : {"done", "kept", "failed"}
    key : str
        Hash of all that determines the result; empty if the cell failed before its data was read.
    scores : mapping of str to float or None
        Such as ``uf1`` and ``uar``, or ``f1_together`` of task=spot; None where a score is not defined. Empty if the
        cell failed.
    seconds : float
    error : str
    warnings : tuple of str
    """

    number: int
    overrides: tuple[str, ...]
    state: State
    key: str = ""
    scores: Mapping[str, float | None] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The overrides of the cell as text."""
        return " ".join(self.overrides) or "base"

    def said(self) -> str:
        """Return a one-line summary of the cell."""
        if self.state == "failed":
            return f"{self.name}  failed: {self.error}"
        cost = "kept" if self.state == "kept" else f"{self.seconds:.1f} s"
        scores = [f"{heading(name)} {shown(score)}" for name, score in self.scores.items()]
        return "  ".join([self.name, *scores, cost])


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The lines of one sweep.

    Attributes
    ----------
    folder : Path
        Of the sweep.
    total : int
        Its cells.
    began : float
        Seconds since 1970.
    scores : tuple of str
        Names of the scores of a cell, which are columns of cells.csv.
    """

    folder: Path
    total: int
    began: float
    scores: tuple[str, ...]

    def write(self, line: Line) -> None:
        """Save a line."""
        self._parts.mkdir(parents=True, exist_ok=True)
        write_atomically(self._parts / f"{line.number}.json", json.dumps(asdict(line)).encode())

    def said(self, line: Line) -> str:
        """Return a line as text, with the progress of the sweep and the estimated remaining time."""
        return f"[{line.number + 1}/{self.total}] {line.said()}{self._left()}"

    def lines(self) -> list[Line]:
        """Return the lines of all finished cells, in the order of the sweep."""
        found = []
        for path in self._parts.glob("[0-9]*.json"):
            with contextlib.suppress(OSError, ValueError):
                content = json.loads(path.read_text(encoding="utf-8"))
                content |= {name: tuple(content[name]) for name in ("overrides", "warnings")}
                found.append(Line(**content))
        return sorted(found, key=lambda line: line.number)

    def close(self) -> list[Line]:
        """Write cells.csv, remove the single files and return the lines."""
        lines = self.lines()
        with (self.folder / "cells.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["cell", "overrides", "state", *self.scores, "seconds", "result", "error"])
            writer.writerows(self._row(line) for line in lines)
        shutil.rmtree(self._parts, ignore_errors=True)
        return lines

    @property
    def _parts(self) -> Path:
        return self.folder / ".cells"

    def _row(self, line: Line) -> Sequence[object]:
        scores = [line.scores.get(name) for name in self.scores]
        exact = ["" if score is None else f"{score:.6f}" for score in scores]
        return [line.number + 1, line.name, line.state, *exact, f"{line.seconds:.2f}", line.key, line.error]

    def _left(self) -> str:
        """Estimate the remaining time from the cells run so far; kept cells cost no time and do not count."""
        states = [line.state for line in self.lines()]
        ended, worked = len(states), sum(state != "kept" for state in states)
        if ended >= self.total or not worked:
            return ""
        left = (time.time() - self.began) / worked * (self.total - ended)
        return f"  ({ended} of {self.total} finished, about {duration(left)} left)"


def heading(name: str) -> str:
    """Return the name of a score as text: ``uf1`` is UF1, ``f1_micro`` is F1 micro."""
    first, *others = name.split("_")
    return " ".join([first.upper(), *others])


def shown(score: float | None) -> str:
    """Return a score as text."""
    return "none" if score is None else f"{score:.3f}"


def duration(seconds: float) -> str:
    """Return a time in readable form: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
