"""Checks of a run, or of a cell of a sweep, before any work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaconf import DictConfig

from mer.config.composition import build
from mer.config.names import check_study_name

if TYPE_CHECKING:
    from mer.run.experiment import Experiment, Prepared

__all__ = ["check_settings", "warm_folds"]


def check_settings(cfg: DictConfig) -> None:
    """Check the study's name and build every stage once, including unused ones.

    Raises
    ------
    ConfigError
        For an invalid name or setting.
    """
    check_study_name(cfg.study)
    for key, node in cfg.items():
        if key != "hydra" and isinstance(node, DictConfig) and "_target_" in node:
            build(node)


def warm_folds(ready: Experiment, prepared: Prepared) -> None:
    """Start the process that runs folds without a search, long before there are features; not if folds are kept."""
    from mer.loso.workers import warm
    from mer.tuning import NoTuning

    if isinstance(ready.tuning, NoTuning) and not ready.folds(prepared).exists():
        warm()
