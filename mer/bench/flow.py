"""Every flow backbone on truth: error by size of motion, clean and degraded, noise, large motion, time."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from mer.bench._flow_measures import Measured, large_motion, measure, noise_pairs, synthetic_truth, unseen_faces
from mer.bench._flow_pictures import error_curves, gallery
from mer.bench._throughput import batches_of, flow_rows, show
from mer.config.arguments import take_settings
from mer.config.catalogue import options
from mer.config.composition import component
from mer.errors import ConfigError, DataError, MerError
from mer.flow.threads import one_thread
from mer.training.flow.benchmark_pairs import PEAKS, benchmark_pairs
from mer.types import FlowBackbone

__all__ = ["run"]

_SETTINGS = {"faces": "", "stride": "6", "each": "12", "flows": "", "plain": "true", "output": "."} | {
    "device": "",
    "batches": "1,16,64,128,256",
}
_NOT_MEASURED = ("external", "precomputed")
# OpenCV with its own numbers: what a user gets who calls it directly.
_PLAIN_DIS = dict.fromkeys(("finest_scale", "patch_size", "patch_stride", "search_iterations", "refinement_iterations"))
_PLAIN_FARNEBACK = {"levels": 3, "window": 15, "poly_n": 5, "poly_sigma": 1.2, "gaussian": False}
_PLAIN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "dis, OpenCV's medium": ("dis", {"contrast": "none", **_PLAIN_DIS}),
    "farneback, OpenCV's usual": ("farneback", {"contrast": "none", **_PLAIN_FARNEBACK}),
}


def run(arguments: Sequence[str]) -> None:
    """Measure and print; write ``flow.csv``, ``flow_error.png`` (.svg, .pdf) and ``flow_gallery.png``.

    ``faces=FOLDER`` (keypoints.csv and images/) takes real faces, those of every ``stride=``-th subject, which
    microflow was not trained on; without it generated faces are moved. ``each=`` pairs per cell, ``flows=a,b`` options.

    ``device=cuda`` (or ``cpu``) prints instead how many pairs per second microflow computes there, for each number of
    pairs in ``batches=``.
    """
    given = take_settings(arguments, _SETTINGS)
    if given["device"]:
        show(flow_rows(given["device"], batches_of(given["batches"])), given["device"], "pairs of 256 × 256 pixels")
        return
    try:
        each, stride = int(given["each"]), int(given["stride"])
    except ValueError as error:
        raise ConfigError(f"mer bench flow: each= and stride= are whole numbers ({error})") from error
    folder = Path(given["output"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror}); choose another output=") from error
    methods = _methods(given["flows"], given["plain"] == "true")
    pool = unseen_faces(given["faces"], stride)
    others = {
        "noise": list(noise_pairs(pool, each)),
        "large": list(large_motion(each)),
        "synthetic": list(synthetic_truth(each)),
    }
    with one_thread():
        results = _measured(methods, pool, each, others)
        shown = [
            p for p in benchmark_pairs(pool, 1, 5) if (p.peak, p.degraded) in ((0.6, False), (0.6, True), (3.0, True))
        ]
        gallery(folder / "flow_gallery.png", shown, {name: methods[name] for name in results})
    error_curves(folder, results)
    _write(folder / "flow.csv", results)
    _show(results, "real faces of people not trained on" if given["faces"] else "generated faces")
    print(f"{folder / 'flow.csv'}, flow_error.png, flow_gallery.png")


def _methods(chosen: str, plain: bool) -> dict[str, FlowBackbone]:
    names = chosen.split(",") if chosen else [name for name in options("flow") if name not in _NOT_MEASURED]
    found = {name: component("flow", name) for name in names}
    extra = {name: component("flow", base, **changes) for name, (base, changes) in _PLAIN.items() if base in names}
    return found | (extra if plain else {})


def _measured(
    methods: Mapping[str, FlowBackbone], pool: Any, each: int, others: Mapping[str, Any]
) -> dict[str, Measured]:
    results = {}
    for name, flow in methods.items():
        try:
            results[name] = measure(flow, pool, each, others)
        except MerError as error:
            print(f"left out: {error}")
    return dict(sorted(results.items(), key=lambda item: item[1].mean))


def _write(path: Path, results: Mapping[str, Measured]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["flow", "measure", "peak_px", "quality", "value"])
        for name, found in results.items():
            for (peak, degraded), error in found.table.items():
                rows.writerow([name, "epe_px", peak, "degraded" if degraded else "clean", f"{error:.5f}"])
            for key in ("mean", "noise", "large", "synthetic"):
                rows.writerow([name, f"{key}_px", "", "", f"{getattr(found, key):.5f}"])
            rows.writerow([name, "ms_a_pair", "", "", f"{np.median(found.times):.2f}"])


def _show(results: Mapping[str, Measured], what: str) -> None:
    table = Table(title=f"mean end-point error in the face, px; 256 × 256, one thread; {what}")
    heads = [f"{peak:g}" for peak in PEAKS]
    table.add_column("flow")
    for head in ("ms", "mean", *(f"clean {h}" for h in heads), *(f"degr. {h}" for h in heads)):
        table.add_column(head, justify="right")
    for head in ("noise only", "large", "synthetic"):
        table.add_column(head, justify="right")
    for name, found in results.items():
        cells = [f"{found.table[peak, degraded]:.3f}" for degraded in (False, True) for peak in PEAKS]
        rest = [f"{value:.3f}" for value in (found.noise, found.large, found.synthetic)]
        table.add_row(name, f"{np.median(found.times):.0f}", f"{found.mean:.4f}", *cells, *rest)
    Console(width=170).print(table)
