"""The single run of `mer run` and its final output."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from mer.config.composition import build
from mer.store.program import typed
from mer.sweep.single import run_single

if TYPE_CHECKING:
    from mer.run.experiment import Outcome as OfClips
    from mer.sweep.task import Outcome

__all__ = ["run"]


def run(overrides: Sequence[str], task: str) -> int:
    """Check the settings, run and print the scores.

    Raises
    ------
    MerError
        For bad input.
    """
    outcome, cfg = run_single(overrides, task)
    for warning in outcome.warnings:
        print(f"mer: {warning}", file=sys.stderr)
    _show(outcome, cfg)
    if "tuning" in cfg and getattr(build(cfg.tuning), "optimistic", False):
        print("note      optimistic: with this tuning=, the clips that are scored chose the settings")
    return 0


def _show(outcome: Outcome, cfg: DictConfig) -> None:
    """Print the scores, and where the run is."""
    from mer.run.experiment import Outcome as OfClips

    if isinstance(outcome, OfClips):
        _show_clips(outcome, cfg)
    else:
        _show_videos(outcome, cfg)
    print(f"folder    {outcome.folder}")
    if outcome.run_id:
        print(f"run       {outcome.run_id}")
    if outcome.see:
        print(f"compare   {outcome.see}")
    if any(cfg.sweep[name] for name in ("grid", "around", "cells")):
        every = f"{typed('run', '-m')} runs all, with the same words"
        print(f"cells     study {cfg.study} has several; this run was only its base; {every}")


def _show_clips(outcome: OfClips, cfg: DictConfig) -> None:
    from rich.console import Console

    from mer.report.tables import run_scores as table

    table.render(outcome.metrics, title=f"study {cfg.study}", left_out=outcome.left_out, console=Console())
    computed = ", ".join(f"{count} {stage}" for stage, count in outcome.computed.items()) or "nothing"
    print(f"\ncomputed  {computed}; the rest came from the cache ({outcome.seconds:.1f} s)")


def _show_videos(outcome: Outcome, cfg: DictConfig) -> None:
    from mer.spotting.score_table import show, show_classes
    from mer.spotting.study import Outcome as OfVideos

    assert isinstance(outcome, OfVideos)
    show({outcome.dataset: outcome.videos}, outcome.iou, f"study {cfg.study}", "one_to_one")
    one = outcome.recognised
    if one is not None and math.isnan(one.uf1):
        print("spot-then-recognise score: 0, as no micro-expression was found and recognised")
    elif one is not None:
        print(f"UF1 of the {len(one.rows)} micro-expressions that were found: {one.uf1:.4f}")
        print(f"spot-then-recognise score, F1 micro × UF1: {one.spotting:.4f} × {one.uf1:.4f} = {one.strs:.4f}")
        show_classes(one)
