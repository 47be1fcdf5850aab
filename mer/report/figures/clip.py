"""One clip as a picture: what was seen, what moved, and what the descriptor made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mer.report.figures.flow_colour import colours, full_scale
from mer.report.figures.region_shapes import covered, draw_outlines, draw_roses
from mer.report.figures.style import undated
from mer.types import FlowField, Image, Landmarks, Numbers, Regions

__all__ = ["draw"]

_DPI = 180
# Inches.
_PANEL, _GAP, _HEAD, _CAPTION, _TITLE, _MARGIN = 2.35, 0.12, 0.22, 0.52, 0.34, 0.14
_ORANGE, _SKY = "#E69F00", "#56B4E9"  # distinguishable with any colour vision


@dataclass(frozen=True, kw_only=True)
class _Panel:
    head: str
    caption: str
    paint: Callable[[Axes], None]


def draw(  # noqa: PLR0913 (one keyword a thing that is shown)
    path: Path,
    *,
    title: str,
    onset: Image | None,
    apex: Image | None,
    landmarks: Landmarks | None,
    flow: FlowField,
    regions: Regions,
    roses: Numbers | None,
    angles: Numbers | None,
    unit: str,
    petal: str = "",
) -> None:
    """Draw a clip: onset, apex, their difference; landmarks with regions, flow, a rose per region.

    Parameters
    ----------
    path : Path
        The file to write; its folder must exist.
    title : str
        Such as the clip's id and label.
    onset, apex : ndarray of uint8, shape (H, W), or None
        Aligned frames; None where the flow came ready-made, and these panels are left out.
    landmarks : Landmarks or None
        Of the onset.
    flow : FlowField
    regions : Regions
    roses : ndarray, shape (R, B), or None
        A histogram of directions for every region; None for a descriptor without directions.
    angles : ndarray, shape (B,), or None
        Centres of the bins, radians, +90° pointing down.
    unit : str
        Of the flow: ``px``, or ``units of the release`` where it came ready-made.
    petal : str
        What the length of a petal is, such as ``sum of |flow|, px``.
    """
    scale = full_scale(flow.uv[covered(regions)])  # so that noise of the background does not set it
    back = _faded(onset, flow, scale)
    rows = [_frames(onset, apex), [_regions_panel(back, regions, landmarks), _flow_panel(flow, scale, unit)]]
    if roses is not None and angles is not None:
        rows[-1].append(_roses_panel(back, regions, np.asarray(roses), np.asarray(angles), petal))
    figure = _lay_out([row for row in rows if row], regions.shape)
    figure.suptitle(title, x=0.5, y=1 - 0.1 / figure.get_figheight(), va="top", fontsize=10, parse_math=False)
    figure.savefig(path, metadata=undated(path))


def _frames(onset: Image | None, apex: Image | None) -> list[_Panel]:
    panels = [
        _Panel(head=head, caption="", paint=partial(_show, picture=frame, cmap="gray", vmin=0, vmax=255))
        for head, frame in (("onset", onset), ("apex", apex))
        if frame is not None
    ]
    if onset is not None and apex is not None:
        difference = np.abs(apex.astype(np.float64) - onset)
        gain = max(1, round(255 / max(float(np.percentile(difference, 99.5)), 1.0)))
        show = partial(_show, picture=difference * gain, cmap="gray_r", vmin=0, vmax=255)
        panels.append(_Panel(head=f"|apex − onset| × {gain}", caption="", paint=show))
    return panels


def _regions_panel(back: Numbers, regions: Regions, landmarks: Landmarks | None) -> _Panel:
    def paint(axes: Axes) -> None:
        _show(axes, back, cmap="gray", vmin=0, vmax=1)
        draw_outlines(axes, regions, colour=_ORANGE, width=0.9)
        if landmarks is not None:
            axes.plot(*landmarks.xy.T, "o", color=_SKY, markersize=2.4, markeredgecolor="#202020", markeredgewidth=0.3)

    kind = "" if regions.labels is not None else ", outlined at half their weight"
    caption = f"{len(regions)} region{'s' if len(regions) > 1 else ''}{kind}"
    head = "regions" if landmarks is None else "landmarks and regions"
    return _Panel(head=head, caption=caption, paint=paint)


def _flow_panel(flow: FlowField, scale: float, unit: str) -> _Panel:
    def paint(axes: Axes) -> None:
        _show(axes, colours(flow.uv, scale))
        _arrows(axes, flow, scale)
        _wheel(axes.inset_axes((0.80, -0.225, 0.2, 0.2)))

    caption = (
        f"hue: direction, as in the wheel\nfull colour: {scale:g} {unit} and more; white: rest\nx to the right, y down"
    )
    return _Panel(head="flow, onset → apex", caption=caption, paint=paint)


def _roses_panel(back: Numbers, regions: Regions, roses: Numbers, angles: Numbers, petal: str) -> _Panel:
    def paint(axes: Axes) -> None:
        _show(axes, 1 - 0.45 * (1 - back), cmap="gray", vmin=0, vmax=1)
        draw_roses(axes, regions, roses, angles)

    caption = f"petal length: {petal or 'weight of a direction'}\none scale for all; the longest: {_plain(roses.max())}"
    return _Panel(head="histograms of directions", caption=caption, paint=paint)


def _plain(value: float) -> str:
    """Return a number with about three digits, and never as 1.16e+03."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.001 or not value else f"{value:.6f}"


def _faded(onset: Image | None, flow: FlowField, scale: float) -> Numbers:
    """Return a light picture in [0, 1] to draw on: the onset, or how much moved where there is no frame."""
    if onset is not None:
        return 1 - 0.75 * (1 - onset / 255.0)
    return 1 - 0.5 * np.clip(np.hypot(flow.uv[..., 0], flow.uv[..., 1]) / scale, 0, 1)


def _arrows(axes: Axes, flow: FlowField, scale: float) -> None:
    """Draw the mean flow of blocks, so that direction can be read without distinguishing hues."""
    step = max(1, round(min(flow.shape) / 16))
    rows, columns = (n // step for n in flow.shape)
    blocks = flow.uv[: rows * step, : columns * step].reshape(rows, step, columns, step, 2).mean(axis=(1, 3))
    y, x = (np.arange(n) * step + (step - 1) / 2 for n in (rows, columns))
    magnitude = np.hypot(blocks[..., 0], blocks[..., 1])
    blocks = blocks * np.minimum(1, scale / np.maximum(magnitude, 1e-12))[..., None]  # as the colours, else they cross
    moving = magnitude > 0.1 * scale
    grid_x, grid_y = np.meshgrid(x, y)
    axes.quiver(
        grid_x[moving], grid_y[moving], blocks[moving, 0], blocks[moving, 1],
        angles="xy", scale_units="xy", scale=scale / (1.1 * step), color="#202020", width=0.004, headwidth=4,
    )  # fmt: skip


def _wheel(axes: Axes) -> None:
    y, x = np.mgrid[-1:1:201j, -1:1:201j]
    picture = np.dstack([colours(np.dstack([x, y]), 1.0), np.hypot(x, y) <= 1])
    axes.imshow(picture, extent=(-1, 1, 1, -1))
    axes.set_axis_off()


def _show(axes: Axes, picture: Numbers, **how: Any) -> None:
    axes.imshow(picture, interpolation="nearest", **how)


def _lay_out(rows: list[list[_Panel]], shape: tuple[int, int]) -> Figure:
    tall = _PANEL * float(np.clip(shape[0] / shape[1], 0.5, 2))
    heights = [_HEAD + tall + (_CAPTION if any(panel.caption for panel in row) else _GAP) for row in rows]
    width = 2 * _MARGIN + max(map(len, rows)) * (_PANEL + _GAP) - _GAP
    figure = Figure(figsize=(width, _TITLE + sum(heights) + _MARGIN), dpi=_DPI)
    FigureCanvasAgg(figure)
    top = figure.get_figheight() - _TITLE
    for row, height in zip(rows, heights, strict=True):
        for i, panel in enumerate(row):
            place = (_MARGIN + i * (_PANEL + _GAP), top - _HEAD - tall, _PANEL, tall)
            _fill(figure, panel, place, shape)
        top -= height
    return figure


def _fill(figure: Figure, panel: _Panel, place: tuple[float, ...], shape: tuple[int, int]) -> None:
    width, height = figure.get_size_inches()
    x, y, w, h = place
    axes = figure.add_axes((x / width, y / height, w / width, h / height))
    panel.paint(axes)
    axes.set(xlim=(-0.5, shape[1] - 0.5), ylim=(shape[0] - 0.5, -0.5))  # points outside must not shrink the picture
    axes.set_title(panel.head, fontsize=8, pad=4)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(linewidth=0.4, color="#808080")
    axes.set_anchor("N")
    axes.text(0, -0.025, panel.caption, transform=axes.transAxes, fontsize=6.5, va="top", color="#404040")
