"""HOOF of one flow field: time against the loops that peers use, and against one read of the field."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from mer.config.arguments import take_settings
from mer.config.composition import component
from mer.errors import ConfigError
from mer.types import FlowField, Landmarks, Numbers, Regions

__all__ = ["Timings", "main", "measure", "run"]

Array = Numbers


class Timings(NamedTuple):
    """Milliseconds per field, and what was compared."""

    ours: dict[str, float]
    peers: dict[str, float]
    read: float
    stream: float
    peak_mib: float
    covered: float


def run(arguments: Sequence[str]) -> None:
    """Measure and print; takes ``size=``, ``fields=`` (to stream) and ``repeats=``."""
    given = take_settings(arguments, {"size": "256", "fields": "10000", "repeats": "30"})
    try:
        numbers = {name: int(value) for name, value in given.items()}
    except ValueError as error:
        raise ConfigError(f"mer bench descriptor: size, fields and repeats are whole numbers ({error})") from error
    if min(numbers.values()) < 1 or numbers["size"] < 64:
        raise ConfigError("mer bench descriptor: fields and repeats must be at least 1, size at least 64")
    main(**numbers)


def main(*, size: int, fields: int, repeats: int) -> None:
    """Measure and print the table.

    Parameters
    ----------
    size : int
        Height and width of the field, pixels.
    fields : int
        How many to stream through `batch`.
    repeats : int
        Rounds of all calls; of each the fastest counts.
    """
    found = measure(size=size, fields=fields, repeats=repeats)
    fastest = found.ours["hard bins"]
    table = Table("36 polygons × 8 bins", "ms per field", f"times ours ({fastest:.3f} ms)", box=None, pad_edge=False)
    for name, value in {**{f"ours, {n}": v for n, v in found.ours.items()}, **found.peers}.items():
        table.add_row(name, f"{value:.3f}", f"{value / fastest:.1f}")
    console = Console()
    console.print(f"flow field {size}×{size}, {found.covered:.0%} of it in regions; fastest of {repeats} rounds")
    console.print(table)
    console.print(f"one read of the field: {found.read:.3f} ms, {found.read / fastest:.0%} of the time of hard bins")
    console.print(
        f"{fields} fields streamed: {found.stream:.3f} ms per field, {found.peak_mib:.1f} MiB at most besides them"
    )


def measure(*, size: int, fields: int, repeats: int) -> Timings:
    """Time ours and the peers' on one random smooth field and an upright face; all must agree."""
    flow, regions = _field(size), component("roi", "mdmo36")(_face(size), (size, size))
    variants = {"hard bins": {"binning": "hard"}, "linear bins (default)": {}, "gaussian bins": {"binning": "gaussian"}}
    ours = {name: component("descriptor", "hoof", **changes) for name, changes in variants.items()}
    plain = component(
        "descriptor", "hoof", binning="hard", phase=0.5, region_weight="none", region_norm="l1", vector_norm="none"
    )
    masks = regions.labels == np.arange(len(regions))[:, None, None]
    for peer in PEERS.values():
        if not np.allclose(peer(flow.uv, masks), plain(flow, regions).reshape(-1, 8), atol=1e-3):
            raise AssertionError("the loops give other histograms than ours: nothing to compare")
    stream, peak = _stream(ours["linear bins (default)"].batch, flow, regions, fields)
    calls: dict[str, Callable[[], object]] = {name: partial(hoof, flow, regions) for name, hoof in ours.items()}
    others = cycle([replace(regions) for _ in range(3)])  # more than are kept
    calls["hard bins, other regions each time"] = lambda: ours["hard bins"](flow, next(others))
    calls |= {name: partial(peer, flow.uv, masks) for name, peer in PEERS.items()} | {"read": flow.uv.sum}
    fastest = _fastest(calls, repeats)
    return Timings(
        ours={name: time for name, time in fastest.items() if name not in (*PEERS, "read")},
        peers={name: fastest[name] for name in PEERS},
        read=fastest["read"],
        stream=stream,
        peak_mib=peak,
        covered=float(masks.any(axis=0).mean()),
    )


def _loop_over_regions(uv: Array, masks: NDArray[np.bool_]) -> Array:
    """One mask and one np.histogram per region: the leanest loop seen in released code."""
    angle, length = np.arctan2(uv[..., 1], uv[..., 0]), np.hypot(uv[..., 0], uv[..., 1])
    rows = [np.histogram(angle[mask], bins=8, range=(-np.pi, np.pi), weights=length[mask])[0] for mask in masks]
    return np.roll([row / row.sum() for row in rows], 4, axis=1)


def _loop_over_bins(uv: Array, masks: NDArray[np.bool_]) -> Array:
    """One mask a region and bin, as the definition reads."""
    angle, length = np.arctan2(uv[..., 1], uv[..., 0]) % (2 * np.pi), np.hypot(uv[..., 0], uv[..., 1])
    step = np.pi / 4
    rows = [[length[m & (angle >= b * step) & (angle < (b + 1) * step)].sum() for b in range(8)] for m in masks]
    return np.array([np.array(row) / np.sum(row) for row in rows])


def _loop_over_pixels(uv: Array, masks: NDArray[np.bool_]) -> Array:
    """One Python step a pixel of each region."""
    angle, length = np.arctan2(uv[..., 1], uv[..., 0]) % (2 * np.pi), np.hypot(uv[..., 0], uv[..., 1])
    rows = np.zeros((len(masks), 8))
    for row, mask in zip(rows, masks, strict=True):
        for a, weight in zip(angle[mask].tolist(), length[mask].tolist(), strict=True):
            row[min(int(a // (np.pi / 4)), 7)] += weight
    return rows / rows.sum(axis=1, keepdims=True)


PEERS: dict[str, Callable[[Array, NDArray[np.bool_]], Array]] = {
    "loop over masks, np.histogram": _loop_over_regions,
    "loop over masks and bins": _loop_over_bins,
    "loop over masks and pixels": _loop_over_pixels,
}


def _fastest(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the fastest of each call's times, ms; they take turns, so that a slow moment of the machine hits all."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: min(found[1:]) for name, found in times.items()}


def _stream(batch: Callable[..., object], flow: FlowField, regions: Regions, fields: int) -> tuple[float, float]:
    """Return ms per field and the peak of allocated MiB of one `batch` over many fields (one field, repeated)."""
    many = np.broadcast_to(flow.uv, (fields, *flow.uv.shape))
    tracemalloc.start()
    batch(many[: min(fields, 100)], [regions])
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    start = time.perf_counter()
    batch(many, [regions])
    return 1e3 * (time.perf_counter() - start) / fields, peak


def _field(size: int) -> FlowField:
    """Return a smooth random field, as flow is."""
    y, x = np.mgrid[:size, :size] * (2 * np.pi / size)
    rng = np.random.default_rng(0)
    uv = np.zeros((size, size, 2))
    for _ in range(12):
        (fx, fy), phase, tilt = rng.uniform(-5, 5, 2), rng.uniform(0, 6.3), rng.normal(size=2)
        uv += np.sin(fx * x + fy * y + phase)[..., None] * tilt
    return FlowField(uv=(uv * 0.3).astype(np.float32))


def _face(size: int) -> Landmarks:
    """Return the landmarks of a generated face that fills the image as aligned faces do."""
    sample = component("dataset", "synthetic", size=size).load().samples[0]
    pair = component("frames", "onset_apex")(sample)
    return component("align", "similarity", size=size)(pair, pair.onset_landmarks).landmarks
