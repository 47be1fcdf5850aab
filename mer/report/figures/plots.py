"""Figures of a section: scores of the cells, what the factors do, who is hard, which cells differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mer.report.figures.axes import level_ticks, reference_lines, short_name
from mer.report.figures.style import COLUMN_IN, GREY, INK, MARKERS, PAGE_IN, PALETTE, empty, plain
from mer.report.stats.factors import LevelMean
from mer.report.stats.paired import ALPHA, Omnibus
from mer.report.stats.resampling import score
from mer.report.stats.scored import Scored
from mer.report.stats.sections import Factor, Section

__all__ = ["effects", "forest", "interactions", "ranking", "subjects"]

_NAMED = 30  # cells that a figure can name
_RANKED = 14  # cells in a ranking
_PAIRS = 6  # interactions shown


def forest(scored: Scored, lines: Mapping[str, float]) -> Figure:
    """Draw UF1 of every cell with its interval, best first; `lines` are the references, by their name."""
    order = np.argsort(-scored.value[:, 0], kind="stable")
    cells = scored.section.cells
    few = len(order) <= _NAMED
    figure = empty(COLUMN_IN + (0.6 if few else 0), 0.75 + 0.19 * len(order) if few else 3.0)
    axes = figure.add_subplot()
    at = np.arange(1, len(order) + 1)
    for place, k in zip(at, order, strict=True):
        different = k != scored.best and k not in scored.tied[0]
        low, high = scored.interval[k, 0]
        ends = ([low, high], [place, place]) if few else ([place, place], [low, high])
        axes.plot(*ends, color=PALETTE[0], linewidth=1.0 if few else 0.4, alpha=0.55 if different else 1.0)
        point = (scored.value[k, 0], place) if few else (place, scored.value[k, 0])
        fill = "white" if different else PALETTE[0]
        axes.plot(*point, MARKERS[0], color=PALETTE[0], markerfacecolor=fill, markersize=4 if few else 2)
    reference_lines(axes, lines, upright=few)
    if few:
        axes.set_yticks(at, [short_name(_marked(cells[k].short, cells[k].optimistic)) for k in order])
        axes.invert_yaxis()
        axes.set_xlabel("UF1, 95 % interval over subjects")
    else:
        axes.set(xlabel=f"{len(order)} cells, best first", ylabel="UF1, 95 % interval over subjects")
    plain(axes, grid="x" if few else "y")
    axes.tick_params(axis="y" if few else "x", length=0)
    return figure


def effects(means: Sequence[Sequence[LevelMean]]) -> Figure:
    """Draw the marginal mean of UF1 of every level, one panel per factor, all on one scale."""
    columns = 2 if len(means) == 4 else min(3, len(means))
    rows = ceil(len(means) / columns)
    figure = empty(COLUMN_IN if len(means) < 3 else PAGE_IN, 0.3 + 1.9 * rows)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes in panels.ravel()[len(means) :]:
        axes.set_axis_off()
    for axes, levels in zip(panels.ravel(), means, strict=False):
        at = np.arange(len(levels))
        value = np.array([mean.value[0] for mean in levels])
        low, high = np.array([mean.interval[0] for mean in levels]).T
        axes.vlines(at, low, high, color=PALETTE[0], linewidth=1.2)
        axes.plot(at, value, MARKERS[0], color=PALETTE[0], markersize=4)
        level_ticks(axes, [mean.level for mean in levels], room=40 if len(means) in (1, 4) else 20)
        axes.set_title(levels[0].factor.name)
        axes.set_xlim(-0.6, len(levels) - 0.4)
        plain(axes, grid="y")
    for axes in panels[:, 0]:
        axes.set_ylabel("mean UF1")
    return figure


def interactions(scored: Scored) -> Figure | None:
    """Draw the mean UF1 of all pairs of levels of two factors; parallel lines are no interaction.

    The scale spans at least a typical interval of a cell.
    """
    section = scored.section
    typical = float(np.nan_to_num(np.median(np.ptp(scored.interval[:, 0], axis=1))))
    pairs = [pair for pair in combinations(section.factors, 2) if _crossed(section, *pair)][:_PAIRS]
    if not pairs:
        return None
    columns = min(2, len(pairs))
    rows = ceil(len(pairs) / columns)
    figure = empty(COLUMN_IN if columns == 1 else PAGE_IN, 0.2 + 2.4 * rows)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes in panels.ravel()[len(pairs) :]:
        axes.set_axis_off()
    for axes, (across, lines) in zip(panels.ravel(), pairs, strict=False):
        _interaction(axes, section, across, lines)
    # Lines that differ by less than an interval must not fill the panel.
    low, high = panels[0, 0].get_ylim()
    room = max((high - low) / 2, 0.5 * typical)
    panels[0, 0].set_ylim((low + high) / 2 - room, (low + high) / 2 + room)
    for axes in panels[:, 0]:
        axes.set_ylabel("mean UF1")
    return figure


def subjects(scored: Scored, named: Mapping[str, int]) -> Figure:
    """Draw every subject's accuracy: the spread of all cells, and the cells that are named; hardest first."""
    section = scored.section
    accuracy = np.stack([section.of(cell).accuracy for cell in section.cells])
    order = np.argsort(accuracy.mean(axis=0), kind="stable")
    at = np.arange(len(order))
    figure = empty(COLUMN_IN if len(order) <= 30 else PAGE_IN, 2.3)
    axes = figure.add_subplot()
    if len(accuracy) > 2:
        axes.vlines(
            at,
            accuracy.min(axis=0)[order],
            accuracy.max(axis=0)[order],
            color="#c4c4c4",
            linewidth=3,
            label="all cells",
        )
    for i, (name, k) in enumerate(named.items()):
        axes.plot(  # the second is hollow, so that the first shows where both are
            at,
            accuracy[k][order],
            MARKERS[i],
            color=PALETTE[i],
            markerfacecolor="none" if i else None,
            markersize=5.2 if i else 3.2,
            label=name,
        )
    axes.set(xlabel=f"{len(order)} subjects, hardest first", ylabel="accuracy", ylim=(-0.04, 1.04))
    axes.set_xticks([])
    axes.legend(frameon=False, loc="lower right", handletextpad=0.3)
    plain(axes, grid="y")
    return figure


def ranking(section: Section, tests: Omnibus) -> Figure:
    """Draw the critical-difference diagram: mean ranks over subjects; a bar joins cells that do not differ.

    Of more cells than can be named, the best ranks are shown; the tests are of all.
    """
    order = np.argsort(tests.ranks, kind="stable")[:_RANKED]
    ranks = tests.ranks[order]
    groups = _groups(tests.pairs[np.ix_(order, order)] > ALPHA)
    line = 0.17
    figure = empty(PAGE_IN, 0.55 + line * (len(groups) + ceil(len(order) / 2) + 1.5))
    axes = figure.add_subplot()
    room = max(float(np.ptp(ranks)), 0.5)
    left, right = ranks.min() - 0.04 * room, ranks.max() + 0.04 * room
    axes.plot([left, right], [0, 0], color=INK, linewidth=0.8)
    for tick in MaxNLocator(8, steps=[1, 2, 5, 10]).tick_values(left, right):
        if not left <= tick <= right:
            continue
        axes.plot([tick, tick], [0, 0.35], color=INK, linewidth=0.8)
        axes.text(tick, 0.5, f"{tick:g}", ha="center", va="bottom", fontsize=7.5)
    for level, (first, last) in enumerate(groups, start=1):
        bar = (ranks[first] - 0.006 * room, ranks[last] + 0.006 * room)
        axes.plot(bar, [-level * 0.55] * 2, color=PALETTE[1], linewidth=2.6, solid_capstyle="butt")
    below = -0.55 * len(groups) - 0.6
    half = ceil(len(order) / 2)
    for place, (k, rank) in enumerate(zip(order, ranks, strict=True)):
        on_left = place < half
        y = below - (place if on_left else len(order) - 1 - place)
        edge = left - 0.03 * room if on_left else right + 0.03 * room
        axes.plot([rank, rank, edge], [0, y, y], color=GREY, linewidth=0.6)
        name = (
            f"{short_name(section.cells[k].short)}  {rank:.2f}"
            if on_left
            else f"{rank:.2f}  {short_name(section.cells[k].short)}"
        )
        axes.text(edge, y, f" {name} ", ha="right" if on_left else "left", va="center", fontsize=7.5)
    axes.set(xlim=(left - 0.85 * room, right + 0.85 * room), ylim=(below - half - 0.1, 2.2))
    axes.text((left + right) / 2, 2.1, "mean rank over subjects (1 is best)", ha="center", va="top", fontsize=7.5)
    axes.set_axis_off()
    return figure


def _groups(same: np.ndarray) -> list[tuple[int, int]]:
    """Return the widest stretches of the ranking in which no two cells differ significantly."""
    n = len(same)
    reach = [
        max(j for j in range(i, n) if same[i : j + 1, i : j + 1][~np.eye(j + 1 - i, dtype=bool)].all())
        for i in range(n)
    ]
    return [(i, j) for i, j in enumerate(reach) if j > i and (i == 0 or reach[i - 1] < j)]


def _interaction(axes: Axes, section: Section, across: Factor, lines: Factor) -> None:
    for i, level in enumerate(lines.levels):
        at, values = [], []
        for place, other in enumerate(across.levels):
            rows = [
                row
                for cell in section.cells
                if cell.levels[lines.key] == level and cell.levels[across.key] == other
                for row in cell.rows
            ]
            if rows:
                at.append(place)
                values.append(score(section.counts.of(rows))[0])
        colour, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        axes.plot(at, values, marker=marker, color=colour, markersize=3.6, linewidth=1.1, label=level)
    level_ticks(axes, across.levels, room=40)
    axes.set_xlabel(across.name)
    axes.legend(
        title=lines.name,
        title_fontsize=7.5,
        alignment="left",
        frameon=False,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(lines.levels) if sum(map(len, lines.levels)) + 5 * len(lines.levels) <= 45 else 4,
        columnspacing=1.0,
        handlelength=1.5,
        borderaxespad=0.1,
    )
    axes.set_xlim(-0.3, len(across.levels) - 0.7)
    plain(axes, grid="y")


def _crossed(section: Section, a: Factor, b: Factor) -> bool:
    """Whether at least two levels of each meet; settings of one option alone do not."""
    meeting = {(cell.levels[a.key], cell.levels[b.key]) for cell in section.cells}
    return len(meeting) > max(len(a.levels), len(b.levels))


def _marked(name: str, optimistic: bool) -> str:
    return f"{name} ‡" if optimistic else name
