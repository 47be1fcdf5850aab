"""`mer run`: one experiment, or with -m a sweep."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from mer.cli.arguments import take_config_dir
from mer.cli.cells import expand, parse, probes
from mer.conf_files import conf_dir
from mer.config import build, compose, experiment, one_sentence, without_hydra
from mer.errors import ConfigError

__all__ = ["USAGE", "main"]

USAGE = """usage: mer run [-m] [--config-dir DIR] [group=option ...] [group.setting=value ...]

Runs the experiment that the settings describe and writes its folder: predictions.csv, folds.csv, trials.csv,
metrics.json, protocol.json, regions.csv, config.yaml, excluded.csv, figures/. Each run is one MLflow run of its study.

options
  -m, --multirun      a sweep: comma-separated values span a grid, one run a cell
  --config-dir DIR    also look for options in a folder of your own (DIR/flow/mine.yaml gives flow=mine)
  --cfg job           print the composed settings and stop

settings that most runs use
  study=NAME          the study (MLflow experiment) that the run belongs to
  seed=0              root of every random choice
  workers=2           cores to use; all by default
  bad_clips=exclude   leave out clips with faulty files or annotations instead of stopping
  hydra.run.dir=OUT   the folder of the run

sweeps (mer run -m)
  flow=dis,tvl1 descriptor.bins=4,8     a grid of four cells
  +experiment=bins                      the cells of a study of conf/experiment; other words change all of them
  sweep.plan=true     print the cells, what is kept and the expected time, and run nothing
  sweep.figures=true  draw regions and a clip in every cell, too; else the confusion matrix alone
  sweep.force=true    run cells again whose result is kept; without it the same command goes on where a sweep ended
  hydra/launcher=joblib hydra.launcher.n_jobs=4 workers=1     cells side by side (pip install 'mer[joblib]')
  hydra/launcher=submitit_slurm         cells as jobs of a cluster (pip install 'mer[submitit]')
  hydra.sweep.dir=OUT  the folder of the sweep
"""

_HEEDED = {"hydra.run", "hydra.run.dir", "hydra.searchpath"}  # of Hydra's own settings, in a single run
_SWEEP = {"-m", "--multirun"}
_SHOW = {"--cfg", "-c", "--resolve", "--package", "-p", "--info", "-i", "--hydra-help"}  # Hydra's own, handed on


def main(arguments: Sequence[str]) -> int:
    """Check the settings of every cell first, then run."""
    words = take_config_dir(arguments)
    _check_flags(words)
    flags = {word.partition("=")[0] for word in words if word.startswith("-")}
    overrides = [word for word in words if not word.startswith("-")]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints tracebacks itself; `mer.cli.main` says it in a sentence
    try:
        if flags & _SHOW:
            return _by_hydra(words)
        if flags & _SWEEP:
            return _sweep(overrides)
        return _run(overrides)
    except HydraException as error:
        raise ConfigError(one_sentence(error)) from error


def _by_hydra(words: Sequence[str]) -> int:
    """Let Hydra show the settings; nothing is run."""
    before, sys.argv = sys.argv, ["mer run", *words]
    try:
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(lambda _: None)()
    finally:
        sys.argv = before
    return 0


def _sweep(overrides: Sequence[str]) -> int:
    from mer.cli.sweep import run_sweep, runs_here

    shared, cells = expand(overrides)
    for cell in probes(cells):  # a misspelling fails before any work
        cfg = compose([*shared, *cell], with_hydra=True)
        if runs_here(cfg) and not cfg.sweep.plan:
            _warm_folds(cfg)
        _build_stages(cfg)
    return run_sweep(shared, cells)


def _check_flags(words: Sequence[str]) -> None:
    for word in words:
        if word.startswith("-") and word.partition("=")[0] not in _SWEEP | _SHOW:
            raise ConfigError(f"{word}: no such option of mer run; see mer run --help")


def _build_stages(cfg: DictConfig) -> None:
    """Build every stage once, also one that has no part in the run, so that a misspelling fails before any work."""
    for key, node in cfg.items():
        if key != "hydra" and isinstance(node, DictConfig) and "_target_" in node:
            build(node)


def _run(overrides: Sequence[str]) -> int:
    from mer.tracking import warm

    several = [word for word in overrides if parse(word).is_sweep_override()]
    if several:
        raise ConfigError(f"{several[0]}: several values make a sweep; write mer run -m")
    _refuse_idle_hydra(overrides)
    if not any(word.startswith("tracking=") for word in overrides):
        warm()
    from mer.run import execute, prepare  # MLflow is imported in the background meanwhile

    composed = compose(overrides, with_hydra=True)
    folder = Path(composed.hydra.run.dir).absolute()
    _build_stages(composed)
    cfg, choices = without_hydra(composed)
    own = [word for word in overrides if not word.lstrip("+~").startswith("hydra")]
    ready = experiment(cfg, choices, command=shlex.join(["mer", "run", *own]))
    _refuse_idle(overrides, cfg, ready)
    prepared = prepare(ready)
    if not ready.folds(prepared).exists():
        _warm_folds(composed)
    _show(execute(ready, folder, prepared), cfg)
    return 0


def _refuse_idle_hydra(overrides: Sequence[str]) -> None:
    """Refuse what is for Hydra and a single run, which Hydra does not start, would pass over in silence."""
    for word in overrides:
        name = parse(word).get_key_element().lstrip("+~")
        if re.match(r"hydra([./]|$)", name) and name not in _HEEDED:
            of_sweeps = re.match(r"hydra[./](launcher|sweep|sweeper)([./]|$)", name)
            step = "is for a sweep; write mer run -m, or" if of_sweeps else "has no part in a single run;"
            raise ConfigError(f"{word}: {step} leave it away; the folder of a run is hydra.run.dir=OUT")


def _refuse_idle(overrides: Sequence[str], cfg: DictConfig, ready: Any) -> None:
    """Refuse what a single run would pass over in silence."""
    if cfg.sweep.plan:
        raise ConfigError("sweep.plan=true: a plan is that of a sweep; write mer run -m, one cell is enough")
    sequence = [word for word in overrides if word.startswith(("sequence=", "sequence."))]
    if sequence and "sequence" not in ready.choices:
        raise ConfigError(f"{sequence[0]}: has a part in frames=sequence alone; add that, or leave {sequence[0]} away")


def _warm_folds(cfg: DictConfig) -> None:
    """Start what runs folds that need no search, long before there are features."""
    if OmegaConf.select(cfg, "tuning._target_") == "mer.tuning.NoTuning":
        from mer.loso.workers import warm

        warm()


def _show(outcome: Any, cfg: DictConfig) -> None:
    from rich.console import Console

    from mer.report import table

    for warning in outcome.warnings:
        print(f"mer: {warning}", file=sys.stderr)
    table.render(outcome.metrics, title=f"study {cfg.study}", left_out=outcome.left_out, console=Console())
    computed = ", ".join(f"{count} {stage}" for stage, count in outcome.computed.items()) or "nothing"
    print(f"\ncomputed  {computed}; the rest came from the cache ({outcome.seconds:.1f} s)")
    print(f"folder    {outcome.folder}")
    if outcome.see:
        print(f"compare   {outcome.see}")
    if any(cfg.sweep[name] for name in ("grid", "around", "cells")):
        print(f"cells     study {cfg.study} has several; this was its base alone, mer run -m runs them all")
