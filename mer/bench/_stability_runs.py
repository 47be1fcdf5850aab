"""The runs that the bench of stability compares: each the base with one thing changed, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mer.bench._stability_measures import Observed, Processor, observe
from mer.config.arguments import quoted
from mer.config.composition import compose_cell
from mer.errors import MerError
from mer.run.assemble import experiment
from mer.run.execute import prepare
from mer.run.experiment import Experiment

__all__ = ["Bench", "Variant", "variants"]

_AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
_SSE41 = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
_LIMITS = (*_AVX2, "DNNL_MAX_CPU_ISA")  # the last is an old name
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One run in a process of its own; runs that share a home share the features."""

    name: str
    source: str
    home: str
    seed: int = 0
    workers: int = 2
    threads: int = 1
    limits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The words that describe the experiment, and the folder in which its runs and their homes lie."""

    words: tuple[str, ...]
    folder: Path

    def run(self, variant: Variant) -> Observed:
        """Run the experiment and read what it predicted and chose."""
        out = self.out(variant)
        settings = (f"seed={variant.seed}", f"workers={variant.workers}", "tracking=off", f"hydra.run.dir={out}")
        done = subprocess.run(
            [sys.executable, "-m", "mer", "run", *self.words, *settings],
            env=_environment(variant) | {"MER_HOME": str(self.folder / variant.home)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1].removeprefix("mer: ")
            raise MerError(f"mer bench stability, the run {variant.name}: {said}")
        return observe(out)

    def out(self, variant: Variant) -> Path:
        """Return a run's own folder."""
        return self.folder / "runs" / variant.name

    def card(self, variant: Variant) -> dict[str, Any]:
        """Return the protocol.json of a run that was made."""
        read: dict[str, Any] = json.loads((self.out(variant) / "protocol.json").read_text(encoding="utf-8"))
        return read

    def experiment(self, home: str) -> Experiment:
        """Return the base's experiment on one of the homes."""
        words = ("seed=0", "workers=2", "tracking=off", quoted(f"home={self.folder / home}"))
        return experiment(*compose_cell([*self.words, *words]))

    def side(self, home: str) -> Processor:
        """Return what the runs of a home saw; all of it comes from the cache."""
        ready = self.experiment(home)
        manifest = prepare(ready).manifest
        features = ready.pipeline.features(
            manifest, workers=2, bad_clips=ready.bad_clips, mirror=ready.evaluation.mirrors
        )
        return Processor(experiment=ready, manifest=manifest, features=features)


def variants(parts: Sequence[str], seeds: int) -> list[Variant]:
    """Return the runs to make: the base first, then what differs from it, by the source of variation."""
    others = [
        Variant(name="avx2", source="isa", home="avx2", limits=_AVX2),
        Variant(name="sse41", source="isa", home="sse41", limits=_SSE41),
        *(Variant(name=f"seed{k}", source="seeds", home="base", seed=k) for k in range(1, seeds)),
        # With the base's home they would find its folds.
        Variant(name="one_worker", source="workers", home="one_worker", workers=1),
        Variant(name="two_threads", source="threads", home="two_threads", threads=2),
    ]
    return [Variant(name="base", source="base", home="base"), *(v for v in others if v.source in parts)]


def _environment(variant: Variant) -> dict[str, str]:
    free = {name: value for name, value in os.environ.items() if name not in _LIMITS}
    return free | dict.fromkeys(_THREADS, str(variant.threads)) | dict(variant.limits)
