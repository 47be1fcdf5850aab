"""Checks of a run, or of a cell of a sweep, before any work."""

from __future__ import annotations

from omegaconf import DictConfig

from mer.config.composition import build
from mer.config.names import check_study_name

__all__ = ["check_settings"]


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
