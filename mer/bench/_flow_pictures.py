"""Pictures of `mer bench flow`: error against magnitude, and the same pairs through every method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mer.bench._flow_measures import EDGES, Measured
from mer.report.figures.flow_colour import colours, full_scale
from mer.report.figures.style import MARKERS, PAGE_IN, PALETTE, empty, plain, save, styled
from mer.training.flow.benchmark_pairs import BenchmarkPair
from mer.types import FlowBackbone, FlowField

__all__ = ["error_curves", "gallery"]

_PANEL, _HEAD = 1.5, 0.28  # inches


def error_curves(folder: Path, results: Mapping[str, Measured]) -> None:
    """Write ``flow_error.svg``, ``.pdf`` and ``.png``: one line per method, clean left and degraded right."""
    with styled():
        figure = empty(PAGE_IN, 3.4)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, degraded in zip(panels, (False, True), strict=True):
            _curves(axes, results, degraded)
        panels[0].set_ylabel("mean end-point error, px")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
        save(figure, folder, "flow_error")


def _curves(axes: Axes, results: Mapping[str, Measured], degraded: bool) -> None:
    middle = np.concatenate([[EDGES[1] / 1.5], np.sqrt(EDGES[1:-1] * EDGES[2:])])
    for k, (name, found) in enumerate(results.items()):
        ours = name == "microflow"
        style = "-" if k < len(PALETTE) else "--"
        axes.plot(
            middle,
            found.curve(degraded),
            style,
            marker=MARKERS[k % len(MARKERS)],
            markersize=3,
            color=PALETTE[k % len(PALETTE)],
            label=name,
            linewidth=2.0 if ours else 1.0,
            zorder=5 if ours else 2,
        )
    axes.plot(middle, middle, ":", color="#8a8a8a", linewidth=1.0, label="zero flow")
    axes.set(xscale="log", yscale="log", xlabel="true magnitude, px", title="degraded" if degraded else "clean")
    axes.set_ylim(top=2.0)
    for axis in (axes.xaxis, axes.yaxis):  # the style of reports reads no formulas, which powers of ten would be
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    plain(axes, grid="y")


def gallery(path: Path, pairs: Sequence[BenchmarkPair], methods: Mapping[str, FlowBackbone]) -> None:
    """Write a PNG: one row per pair; onset, truth, then every method with its error, all in one scale of colour."""
    figure = Figure(figsize=((2 + len(methods)) * _PANEL, len(pairs) * (_PANEL + _HEAD)), facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(pairs), 2 + len(methods), squeeze=False)
    for row, pair in zip(grid, pairs, strict=True):
        scale = full_scale(pair.flow)
        row[0].imshow(pair.onset, cmap="gray", vmin=0, vmax=255)
        row[0].set_title(f"{'degraded' if pair.degraded else 'clean'}, {pair.peak:g} px", fontsize=7)
        flows = {"truth": FlowField(uv=pair.flow)} | {n: m(pair.onset, pair.apex) for n, m in methods.items()}
        for axes, (name, field) in zip(row[1:], flows.items(), strict=True):
            axes.imshow(colours(field.uv, scale))
            axes.contour(pair.inside, levels=[0.5], colors="#8a8a8a", linewidths=0.4)
            note = f"full colour {scale:g} px" if name == "truth" else f"{pair.error(field.uv):.3f} px"
            axes.set_title(f"{name.replace(', ', chr(10))}: {note}", fontsize=6.5)
    for axes in grid.ravel():
        axes.set_axis_off()
    figure.subplots_adjust(0.005, 0.005, 0.995, 1 - _HEAD / (len(pairs) * (_PANEL + _HEAD)), 0.03, _HEAD / _PANEL)
    figure.savefig(path, dpi=160)
