"""Frames with the 68 points that were found in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mer.types import Image, Landmarks

__all__ = ["draw"]

_ACROSS, _PANEL_IN, _DPI = 4, 2.6, 130
_ROOM = 0.35  # of the face's size, around it


def draw(panels: Sequence[tuple[str, Image, Landmarks | None]], path: Path) -> None:
    """Draw frames, cut to the face, with their points; a frame without a face is shown whole.

    Parameters
    ----------
    panels : sequence of (str, ndarray, Landmarks or None)
        Heading, grey (H, W) or BGR (H, W, 3) frame, what was found in it.
    path : Path
        PNG to write.
    """
    down = -(-len(panels) // _ACROSS)
    figure = Figure(figsize=(_ACROSS * _PANEL_IN, down * (_PANEL_IN + 0.25)), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, _ACROSS, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, (title, frame, found) in zip(grid, panels, strict=False):
        axes.imshow(frame if frame.ndim == 2 else frame[..., ::-1], cmap="gray", vmin=0, vmax=255)
        if found is None:
            axes.set_title(f"{title}: no face", fontsize=8)
            continue
        low, high = found.xy.min(axis=0), found.xy.max(axis=0)
        room = _ROOM * float((high - low).max())
        axes.plot(*found.xy.T, ".", color="#00ff70", markersize=4.5, markeredgecolor="black", markeredgewidth=0.4)
        axes.set_xlim(max(low[0] - room, -0.5), min(high[0] + room, frame.shape[1] - 0.5))
        axes.set_ylim(min(high[1] + room, frame.shape[0] - 0.5), max(low[1] - room, -0.5))
        axes.set_title(f"{title}: score {found.score:.2f}", fontsize=8)
    figure.savefig(path)
