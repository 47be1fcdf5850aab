"""Every region scheme on one face, as a picture: the same colour for left and right partners."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from mer.config.arguments import take_settings
from mer.config.catalogue import options
from mer.config.composition import component
from mer.dataset.images import read_frame
from mer.dataset.points import StoredPoints
from mer.errors import ConfigError, DataError
from mer.report.figures.region_shapes import centres, draw_outlines
from mer.roi.names import partners
from mer.types import Image, Landmarks, Numbers, Regions

__all__ = ["draw", "run"]

_PANEL, _HEAD, _DPI = 2.6, 0.3, 200  # inches, inches, dots an inch
_ACROSS = 3  # panels in a row


def run(arguments: Sequence[str]) -> None:
    """Draw ``regions.png`` into ``output=``.

    ``image=FILE landmarks=FILE`` (.csv or .npy, first frame) shows a face of one's own, else a generated one.
    """
    given = take_settings(arguments, {"image": "", "landmarks": "", "output": "."})
    if bool(given["image"]) != bool(given["landmarks"]):
        raise ConfigError("mer bench regions: image=FILE and landmarks=FILE go together; give both or none")
    image, landmarks = _given(given["image"], given["landmarks"]) if given["image"] else _generated()
    folder = Path(given["output"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draw(folder / "regions.png", image, landmarks)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror}); choose another output=") from error
    print(folder / "regions.png")


def draw(path: Path, image: Image, landmarks: Landmarks) -> None:
    """Draw every option of ``conf/roi`` on a face.

    Parameters
    ----------
    path : Path
        The PNG to write; its folder must exist.
    image : ndarray of uint8, shape (H, W)
        Grey.
    landmarks : Landmarks
        Of the face, pixels of the image.
    """
    names = sorted(options("roi"), key=lambda name: (name in ("grid", "patches4", "whole"), name))
    panels: list[tuple[str, dict[str, Any]]] = [*((name, {}) for name in names), ("mdmo36", {"eye_mask": 0.1})]
    down = -(-len(panels) // _ACROSS)
    figure = Figure(figsize=(_ACROSS * _PANEL, down * (_PANEL + _HEAD)), facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, _ACROSS, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, (name, changes) in zip(grid, panels, strict=False):
        regions = component("roi", name, **changes)(landmarks, image.shape[:2])
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="bicubic")
        _paint(axes, regions)
        axes.plot(*landmarks.xy.T, ".", color="white", markersize=1.0)
        setting = " ".join([f"roi={name}", *(f"roi.{key}={value}" for key, value in changes.items())])
        axes.set_title(f"{setting}   {len(regions)} region{'s' * (len(regions) > 1)}", fontsize=8)
        _frame(axes, image, landmarks)
    figure.subplots_adjust(0.01, 0.01, 0.99, 1 - _HEAD / (down * (_PANEL + _HEAD)), 0.03, _HEAD / _PANEL)
    figure.savefig(path, dpi=_DPI)


def _paint(axes: Axes, regions: Regions) -> None:
    """Fill the regions, partners alike, and number them in the order of the columns."""
    colours = _colours(regions)
    membership = (
        (regions.labels == np.arange(len(regions))[:, None, None]) if regions.weights is None else regions.weights
    )
    share = np.asarray(membership, dtype=np.float64)
    total = share.sum(axis=0)
    mixed = np.einsum("rhw,rc->hwc", share, colours) / np.maximum(total, 1e-9)[..., None]
    axes.imshow(np.dstack([mixed, 0.4 * np.clip(total, 0, 1)]), interpolation="nearest")
    draw_outlines(axes, regions, colour="white", width=0.4)
    edge = [withStroke(linewidth=1.2, foreground="black")]
    for number, (x, y) in enumerate(centres(regions)[0], start=1):
        axes.text(x, y, str(number), color="white", fontsize=4.5, ha="center", va="center", path_effects=edge)


def _colours(regions: Regions) -> Numbers:
    """Return RGB (R, 3); a region and its partner have one colour, neighbours in the order have distant ones."""
    other = partners(regions.names)
    pairs = {pair: i for i, pair in enumerate(dict.fromkeys(min(i, j) for i, j in enumerate(other)))}
    hue = [0.618034 * pairs[min(i, j)] % 1 for i, j in enumerate(other)]
    return np.asarray(colormaps["hsv"](hue))[:, :3]


def _frame(axes: Axes, image: Image, landmarks: Landmarks) -> None:
    """Show the face and some of what is around it."""
    low, high = landmarks.xy.min(axis=0), landmarks.xy.max(axis=0)
    middle, half = (low + high) / 2, 0.68 * (high - low).max()
    middle = middle - [0, 0.12 * half]
    height, width = image.shape[:2]
    axes.set_xlim(max(middle[0] - half, -0.5), min(middle[0] + half, width - 0.5))
    axes.set_ylim(min(middle[1] + half, height - 0.5), max(middle[1] - half, -0.5))


def _given(image: str, points: str) -> tuple[Image, Landmarks]:
    frame = read_frame(Path(image))
    found = StoredPoints(path=Path(points), first=0)(0)
    if found is None:
        raise DataError(f"{points}: no landmarks of frame 0; number the frame of the image 0")
    return (frame if frame.ndim == 2 else frame[..., ::-1] @ [0.299, 0.587, 0.114]).astype(np.uint8), found


def _generated() -> tuple[Image, Landmarks]:
    pair = component("frames", "onset_apex")(component("dataset", "synthetic").load().samples[0])
    aligned = component("align", "similarity")(pair, pair.onset_landmarks)
    return aligned.onset, aligned.landmarks
