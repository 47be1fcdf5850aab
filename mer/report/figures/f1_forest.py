"""F1 of the cells of a spotting study, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mer.report.figures.style import COLUMN_IN, MARKERS, PALETTE, empty, plain

__all__ = ["f1_forest"]

_CHARACTER_IN = 0.06  # of a name, in


def f1_forest(names: Sequence[str], scores: Sequence[tuple[float, float, float]], label: str) -> Figure:
    """Draw F1, low and high of every cell, best first; `label` names the score."""
    order = np.argsort([-score[0] for score in scores], kind="stable")
    for_names = max(1.6, _CHARACTER_IN * max(map(len, names)))  # the axes keep the width that their label needs
    figure = empty(COLUMN_IN + for_names, 0.75 + 0.19 * len(order))
    axes = figure.add_subplot()
    for place, k in enumerate(order):
        f1, low, high = scores[k]
        axes.plot([low, high], [place, place], color=PALETTE[0], linewidth=1.0)
        axes.plot(f1, place, MARKERS[0], color=PALETTE[0], markersize=4)
    axes.set_yticks(range(len(order)), [names[k] for k in order])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"{label}, 95 % interval over subjects")
    plain(axes, grid="x")
    axes.tick_params(axis="y", length=0)
    return figure
