"""What a run's searches found, as one figure: how much each setting mattered, and what was chosen in every fold."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator
from numpy.typing import NDArray

from mer.metrics import importance
from mer.report.figures import style
from mer.types import TRIAL_AFTER, TRIAL_BEFORE

__all__ = ["Searches", "draw", "picture", "read"]

_DPI = 220
_NAMED = 40  # folds whose names have room below the panel
_MARGIN = 1.6  # of a logarithmic axis, as a factor on either side
_DECADES = 20.0  # ratio of the largest value to the smallest above which an axis is logarithmic


@dataclass(frozen=True, kw_only=True, eq=False)
class Searches:
    """The content of trials.csv.

    Attributes
    ----------
    folds : tuple of str
        What was left out.
    fold : ndarray of int, shape (n,)
        Of each trial.
    settings : dict of str to list
        Setting → value in each trial: all numbers, or all text; None where a trial did not have it.
    score : ndarray of float64, shape (n,)
    chosen : ndarray of bool, shape (n,)
    """

    folds: tuple[str, ...]
    fold: NDArray[np.intp]
    settings: dict[str, list[float | str | None]]
    score: NDArray[np.float64]
    chosen: NDArray[np.bool_]


def read(text: str) -> Searches:
    """Return what the text of a trials.csv holds; ValueError or KeyError where it is none."""
    rows = list(csv.DictReader(io.StringIO(text)))
    names = [name for name in rows[0] if name not in (*TRIAL_BEFORE, *TRIAL_AFTER)] if rows else []
    folds = tuple(dict.fromkeys(row["subject"] for row in rows))
    return Searches(
        folds=folds,
        fold=np.array([folds.index(row["subject"]) for row in rows], dtype=np.intp),
        settings={name: _values([row[name] for row in rows]) for name in names},
        score=np.array([float(row["inner_score"]) for row in rows]),
        chosen=np.array([row["chosen"] == "1" for row in rows], dtype=np.bool_),
    )


def draw(text: str, path: Path) -> None:
    """Draw the text of a trials.csv as a PNG; the folder of `path` must exist."""
    with style.styled():
        figure = picture(read(text))
        figure.savefig(path, dpi=_DPI, metadata=style.undated(path))


def picture(searches: Searches) -> Figure:
    """Return the figure: on top the importance of the settings, below one panel per setting over the folds."""
    shares = importance(searches.settings, searches.score, searches.fold)
    heights = [0.45 + 0.2 * len(shares), *[1.25] * len(shares)]
    figure = style.empty(style.PAGE_IN, sum(heights) + 0.5)
    panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    _importance(panels[0], shares)
    for axes, name in zip(panels[1:], shares, strict=True):
        _over_folds(axes, searches, name)
    _name_folds(panels[-1], searches.folds)
    return figure


def _importance(axes: Axes, shares: dict[str, float]) -> None:
    at = np.arange(len(shares))
    axes.barh(at, list(shares.values()), height=0.6, color=style.PALETTE[0])
    for place, share in zip(at, shares.values(), strict=True):
        axes.text(share, float(place), f" {100 * share:.0f} %", va="center", fontsize=7.5)
    axes.set_yticks(at, list(shares))
    axes.invert_yaxis()
    axes.set_xlim(0, (max([0.0, *shares.values()]) or 1.0) * 1.12)  # room for the percent beside the longest bar
    axes.set_xlabel("share of the inner score's variance within a search that the setting explains alone")
    style.plain(axes, grid="x")


def _over_folds(axes: Axes, searches: Searches, name: str) -> None:
    values = searches.settings[name]
    there = np.array([value is not None for value in values])
    words = sorted({value for value in values if isinstance(value, str)})
    place = [words.index(v) if isinstance(v, str) else v for v in values if v is not None]
    height = np.array(place, dtype=np.float64)
    chosen = searches.chosen[there]
    across = searches.fold[there]
    axes.plot(across, height, ".", color=style.GREY, alpha=0.35, markersize=3, label="tried")
    axes.plot(across[chosen], height[chosen], style.MARKERS[0], color=style.PALETTE[1], markersize=4, label="chosen")
    if words:
        axes.set_yticks(range(len(words)), words)
        axes.set_ylim(-0.5, len(words) - 0.5)
    elif len(height) and height.min() > 0 and height.max() > _DECADES * height.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(height.min() / _MARGIN, height.max() * _MARGIN)
    axes.set_ylabel(name)
    axes.set_xlim(-0.7, len(searches.folds) - 0.3)
    axes.xaxis.set_major_locator(NullLocator())
    style.plain(axes, grid="y")


def _name_folds(axes: Axes, folds: Sequence[str]) -> None:
    if len(folds) <= _NAMED:
        axes.set_xticks(range(len(folds)), [name.rpartition("/")[2] or name for name in folds], rotation=90)
    axes.set_xlabel("left out")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _values(cells: Sequence[str]) -> list[float | str | None]:
    try:
        numbers: list[float | str | None] = [float(cell) if cell else None for cell in cells]
        if all(value is None or math.isfinite(float(value)) for value in numbers):
            return numbers
    except ValueError:
        pass
    return [cell or None for cell in cells]
