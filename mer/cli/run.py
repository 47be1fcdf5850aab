"""`mer run`: one experiment, or a sweep with -m."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from mer.cli.command import Command, Parser
from mer.config.arguments import overrides
from mer.config.catalogue import groups
from mer.errors import ConfigError

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Runs the experiment that the settings describe and writes its folder: predictions.csv, folds.csv, trials.csv,
metrics.json, protocol.json, regions.csv, config.yaml, excluded.csv, figures/. Each run is one MLflow run of
its study."""

_EXAMPLES = """\
  mer run flow=tvl1 roi=grid descriptor.bins=12

settings that most runs use
  task=spot           find expressions in long videos instead of recognising clips (dataset=synthetic_long by default)
  task=spot_recognise  then also recognise the micro-expressions that were found
  study=NAME          the study (MLflow experiment) that the run belongs to
  seed=0              root of every random choice
  workers=2           cores to use; all by default
  bad_clips=exclude   leave out clips with faulty files or annotations instead of stopping
  hydra.run.dir=OUT   the folder of the run

sweeps (mer run -m)
  flow=dis,tvl1 descriptor.bins=4,8     a grid of four cells
  task=spot flow=microflow,dis          the same for spotting, with the differences to the first cell
  +experiment=bins                      the cells of a study in conf/experiment; other overrides apply to all of them
  sweep.plan=true     only print the cells, which results are kept and the expected time
  sweep.figures=true  draw regions and a clip (task=spot: the motion of every video) in every cell, too
  sweep.stop=first    end the sweep at its first failed cell; by default the others still run
  sweep.force=true    rerun cells whose result is kept; without it, the same command resumes an interrupted sweep
  hydra/launcher=joblib hydra.launcher.n_jobs=4 workers=1     cells in parallel (pip install 'micro-expression[joblib]')
  hydra/launcher=submitit_slurm         cells as jobs of a cluster (pip install 'micro-expression[submitit]')
  hydra.sweep.dir=OUT  the folder of the sweep
"""


def _fill(parser: Parser) -> None:
    parser.add_argument("-m", "--multirun", action="store_true", help="a sweep: comma-separated values span a grid")
    parser.overrides((*groups(), "task", "spotter"))
    parser.add_argument("-c", "--cfg", metavar="job|hydra|all", help="print the composed settings and stop")
    parser.add_argument("--resolve", action="store_true", help="with --cfg: replace every ${...} by its value")
    parser.add_argument("-p", "--package", metavar="NODE", help="with --cfg: only this part of the settings")
    text = "print Hydra's information on a topic (all, defaults, searchpath, ...) and stop"
    parser.add_argument("-i", "--info", nargs="?", const="all", metavar="SUBJECT", help=text)
    parser.add_argument("--hydra-help", action="store_true", help="Hydra's own help")


def _run(asked: Namespace) -> int:
    from hydra.errors import HydraException

    from mer.config.composition import one_sentence
    from mer.sweep.task import split_task

    task, words = split_task(overrides(asked))
    if shown := _shown(asked):
        return _show(shown, words, task)
    try:
        if asked.multirun:
            from mer.sweep.engine import run_sweep

            return run_sweep(words, task)
        from mer.cli.single import run

        return run(words, task)
    except HydraException as error:
        raise ConfigError(one_sentence(error)) from error


def _show(flags: Sequence[str], words: Sequence[str], task: str) -> int:
    """Let Hydra print what the flags request."""
    from mer.sweep.hydra_process import show
    from mer.sweep.task import find_task

    of_task = find_task(task)
    of_task.refuse(words)
    return show([*flags, *words], of_task.root)


def _shown(asked: Namespace) -> list[str]:
    """Return the flags with which Hydra only prints something."""
    valued = {"--cfg": asked.cfg, "--package": asked.package, "--info": asked.info}
    flags = [f"{name}={value}" for name, value in valued.items() if value is not None]
    flags += [name for name, given in (("--resolve", asked.resolve), ("--hydra-help", asked.hydra_help)) if given]
    return [*flags, "--multirun"] if flags and asked.multirun else flags


COMMAND = Command(
    help="run an experiment; with -m a sweep over options, one MLflow run per cell",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    fill=_fill,
    run=_run,
)
