"""A contact sheet: every clip of a subject as onset, apex and what changed between them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from mer.errors import counted
from mer.report.figures.letters import any_letter
from mer.types import FramePair, Numbers

__all__ = ["GAIN", "draw"]

GAIN = 8
_DPI = 110
_CELL_IN = 1.7
_SIDE_PX = 256  # larger frames are thinned to about this: a sheet is looked at, not measured
_BESIDE = 2  # clips in a row
_TITLES = ("onset", "apex", f"difference ×{GAIN}")


@any_letter()
def draw(subject: str, clips: Sequence[tuple[str, FramePair | str]], path: Path) -> None:
    """Draw one sheet as a PNG.

    Parameters
    ----------
    subject : str
    clips : sequence of (str, FramePair or str)
        Heading and frames of each; a sentence replaces frames that cannot be read.
    path : Path

    Notes
    -----
    The difference is 128 + 8 (apex − onset), clipped to 0–255: mid grey where nothing changed.
    """
    rows = -(-len(clips) // _BESIDE)
    beside = min(len(clips), _BESIDE)
    shape = next((pair.onset.shape for _, pair in clips if not isinstance(pair, str)), (1, 1))
    high = _CELL_IN * min(shape[0] / shape[1], 1.6) + 0.42
    tight = ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.02, wspace=0.01, hspace=0.02)
    figure = Figure(figsize=(3 * _CELL_IN * beside + 0.3, rows * high + 0.45), dpi=_DPI, layout=tight)
    FigureCanvasAgg(figure)
    figure.suptitle(f"{subject}: {counted(len(clips), 'clip')}", fontsize=10)
    blocks = np.atleast_2d(figure.subfigures(rows, beside, squeeze=False))
    for place, (heading, pair) in enumerate(clips):
        block = blocks[divmod(place, beside)]
        block.suptitle(heading, fontsize=7.5)
        axes = block.subplots(1, 3)
        if isinstance(pair, str):
            _say(axes, pair)
        else:
            _show(axes, pair, first=place < beside)
    figure.savefig(path)


def _show(axes: Sequence[Axes], pair: FramePair, *, first: bool) -> None:
    step = max(1, round(max(pair.onset.shape) / _SIDE_PX))
    onset, apex = pair.onset[::step, ::step], pair.apex[::step, ::step]
    images: tuple[Numbers, ...] = (onset, apex, _difference(onset, apex))
    for cell, image, title in zip(axes, images, _TITLES, strict=True):
        cell.imshow(image, cmap="gray", vmin=0, vmax=255)
        cell.set_axis_off()
        if first:
            cell.set_title(title, fontsize=6.5, pad=2)


def _difference(onset: NDArray[np.uint8], apex: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.clip(128 + GAIN * (apex.astype(np.float64) - onset), 0, 255)


def _say(axes: Sequence[Axes], sentence: str) -> None:
    for cell in axes:
        cell.set_axis_off()
    text = "\n".join(textwrap.wrap(sentence, 52, break_long_words=True))
    axes[1].text(0.5, 0.5, text, ha="center", va="center", fontsize=6.5, transform=axes[1].transAxes)
