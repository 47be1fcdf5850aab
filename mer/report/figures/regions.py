"""Which region moves how for which class, as a heat map with arrows: drawn from regions.csv alone."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mer.report.figures import style

__all__ = ["RegionMotion", "draw", "picture", "read"]

# Inches.
_WIDE, _HIGH = 0.66, 0.19  # of a cell, which holds an arrow and a number
_ARROW = (0.07, 0.17)  # of an arrow where nothing agrees, and where all does
_LETTER = 0.064  # mean width at the size of the labels
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


def draw(text: str, path: Path) -> None:
    """Draw the text of a regions.csv as a PNG; the folder of `path` must exist."""
    with style.styled():
        picture(read(text)).savefig(path, dpi=_DPI, metadata=style.undated(path))


def picture(motion: RegionMotion) -> Figure:
    """Return the heat map: regions down, classes across, mean magnitude as colour and number.

    Notes
    -----
    The arrow points where the region moves, as seen in the image. It is long where pixels and clips of the class go
    one way, short where they hardly do, and absent where their agreement is below 0.1. One hue from light to dark
    reads in grey and with any colour vision.
    """
    rows, columns = motion.magnitude.shape
    left = _LETTER * max(map(len, motion.regions)) + 0.15
    crowded = max(len(name) for name in motion.classes) * _LETTER > _WIDE
    head = (_LETTER * 0.7 * max(map(len, motion.classes)) if crowded else 0.12) + 0.3
    width = max(left + _WIDE * columns + 0.85, 3.6)
    figure = style.empty(width, head + _HIGH * rows + 0.52, laid_out=False)
    high, wide = figure.get_figheight(), figure.get_figwidth()
    bottom = 0.46
    place = (left / wide, bottom / high, _WIDE * columns / wide, _HIGH * rows / high)
    axes = figure.add_axes(place)
    top = float(motion.magnitude.max(initial=0.0)) or 1.0
    image = axes.imshow(motion.magnitude, cmap="Blues", vmin=0, vmax=top, aspect="auto", interpolation="nearest")
    _label(axes, motion, crowded=crowded)
    _cells(axes, motion, top)
    length = min(_HIGH * rows, 1.8)
    bar = figure.add_axes(
        (place[0] + place[2] + 0.12 / wide, (bottom + _HIGH * rows - length) / high, 0.1 / wide, length / high)
    )
    figure.colorbar(image, cax=bar).outline.set_visible(False)
    bar.tick_params(labelsize=6.5, length=2)
    figure.text(
        0.08 / wide, 0.07 / high,
        f"Colour and number: mean magnitude ({motion.unit}) of the flow that the descriptor sees.\n"
        "Arrow: direction in the image; long where pixels and clips of the class agree,\n"
        f"none where they do not (agreement below {_AGREED}).",
        fontsize=6, color="#404040", va="bottom",
    )  # fmt: skip
    return figure


def _label(axes: Axes, motion: RegionMotion, *, crowded: bool) -> None:
    axes.xaxis.tick_top()
    names = [f"{name}\n({n})" for name, n in zip(motion.classes, motion.clips, strict=True)]
    if crowded:
        names = [name.replace("\n", " ") for name in names]
    axes.set_xticks(range(len(names)), names, fontsize=7.5, rotation=35 if crowded else 0)
    if crowded:
        for label in axes.get_xticklabels():
            label.set(rotation_mode="anchor", ha="left", va="bottom")
    axes.set_yticks(range(len(motion.regions)), motion.regions, fontsize=7.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(0.5, len(names) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(motion.regions) - 1), minor=True)
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
