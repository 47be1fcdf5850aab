"""The motion of a face over a long video, with the intervals that were found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mer.errors import counted
from mer.types import Interval, Kind, Numbers

__all__ = ["draw"]

_COLOURS: dict[Kind, str] = {"micro": "#d55e00", "macro": "#0072b2"}
_ROW_S, _WIDTH_IN, _ROW_IN, _DPI = 60.0, 11.0, 1.5, 120


def draw(
    title: str,
    times: Numbers,
    strengths: Mapping[Kind, Numbers],
    found: Sequence[Interval],
    path: Path,
    true: Sequence[Interval] | None = None,
) -> None:
    """Draw the strength of motion, one row per minute; intervals are shaded by their kind, an apex is a dot.

    Parameters
    ----------
    title : str
    times : ndarray, shape (T,)
        Seconds of each frame.
    strengths : mapping of str to ndarray, shape (T,)
        Kind → strength of motion as that kind is looked for, pixels; NaN where there is no face.
    found : sequence of Interval
    path : Path
        PNG to write.
    true : sequence of Interval, optional
        Annotated ones, drawn as bars above the curve.
    """
    end = float(times[-1])
    rows = max(int(-(-end // _ROW_S)), 1)
    figure = Figure(figsize=(_WIDTH_IN, 0.8 + rows * _ROW_IN), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    high = 1.05 * max(float(np.nanmax(list(strengths.values()))), 0.1)
    for row, axes in enumerate(figure.subplots(rows, 1, squeeze=False).ravel()):
        shown = _of_row(times, row)
        for kind, strength in strengths.items():
            axes.plot(times[shown], strength[shown], color=_COLOURS[kind], linewidth=0.9)
        for interval in found:
            colour = _COLOURS[interval.kind]
            axes.axvspan(times[interval.onset], times[interval.offset], color=colour, alpha=0.25, linewidth=0)
            if interval.apex is not None:
                axes.plot(times[interval.apex], interval.strength, "o", color=colour, markersize=3.5)
        for interval in true or ():
            ends = times[interval.onset], times[interval.offset]
            axes.plot(ends, [0.97 * high] * 2, color=_COLOURS[interval.kind], linewidth=4, solid_capstyle="butt")
        axes.set_xlim(row * _ROW_S, min((row + 1) * _ROW_S, max(end, 1.0)) if rows == 1 else (row + 1) * _ROW_S)
        axes.set_ylim(0, high)
        axes.set_ylabel("motion, px")
        axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("time, s")
    kinds = [counted(sum(i.kind == kind for i in found), f"{kind}-expression") for kind in _COLOURS]
    bars = "" if true is None else "; bars at the top: annotated"
    figure.suptitle(f"{title}: {kinds[0]} (orange), {kinds[1]} (blue){bars}", fontsize=10)
    figure.savefig(path)


def _of_row(times: Numbers, row: int) -> slice:
    """Return the frames of a row, and one on each side, so that the line reaches the edges."""
    start, end = np.searchsorted(times, [row * _ROW_S, (row + 1) * _ROW_S])
    return slice(max(int(start) - 1, 0), int(end) + 1)
