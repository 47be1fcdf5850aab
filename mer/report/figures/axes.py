"""What several plots of a study draw on their axes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from mer.report.figures.style import INK

__all__ = ["level_ticks", "reference_lines", "short_name"]

_LONGEST = 34  # letters of a cell's name


def reference_lines(axes: Axes, lines: Mapping[str, float], *, upright: bool) -> None:
    """Draw dashed and dotted lines at values, with their names."""
    for i, (name, value) in enumerate(lines.items()):
        draw = axes.axvline if upright else axes.axhline
        draw(value, color=INK, linewidth=0.8, linestyle=("--", ":")[i % 2], label=name)
    if lines:
        axes.legend(
            frameon=False, loc="lower center" if upright else "upper center", bbox_to_anchor=(0.5, 1.0), ncols=2
        )


def level_ticks(axes: Axes, levels: Sequence[str], *, room: int) -> None:
    """Name the levels along the x axis, on a slant where more than `room` letters are there."""
    crowded = sum(map(len, levels)) + 2 * len(levels) > room  # letters
    names = [short_name(level, 14) for level in levels]
    axes.set_xticks(range(len(levels)), names, rotation=35 if crowded else 0, ha="right" if crowded else "center")
    if crowded:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")


def short_name(name: str, longest: int = _LONGEST) -> str:
    """Return a name that fits next to a plot."""
    return textwrap.shorten(name, longest, placeholder=" …") if " " in name else name[:longest]
