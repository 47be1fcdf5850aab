"""`mer run`: one experiment, or with -m a sweep, through Hydra."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig

from mer.cli.arguments import take_config_dir
from mer.conf_files import conf_dir
from mer.config import build, compose, experiment, one_sentence
from mer.errors import ConfigError, MerError

__all__ = ["USAGE", "main"]

USAGE = """usage: mer run [-m] [--config-dir DIR] [group=option ...] [group.setting=value ...]

Runs the experiment that the settings describe and writes its folder: predictions.csv, folds.csv, metrics.json,
protocol.json, config.yaml, excluded.csv, figures/. Each run is one MLflow run of its study.

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
"""

_SWEEP = {"-m", "--multirun"}
_SHOW = {"--cfg", "-c", "--resolve", "--package", "-p", "--info", "-i", "--hydra-help"}  # Hydra's own, handed on


def main(arguments: Sequence[str]) -> int:
    """Check the settings of every cell first, then hand over to Hydra."""
    words = take_config_dir(arguments)
    _check_flags(words)
    _check([word for word in words if "=" in word and not word.startswith("-")], sweep=bool(_SWEEP & set(words)))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints tracebacks itself; `mer.cli.main` says it in a sentence
    failures: list[MerError] = []
    before, sys.argv = sys.argv, ["mer run", *words]
    try:
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(_collecting(failures))()
    except HydraException as error:
        raise ConfigError(one_sentence(error)) from error
    finally:
        sys.argv = before
    if len(failures) > 1:
        print(f"mer: {len(failures)} cells failed, each said above; the same command runs them again", file=sys.stderr)
        return 1
    if failures:
        raise failures[0]
    return 0


def _collecting(failures: list[MerError]) -> Callable[[DictConfig], None]:
    """Return the job that Hydra runs: a cell that fails is kept in `failures`, and the cells after it still run."""
    home_process = os.getpid()

    def job(cfg: DictConfig) -> None:
        try:
            _job(cfg)
        except MerError as error:
            if os.getpid() != home_process:  # a launcher's worker: only Hydra can carry the failure home
                raise
            failures.append(error)

    return job


def _check_flags(words: Sequence[str]) -> None:
    for word in words:
        if word.startswith("-") and word.partition("=")[0] not in _SWEEP | _SHOW:
            raise ConfigError(f"{word}: no such option of mer run; see mer run --help")


def _check(overrides: Sequence[str], *, sweep: bool) -> None:
    """Compose and build every level of every swept factor once, so that a misspelling fails before any work."""
    levels = [_levels(override) for override in overrides]
    several = [override for override, choices in zip(overrides, levels, strict=True) if len(choices) > 1]
    if several and not sweep:
        raise ConfigError(f"{several[0]}: several values make a sweep; write mer run -m")
    base = [choices[0] for choices in levels]
    _build_stages(base)
    for place, choices in enumerate(levels):
        for level in choices[1:]:
            _build_stages([*base[:place], level, *base[place + 1 :]])


def _levels(override: str) -> list[str]:
    try:
        parsed = OverridesParser.create().parse_override(override)
    except HydraException as error:
        raise ConfigError(
            f"{override}: not understood ({' '.join(str(error).split())}); write group.setting=value"
        ) from error
    if not parsed.is_sweep_override():
        return [override]
    return [f"{parsed.get_key_element()}={value}" for value in parsed.sweep_string_iterator()]


def _build_stages(overrides: Sequence[str]) -> None:
    for node in compose(overrides).values():
        if isinstance(node, DictConfig) and "_target_" in node:
            build(node)


def _job(cfg: DictConfig) -> None:
    from mer.run import execute

    settings = HydraConfig.get()
    folder = Path(settings.runtime.output_dir)
    sweep = settings.mode == RunMode.MULTIRUN
    command = shlex.join(["mer", "run", *settings.overrides.task])
    try:
        outcome = execute(experiment(cfg, settings.runtime.choices, command=command), folder)
    except MerError as error:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        if sweep:
            print(f"{_cell(settings)}  failed: {error}", file=sys.stderr, flush=True)
        raise
    _show(outcome, cfg, cell=_cell(settings) if sweep else None)


def _cell(settings: Any) -> str:
    return f"[{settings.job.num + 1}] {settings.job.override_dirname.replace(',', ' ')}"


def _show(outcome: Any, cfg: DictConfig, *, cell: str | None) -> None:
    from rich.console import Console

    from mer.report import table

    for warning in outcome.warnings:
        print(f"mer: {warning}", file=sys.stderr)
    if cell is not None:
        uf1, uar = (outcome.metrics[name]["value"] for name in ("uf1", "uar"))
        print(f"{cell}  UF1 {uf1:.3f}  UAR {uar:.3f}  {outcome.seconds:.1f} s", flush=True)
        return
    table.render(outcome.metrics, title=f"study {cfg.study}", left_out=outcome.left_out, console=Console())
    computed = ", ".join(f"{count} {stage}" for stage, count in outcome.computed.items()) or "nothing"
    print(f"\ncomputed  {computed}; the rest came from the cache ({outcome.seconds:.1f} s)")
    print(f"folder    {outcome.folder}")
    if outcome.see:
        print(f"compare   {outcome.see}")
