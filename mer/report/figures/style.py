"""How all figures of a report look: one palette, one size of type, three file formats."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mer.report.figures.letters import any_letter

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

__all__ = [
    "COLUMN_IN",
    "GREY",
    "INK",
    "MARKERS",
    "PAGE_IN",
    "PALETTE",
    "Drawing",
    "empty",
    "plain",
    "save",
    "styled",
    "undated",
]

Drawing = Figure

# Okabe and Ito's colours, distinct with any colour vision; markers differ too, for print in grey.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, GREY = "#1a1a1a", "#8a8a8a"
COLUMN_IN, PAGE_IN = 3.4, 7.0  # widths that journals print
_DPI = 220

_STYLE: Mapping[RcKeyType, str | float] = MappingProxyType(
    {
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "legend.fontsize": 7.5,
        "axes.edgecolor": GREY,
        "axes.linewidth": 0.6,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "text.color": INK,
        "text.parse_math": False,  # a level called "$x$" is a name
        "pdf.fonttype": 42,  # editable text, as publishers require
        "svg.hashsalt": "mer",
    }
)


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Hold the style in which figures are made and saved."""
    with mpl.rc_context(dict(_STYLE)), any_letter():
        yield


def undated(path: Path) -> dict[str, None]:
    """Return the metadata with which a file holds no date, so that the same figure gives the same bytes."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix, {})


def empty(width: float, height: float, *, laid_out: bool = True) -> Figure:
    """Return an empty figure, inches; one that is not laid out by matplotlib is drawn once, not twice."""
    # Laid out in fine pixels: in coarse ones, hinting makes letters narrower than they will be.
    figure = Figure(figsize=(width, height), layout="constrained" if laid_out else None, dpi=_DPI)
    FigureCanvasAgg(figure)
    return figure


def plain(axes: Axes, *, grid: str) -> None:
    """Leave only what is read: two axes, and light lines across the one with the values (``x`` or ``y``)."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="#e4e4e4", linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def save(figure: Figure, folder: Path, stem: str) -> None:
    """Write ``<stem>.svg``, ``.pdf`` and ``.png``; the same figure gives the same bytes on one machine."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once for all three
    for suffix in (".svg", ".pdf", ".png"):
        path = folder / f"{stem}{suffix}"
        figure.savefig(path, metadata=undated(path), dpi=_DPI)
