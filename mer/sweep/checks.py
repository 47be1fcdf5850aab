"""Checks of a run, or of a cell of a sweep, before any work."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from mer.config.composition import build
from mer.config.names import check_study_name

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


def warm_folds(cfg: DictConfig) -> None:
    """Start the processes that run folds without a search, long before there are features."""
    if OmegaConf.select(cfg, "tuning._target_") == "mer.tuning.NoTuning":
        from mer.loso.workers import warm

        warm()
