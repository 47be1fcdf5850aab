"""Which region moves how for which class, as a heat map with arrows: drawn from regions.csv alone."""

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
from numpy.typing import NDArray

from mer.report.figures import style
from mer.report.figures.region_shapes import centres, draw_outlines
from mer.types import Regions

__all__ = ["RegionMotion", "draw", "picture", "read"]

# Inches.
_WIDE, _HIGH = 0.66, 0.19  # of a cell, which holds an arrow and a number
_ARROW = (0.07, 0.17)  # of an arrow where nothing agrees, and where all does
_LETTER = 0.064  # mean width at the size of the labels
_MAP = 1.7  # side of the map
_DARK = 0.62  # share of the scale above which ink on a cell is white
_AGREED = 0.1  # agreement below which an arrow would show chance
_DPI = 150


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionMotion:
    """The content of regions.csv.

    Attributes
    ----------
    regions, classes : tuple of str
    clips : tuple of int
        Of every class.
    magnitude, direction, agreement : ndarray, shape (regions, classes)
        Direction in degrees, 90 pointing down, NaN where there is none; agreement in [0, 1].
    unit : str
        Of the magnitude.
    """

    regions: tuple[str, ...]
    classes: tuple[str, ...]
    clips: tuple[int, ...]
    magnitude: NDArray[np.float64]
    direction: NDArray[np.float64]
    agreement: NDArray[np.float64]
    unit: str

    @property
    def decimals(self) -> int:
        """Decimals needed to distinguish magnitudes of this size."""
        largest = float(self.magnitude.max(initial=0.0))
        return min(4, max(0, 1 - math.floor(math.log10(largest)))) if largest > 0 else 1


def read(text: str) -> RegionMotion:
    """Return what the text of a regions.csv holds; ValueError or KeyError where it is none."""
    rows = list(csv.DictReader(io.StringIO(text)))
    regions, classes = (tuple(dict.fromkeys(row[key] for row in rows)) for key in ("region", "class"))
    if not rows or len(rows) != len(regions) * len(classes):
        raise ValueError("regions.csv needs one row per region and class")

    def grid(column: str) -> NDArray[np.float64]:
        return np.array([float(row[column] or "nan") for row in rows]).reshape(len(regions), len(classes))

    return RegionMotion(
        regions=regions,
        classes=classes,
        clips=tuple(int(row["clips"]) for row in rows[: len(classes)]),
        magnitude=grid("magnitude"),
        direction=grid("direction_deg"),
        agreement=grid("agreement"),
        unit=rows[0]["unit"],
    )


def draw(text: str, path: Path, shown: Regions | None = None) -> None:
    """Draw the text of a regions.csv, with a map of the regions of one clip; the folder of `path` must exist."""
    with style.styled():
        picture(read(text), shown).savefig(path, dpi=_DPI, metadata=style.undated(path))


def picture(motion: RegionMotion, shown: Regions | None = None) -> Figure:
    """Return the heat map: regions down, classes across, mean magnitude as colour and number.

    With the regions of a clip, a map of them stands beside it, numbered as the names.

    Notes
    -----
    The arrow points where the region moves, as seen in the image. It is long where pixels and clips of the class go
    one way, short where they hardly do, and absent where their agreement is below 0.1. One hue from light to dark
    reads in grey and with any colour vision.
    """
    rows, columns = motion.magnitude.shape
    names = _numbered(motion.regions) if shown is not None else motion.regions
    space = _MAP + 0.2 if shown is not None else 0.0
    left = space + _LETTER * max(map(len, names)) + 0.15
    crowded = max(len(name) for name in motion.classes) * _LETTER > _WIDE
    head = (_LETTER * 0.7 * max(map(len, motion.classes)) if crowded else 0.12) + 0.3
    width = max(left + _WIDE * columns + 1.0, 3.6)
    bottom = 0.56
    tall = max(head + _HIGH * rows, 0 if shown is None else _MAP)
    figure = style.empty(width, tall + bottom + 0.06, laid_out=False)
    high, wide = figure.get_figheight(), figure.get_figwidth()
    if shown is not None:
        _map(figure.add_axes((0.08 / wide, 1 - (_MAP + 0.08) / high, _MAP / wide, _MAP / high)), shown)
    place = (left / wide, bottom / high, _WIDE * columns / wide, _HIGH * rows / high)
    axes = figure.add_axes(place)
    top = float(motion.magnitude.max(initial=0.0)) or 1.0
    image = axes.imshow(motion.magnitude, cmap="Blues", vmin=0, vmax=top, aspect="auto", interpolation="nearest")
    _label(axes, motion, names, crowded=crowded)
    _cells(axes, motion, top)
    length = min(_HIGH * rows, 1.8)
    bar = figure.add_axes(
        (place[0] + place[2] + 0.12 / wide, (bottom + _HIGH * rows - length) / high, 0.1 / wide, length / high)
    )
    figure.colorbar(image, cax=bar).outline.set_visible(False)
    bar.tick_params(labelsize=6.5, length=2)
    bar.set_ylabel(f"mean |flow|, {motion.unit}", fontsize=6.5)
    figure.text(
        0.08 / wide, 0.07 / high,
        f"Colour and number: mean magnitude ({motion.unit}) of the flow that the descriptor sees.\n"
        "Arrow: direction in the image; long where pixels and clips of the class agree,\n"
        f"none where they do not (agreement below {_AGREED}). Left and right in the names are\n"
        "those of the image: left is the subject's right side.",
        fontsize=6, color="#404040", va="bottom",
    )  # fmt: skip
    return figure


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{name}  {number}" for number, name in enumerate(names, start=1))


def _map(axes: Axes, shown: Regions) -> None:
    """Draw the outlines of the regions, each with its number."""
    high, wide = shown.shape
    draw_outlines(axes, shown, colour=style.GREY, width=0.5)
    for number, (x, y) in enumerate(centres(shown)[0], start=1):
        if math.isfinite(x) and math.isfinite(y):
            axes.text(x, y, str(number), fontsize=5, ha="center", va="center", color=style.INK)
    axes.set(xlim=(-0.5, wide - 0.5), ylim=(high - 0.5, -0.5), aspect="equal", anchor="N")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(linewidth=0.4, color=style.GREY)


def _label(axes: Axes, motion: RegionMotion, regions: Sequence[str], *, crowded: bool) -> None:
    axes.xaxis.tick_top()
    names = [f"{name}\n({n})" for name, n in zip(motion.classes, motion.clips, strict=True)]
    if crowded:
        names = [name.replace("\n", " ") for name in names]
    axes.set_xticks(range(len(names)), names, fontsize=7.5, rotation=35 if crowded else 0)
    if crowded:
        for label in axes.get_xticklabels():
            label.set(rotation_mode="anchor", ha="left", va="bottom")
    axes.set_yticks(range(len(regions)), regions, fontsize=7.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(0.5, len(names) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(regions) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="minor", length=0)


def _cells(axes: Axes, motion: RegionMotion, top: float) -> None:
    ink = np.where(motion.magnitude > _DARK * top, "white", style.INK)
    for (row, column), value in np.ndenumerate(motion.magnitude):
        text = f"{value:.{motion.decimals}f}"
        axes.text(column + 0.42, row, text, fontsize=6.5, ha="right", va="center_baseline", color=ink[row, column])
    there = np.isfinite(motion.direction) & (motion.agreement >= _AGREED)
    y, x = np.nonzero(there)
    angle, length = np.radians(motion.direction[there]), np.interp(motion.agreement[there], (0, 1), _ARROW)
    axes.quiver(
        x - 0.26, y, length * np.cos(angle), -length * np.sin(angle),
        color=ink[there], pivot="middle", units="inches", scale_units="inches", scale=1, angles="uv",
        width=0.012, headwidth=4, headlength=3.6, headaxislength=3.2, minlength=0.5,
    )  # fmt: skip
