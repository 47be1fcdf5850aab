"""One interval as a picture: frames, flow, regions, the curve over time, probabilities and contributions."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mer.model.motion import Follow
from mer.model.predict import Evidence
from mer.model.result import Prediction
from mer.report.figures.flow_colour import colours, full_scale
from mer.report.figures.region_shapes import covered, draw_outlines
from mer.types import FlowField, Numbers, Regions

__all__ = ["Curve", "draw"]

_DPI = 130
_AROUND_S = 3.0  # s of the curve before and after the interval
_BARS = 8  # contributions that are shown
_FOR, _AGAINST, _KINDS = "#009E73", "#D55E00", {"micro": "#d55e00", "macro": "#0072b2"}


class Curve(NamedTuple):
    """The strength of motion, px, in the frames around an interval, and their times, s."""

    times: Numbers
    strength: Numbers

    @classmethod
    def around(cls, one: Prediction, follow: Follow, times: Numbers) -> Curve:
        """Return the curve from some seconds before the interval to some after it."""
        strength = np.asarray(follow.strengths[one.interval.kind])
        own = times[follow.first : follow.first + len(strength)]
        start, end = float(times[one.interval.onset]), float(times[one.interval.offset])
        near = (own >= start - _AROUND_S) & (own <= end + _AROUND_S)
        return cls(own[near], strength[near])


def draw(path: Path, evidence: Evidence, curve: Curve | None) -> None:
    """Draw what is said of an interval as a PNG.

    Parameters
    ----------
    path : Path
        File to write; its folder must exist.
    evidence : Evidence
        With the frames of a face.
    curve : Curve or None
        Motion around the interval.
    """
    one = evidence.prediction
    rows = 1 + (curve is not None) + bool(one.probabilities)
    figure = Figure(figsize=(11, 1.0 + 2.6 * rows), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_title(one), fontsize=10, parse_math=False)
    parts = figure.subfigures(rows, 1, squeeze=False)[:, 0]
    _frames(parts[0].subplots(1, 4), evidence)
    if curve is not None:
        _curve(parts[1].subplots(), one, curve)
    if one.probabilities:
        bars, regions = parts[-1].subplots(1, 2)
        _probabilities(bars, one)
        _contributions(regions, one)
    figure.savefig(path)


def _title(one: Prediction) -> str:
    outcome = f"{one.outcome} ({one.model})" if one.outcome else one.interval.kind
    lines = [f"{one.input}: {outcome}", one.sentence, *(f"{flag.name}: {flag.sentence}" for flag in one.flags)]
    return "\n".join(lines)


def _frames(axes: np.ndarray, evidence: Evidence) -> None:
    pair, flow, regions = evidence.pair, evidence.flow, evidence.regions
    assert pair is not None and flow is not None and regions is not None
    for panel, picture, head in zip(axes[:2], (pair.onset, pair.apex), ("onset", "apex"), strict=True):
        panel.imshow(picture, cmap="gray", vmin=0, vmax=255)
        panel.set_title(head, fontsize=9)
    scale = full_scale(flow.uv[covered(regions)])
    axes[2].imshow(colours(flow.uv, scale))
    axes[2].set_title(f"flow; full colour: {scale:g} px", fontsize=9)
    _tinted(axes[3], pair.onset, flow, regions)
    for panel in axes:
        panel.set_xticks([])
        panel.set_yticks([])


def _tinted(axes: Axes, back: Numbers, flow: FlowField, regions: Regions) -> None:
    """Draw the regions, the redder the farther they moved on average."""
    axes.imshow(back, cmap="gray", vmin=0, vmax=255)
    length = np.full(regions.shape, np.nan)
    magnitude = np.hypot(flow.uv[..., 0], flow.uv[..., 1])
    for number in range(len(regions)):
        inside = regions.labels == number if regions.labels is not None else _half(regions, number)
        length[inside] = magnitude[inside].mean()
    shown = axes.imshow(length, cmap="inferno", alpha=0.55, vmin=0)
    draw_outlines(axes, regions, colour="white", width=0.4)
    bar = axes.figure.colorbar(shown, ax=axes, fraction=0.046)
    bar.set_label("mean |flow|, px", fontsize=7)
    bar.ax.tick_params(labelsize=7)
    axes.set_title("regions", fontsize=9)


def _half(regions: Regions, number: int) -> Numbers:
    assert regions.weights is not None
    return np.asarray(regions.weights[number] >= 0.5 * regions.weights[number].max())


def _curve(axes: Axes, one: Prediction, curve: Curve) -> None:
    assert one.start is not None and one.end is not None
    axes.plot(curve.times, curve.strength, color="#1a1a1a", linewidth=1)
    axes.axvspan(one.start, one.end, color=_KINDS[one.interval.kind], alpha=0.25, linewidth=0, label="onset to offset")
    if one.apex is not None:
        axes.axvline(one.apex, color=_KINDS[one.interval.kind], linewidth=1, label="apex")
    axes.set_xlabel("time, s", fontsize=8)
    axes.set_ylabel("motion, px", fontsize=8)
    axes.set_ylim(bottom=0)
    _plain(axes)
    axes.legend(frameon=False, fontsize=8, loc="upper right")


def _probabilities(axes: Axes, one: Prediction) -> None:
    names = sorted(one.probabilities, key=lambda name: one.probabilities[name])
    axes.barh(names, [one.probabilities[name] for name in names], color="#0072B2")
    axes.set_xlim(0, 1)
    axes.set_title("probability (calibrated)", fontsize=9)
    _plain(axes)


def _contributions(axes: Axes, one: Prediction) -> None:
    shown = one.contributions[:_BARS][::-1]
    changes = [part.change for part in shown]
    axes.barh(
        [part.region.replace("_", " ") for part in shown],
        changes,
        color=[_FOR if change > 0 else _AGAINST for change in changes],
    )
    axes.axvline(0, color="#8a8a8a", linewidth=0.6)
    axes.set_title(f"regions for (green) and against {one.likeliest}: change of its score", fontsize=9)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
