"""A single run: its checks and its execution."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from mer.config.composition import compose, without_hydra
from mer.config.words import parse
from mer.errors import ConfigError
from mer.run.assemble import experiment
from mer.sweep.checks import check_settings, warm_folds
from mer.sweep.idle import refuse_idle

if TYPE_CHECKING:
    from mer.run.experiment import Experiment, Outcome

__all__ = ["run_single"]

_OF_A_RUN = {"hydra.run", "hydra.run.dir", "hydra.searchpath"}  # of Hydra's own settings


def run_single(overrides: Sequence[str]) -> tuple[Outcome, DictConfig]:
    """Check the settings and run; return the outcome and the configuration.

    Raises
    ------
    MerError
        For bad input.
    """
    from mer.tracking import warm

    several = [word for word in overrides if parse(word).is_sweep_override()]
    if several:
        raise ConfigError(f"{several[0]}: several values make a sweep; write mer run -m")
    _refuse_idle_hydra(overrides)
    if not any(word.startswith("tracking=") for word in overrides):
        warm()
    from mer.run.execute import execute, prepare  # imports MLflow in the background

    composed = compose(overrides, with_hydra=True)
    folder = Path(composed.hydra.run.dir).absolute()
    check_settings(composed)
    refuse_idle(overrides, composed)
    cfg, choices = without_hydra(composed)
    own = [word for word in overrides if not word.lstrip("+~").startswith("hydra")]
    ready = experiment(cfg, choices, command=shlex.join(["mer", "run", *own]))
    _refuse_idle(overrides, cfg, ready)
    prepared = prepare(ready)
    warm_folds(ready, prepared)
    return execute(ready, folder, prepared), cfg


def _refuse_idle_hydra(overrides: Sequence[str]) -> None:
    """Refuse Hydra settings without effect here: a single run is not started by Hydra."""
    for word in overrides:
        name = parse(word).get_key_element().lstrip("+~")
        if re.match(r"hydra([./]|$)", name) and name not in _OF_A_RUN:
            of_sweeps = re.match(r"hydra[./](launcher|sweep|sweeper)([./]|$)", name)
            step = "is for a sweep; write mer run -m, or" if of_sweeps else "has no effect on a single run;"
            raise ConfigError(f"{word}: {step} leave it out; hydra.run.dir=OUT sets the folder of a run")


def _refuse_idle(overrides: Sequence[str], cfg: DictConfig, ready: Experiment) -> None:
    """Refuse settings that have no effect on this run."""
    if cfg.sweep.plan:
        raise ConfigError("sweep.plan=true: only a sweep has a plan; write mer run -m, which also works for one cell")
    sequence = [word for word in overrides if word.startswith(("sequence=", "sequence."))]
    if sequence and "sequence" not in ready.choices:
        raise ConfigError(f"{sequence[0]}: is used only with frames=sequence; add that, or leave out {sequence[0]}")
