"""A sweep of 48 cells against single runs without a cache, one more level on a warm cache, and start-up times.

As shipped: a single run draws every figure, a cell its confusion matrix alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mer.config.arguments import take_settings
from mer.errors import ConfigError, MerError

__all__ = ["run"]

_STUDY = ["+experiment=paper_grid"]
# One of each flow, of the regions and bins that cost least and most, so that the mean is that of all 48.
_SINGLES = [
    ["flow=farneback", "roi=mdmo36", "descriptor.bins=4"],
    ["flow=farneback", "roi=grid", "descriptor.bins=16"],
    ["flow=dis", "roi=facs15", "descriptor.bins=8"],
    ["flow=dis", "roi=whole", "descriptor.bins=12"],
    ["flow=tvl1", "roi=mdmo36", "descriptor.bins=16"],
    ["flow=tvl1", "roi=whole", "descriptor.bins=4"],
]
_CELLS = 48
_LIBRARIES = ("numpy", "cv2", "hydra", "matplotlib.pyplot", "scipy.stats", "sklearn.svm", "optuna", "mlflow", "torch")


def run(arguments: Sequence[str]) -> None:
    """Measure on an empty MER_HOME of its own; ``singles=6`` of the 48 are run alone.

    ``subjects= clips=`` set the size of the synthetic set; ``keep=DIR`` keeps the home for a look.
    """
    given = take_settings(arguments, {"singles": "6", "subjects": "12", "clips": "15", "keep": ""})
    if not given["singles"].isdigit() or not 1 <= int(given["singles"]) <= len(_SINGLES):
        raise ConfigError(
            f"singles={given['singles']}: must be 1 to {len(_SINGLES)} runs that are made without a cache"
        )
    size = [f"dataset.subjects={given['subjects']}", f"dataset.clips={given['clips']}"]
    folder = Path(given["keep"]).absolute() if given["keep"] else Path(tempfile.mkdtemp(prefix="mer_sweep_"))
    try:
        _measure(folder, size, int(given["singles"]))
    finally:
        if not given["keep"]:
            shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, size: Sequence[str], singles: int) -> None:
    print(f"{'what':<64} {'seconds':>9}", flush=True)
    sweep = _said("sweep of 48 cells, empty cache", _mer(folder / "home", "run", "-m", *_STUDY, *size))
    alone = []
    for number, words in enumerate(_SINGLES[:singles]):
        home = folder / f"single{number}"
        alone.append(_said(f"one run, empty cache: {' '.join(words)}", _mer(home, "run", *_STUDY, *size, *words)))
        shutil.rmtree(home, ignore_errors=True)
    extrapolated = sum(alone) / len(alone) * _CELLS
    _said(f"48 such runs, extrapolated from {singles}", extrapolated)
    print(f"{'times faster':<64} {extrapolated / sweep:>9.1f}", flush=True)
    home = folder / "home"
    cell = ["flow=dis", "roi=mdmo36"]
    _said("one more bin count, warm cache", _mer(home, "run", "-m", *_STUDY, *size, *cell, "descriptor.bins=10"))
    _said("the same sweep again: all kept", _mer(home, "run", "-m", *_STUDY, *size))
    _said("one run, everything cached", _mer(home, "run", *_STUDY, *size, *cell, "descriptor.bins=8"))
    _said("mer --help (best of 3)", min(_mer(home, "--help") for _ in range(3)))
    for library in _LIBRARIES:
        _said(f"  import {library} (best of 3)", min(_python(f"import {library}") for _ in range(3)))


def _said(what: str, seconds: float) -> float:
    print(f"{what:<64} {seconds:>9.2f}", flush=True)
    return seconds


def _mer(home: Path, *words: str) -> float:
    """Return the seconds of a whole command, start-up included."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "mer", *words],
        env=os.environ | {"MER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MerError(f"mer {' '.join(words)}: failed in the benchmark: {done.stderr.strip()[-300:]}")
    return time.perf_counter() - start


def _python(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - start
