"""The confusion matrix as a figure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mer.errors import counted
from mer.report.figures.style import undated
from mer.report.tables.score_text import NAMES, decimals, interval_text, score_text
from mer.types import Metrics, Numbers

__all__ = ["draw"]

_DPI = 200
_LETTERS = 16  # of the title, per inch
_CELL_IN = 0.62  # holds a count of four digits at 9 pt


def draw(metrics: Metrics, path: Path, title: str = "") -> None:
    """Draw how often each class was taken for which.

    Parameters
    ----------
    metrics : mapping
        The content of metrics.json: ``confusion`` (rows are the truth), ``classes`` or, if it has them, ``labels``,
        ``uf1``, ``uar``, ``n``, ``subjects``.
    path : Path
        The file to write; its folder must exist.
    title : str
        Data set and method.

    Notes
    -----
    The colour is the share of the row (the class's recall on the diagonal), one hue from light to dark, so that it
    also reads in grey and with any colour vision.
    """
    counts, names = np.asarray(metrics["confusion"]), list(metrics.get("labels", metrics["classes"]))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = _CELL_IN * len(names)
    figure = Figure(figsize=(max(side + 1.5, 3.4), side + 1.1), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    _label_axes(axes, names, counts.sum(axis=1))
    _label_cells(axes, counts, share)
    _title(figure, metrics, title)
    layout = figure.get_layout_engine()
    assert layout is not None
    layout.execute(figure)
    figure.set_layout_engine(None)  # else savefig draws everything twice
    figure.savefig(path, metadata=undated(path))


def _label_axes(axes: Axes, names: Sequence[str], support: Numbers) -> None:
    ticks = range(len(names))
    crowded = max(map(len, names)) > 9
    axes.set_xticks(ticks, names, fontsize=8, rotation=35 if crowded else 0, ha="right" if crowded else "center")
    axes.set_yticks(ticks, [f"{name} ({n})" for name, n in zip(names, support, strict=True)], fontsize=8)
    if crowded:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.set_xlabel("predicted", fontsize=8)
    axes.set_ylabel("true (clips)", fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    # White lines between the cells, without a grid over the colours.
    axes.set_xticks(np.arange(0.5, len(names) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(names) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)


def _label_cells(axes: Axes, counts: Numbers, share: Numbers) -> None:
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if share[row, column] > 0.55 else "#1a1a1a" if count else "#a0a0a0"
        weight = "bold" if row == column else "normal"
        write = partial(axes.text, column, ha="center", color=colour, in_layout=False)  # as it cannot leave the axes
        write(row + 0.02, str(count), fontsize=9, va="bottom", fontweight=weight)
        write(row + 0.08, f"{100 * share[row, column]:.0f} %", fontsize=6.5, va="top")


def _title(figure: Figure, metrics: Metrics, title: str) -> None:
    digits = decimals(metrics["uf1"], metrics["uar"])
    scores = [
        f"{name} {score_text(metrics[key], digits)} {interval_text(metrics[key], digits)}" for key, name in NAMES[:2]
    ]
    level = f"{100 * metrics['interval']['level']:.0f} % intervals over subjects"
    sub = f"{counted(metrics['n'], 'clip')} of {counted(metrics['subjects'], 'subject')}, {level}"
    broken = textwrap.wrap(title, round(figure.get_figwidth() * _LETTERS))
    figure.suptitle("\n".join([*broken, "   ".join(scores), sub]), fontsize=8, parse_math=False)
