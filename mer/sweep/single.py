"""A single run: its checks and its execution."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig

from mer.config.composition import compose, without_hydra
from mer.config.words import parse
from mer.errors import ConfigError
from mer.sweep.checks import check_settings
from mer.sweep.idle import refuse_idle
from mer.sweep.task import Outcome, find_task, own_words

__all__ = ["run_single"]

_OF_A_RUN = {"hydra.run", "hydra.run.dir", "hydra.searchpath"}  # of Hydra's own settings


def run_single(overrides: Sequence[str], task: str = "recognise") -> tuple[Outcome, DictConfig]:
    """Check the settings and run; return the outcome, whose class depends on the task, and the configuration.

    Parameters
    ----------
    overrides : sequence of str
        Without ``task=``.
    task : str

    Raises
    ------
    MerError
        For bad input.
    """
    from mer.tracking import warm

    of_task = find_task(task)
    several = [word for word in overrides if parse(word).is_sweep_override()]
    if several:
        raise ConfigError(f"{several[0]}: several values make a sweep; write mer run -m")
    _refuse_idle_hydra(overrides)
    of_task.refuse(overrides)
    if not any(word.startswith("tracking=") for word in overrides):
        warm()  # imports MLflow in the background
    composed = compose(overrides, with_hydra=True, root=of_task.root)
    folder = Path(composed.hydra.run.dir).absolute()
    check_settings(composed)
    refuse_idle(overrides, composed)
    cfg, choices = without_hydra(composed)
    if cfg.sweep.plan:
        raise ConfigError("sweep.plan=true: only a sweep has a plan; write mer run -m, which also works for one cell")
    cell = of_task.ready(cfg, choices, own_words(overrides))
    _refuse_idle_sequence(overrides, cell.run.choices)
    return cell.execute(folder, figures=True, wait=True), cfg


def _refuse_idle_hydra(overrides: Sequence[str]) -> None:
    """Refuse Hydra settings without effect here: a single run is not started by Hydra."""
    for word in overrides:
        name = parse(word).get_key_element().lstrip("+~")
        if re.match(r"hydra([./]|$)", name) and name not in _OF_A_RUN:
            of_sweeps = re.match(r"hydra[./](launcher|sweep|sweeper)([./]|$)", name)
            step = "is for a sweep; write mer run -m, or" if of_sweeps else "has no effect on a single run;"
            raise ConfigError(f"{word}: {step} leave it out; hydra.run.dir=OUT sets the folder of a run")


def _refuse_idle_sequence(overrides: Sequence[str], choices: Mapping[str, str]) -> None:
    """Refuse settings of sequences in a run of pairs."""
    sequence = [word for word in overrides if word.startswith(("sequence=", "sequence."))]
    if sequence and "sequence" not in choices:
        raise ConfigError(f"{sequence[0]}: is used only with frames=sequence; add that, or leave out {sequence[0]}")
