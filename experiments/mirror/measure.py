"""Mirror images in two ways: the mirrored flow (what `evaluation.mirror` uses), and the flow of mirrored frames.

    python experiments/mirror/measure.py [flow=microflow,dis,farneback] [NAME=VALUE ...]

Every other word is a setting of `mer run`, such as ``tuning=none`` or ``seed=1``. The mirrored frames take the whole
way through the pipeline: landmarks are found, frames aligned and flow estimated anew. Prints one row per backbone:
how far the two rows of features are apart, and UF1 with either.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mer.config.composition import compose_cell
from mer.metrics import summarise
from mer.pipeline import Features
from mer.run.assemble import experiment
from mer.run.experiment import Experiment
from mer.types import Clip, Image, LosoResult, Manifest


@dataclass(frozen=True, kw_only=True)
class MirroredClip:
    """The frames of a clip as a mirror shows them."""

    clip: Clip

    def read(self, index: int) -> Image:
        """Return the mirrored frame."""
        return np.ascontiguousarray(self.clip.read(index)[:, ::-1])

    def landmarks(self, index: int) -> None:
        """Return None: landmarks are found again."""

    def flow(self) -> None:
        """Return None: the flow is estimated from the frames."""

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Return a hash of the frames' bytes."""
        return f"mirrored {self.clip.fingerprint(indices)}"


def _mirrored(manifest: Manifest) -> Manifest:
    samples = (replace(sample, clip=MirroredClip(clip=sample.clip)) for sample in manifest.samples)
    return replace(manifest, samples=tuple(samples))


def _evaluated(planned: Experiment, features: Features, mirrored: Any) -> str:
    result: LosoResult = planned.evaluation(
        features.table,
        planned.svm,
        planned.tuning,
        seed=planned.seed,
        key="mirror",
        workers=planned.workers,
        mirrored=mirrored,
    )
    table, folds = features.table, result.folds
    subject = dict(zip(table.sample_id, table.subject, strict=True))
    true, called = (np.concatenate([getattr(fold, name) for fold in folds]) for name in ("y_true", "y_pred"))
    subjects = [subject[clip] for fold in folds for clip in fold.sample_id]
    uf1 = summarise(true, called, subjects, list(table.classes), draws=1000, seed=0)["uf1"]
    return f"{uf1['value']:.3f} [{uf1['low']:.3f}, {uf1['high']:.3f}]"


def _row(flow: str, words: Sequence[str]) -> str:
    cfg, choices = compose_cell([f"flow={flow}", *words])
    planned = experiment(cfg, choices)
    manifest = planned.pipeline.manifest(bad_clips="stop", drop=planned.drop)
    workers, other = planned.workers, replace(planned.pipeline)  # another: a pipeline remembers the files of its clips
    with_flow = planned.pipeline.features(manifest, workers=workers, bad_clips="stop", mirror=True)
    with_frames = other.features(_mirrored(manifest), workers=workers, bad_clips="stop").table
    assert with_flow.mirrored is not None
    ours, true = with_flow.mirrored.X, with_frames.X
    apart = float(np.abs(ours - true).sum() / np.abs(true).sum())
    scores = [_evaluated(planned, with_flow, mirrored) for mirrored in (with_flow.mirrored, with_frames)]
    return f"| `{flow}` | {apart:.1%} | {scores[0]} | {scores[1]} |"


def main(words: Sequence[str]) -> None:
    """Print the table."""
    flows = next((word.partition("=")[2] for word in words if word.startswith("flow=")), "microflow,dis,farneback")
    others = [word for word in words if not word.startswith("flow=")]
    others += [f"home={os.environ.get('MER_HOME', 'mer_home')}", "tracking=off"]
    for mirror in ("train", "both"):
        print(f"\nevaluation.mirror={mirror}\n")
        print("| flow | rows apart | UF1 with mirrored flow | UF1 with mirrored frames |\n|---|---|---|---|")
        for flow in flows.split(","):
            print(_row(flow, [*others, f"evaluation.mirror={mirror}"]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
