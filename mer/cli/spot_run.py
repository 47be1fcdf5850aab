"""``mer run task=spot`` and ``task=spot_recognise``; with -m, once for every combination of values."""

from __future__ import annotations

import itertools
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.utils import get_class

from mer.config.catalogue import option, options
from mer.config.composition import as_yaml, build, compose, resolved, without_hydra
from mer.config.names import check_study_name
from mer.config.words import parse
from mer.errors import ConfigError, MerError

if TYPE_CHECKING:
    from mer.spotting.recognise import Recognition
    from mer.spotting.settings import Spotting
    from mer.spotting.study import Outcome

__all__ = ["run"]

_RECOGNITION = ("frames", "descriptor", "svm", "tuning")
_GROUPS = ("dataset", "landmarks", "align", "flow", "motion", "roi", "spotter", "task")


def run(words: Sequence[str], *, task: str, sweep: bool) -> int:
    """Run one cell, or every combination of the values of a sweep, one after the other.

    A cell that fails is named and does not stop the others; motion that was measured is kept, so that the same command
    goes on where it was interrupted.

    Raises
    ------
    MerError
        For bad input.
    """
    _require_long(words, task)
    cells = _cells(words, sweep=sweep)
    root = {"spot": "spot_run", "spot_recognise": "spot_recognise_run"}[task]
    if len(cells) == 1:
        _show(*_run_one(cells[0], root, _folder(cells[0], root)))
        return 0
    done = _run_all(cells, root)
    if done:
        _compare(done)
    print(f"{len(done)} of {len(cells)} cells are done")
    return 0 if len(done) == len(cells) else 1


def _run_all(cells: Sequence[tuple[str, ...]], root: str) -> dict[str, tuple[Spotting, Outcome]]:
    """Return the cells that did not fail, by the words in which they differ."""
    done: dict[str, tuple[Spotting, Outcome]] = {}
    folder = _folder(cells[0], root)  # its name has the time: one for all cells
    for number, cell in enumerate(cells, start=1):
        name = " ".join(word for place, word in enumerate(cell) if len({other[place] for other in cells}) > 1)
        print(f"cell {number} of {len(cells)}: {name}")
        try:
            done[name] = _run_one(cell, root, folder / str(number))
            _show(*done[name])
        except MerError as error:
            print(f"mer: cell {number}: {error}", file=sys.stderr)
    return done


def _compare(done: Mapping[str, tuple[Spotting, Outcome]]) -> None:
    """Print and write the cells side by side; cells on other videos, or scored otherwise, cannot stand in one table."""
    from mer.spotting.sweep_table import show_cells, write_cells

    ready, outcome = next(iter(done.values()))
    same = _scored(ready, outcome)
    cells = {name: found.videos for name, (run, found) in done.items() if _scored(run, found) == same}
    if len(cells) < len(done):
        print("mer: cells with other videos or another task.iou are not compared with the first", file=sys.stderr)
    show_cells(cells, ready.task.iou)
    path = outcome.folder.parent / "cells.csv"
    write_cells(cells, ready.task.iou, path)
    print(f"cells     {path}")


def _scored(ready: Spotting, outcome: Outcome) -> tuple[object, ...]:
    from mer.spotting.score import truth_of

    return ready.task.iou, *truth_of(outcome.videos)


def _cells(words: Sequence[str], *, sweep: bool) -> list[tuple[str, ...]]:
    several = [word for word in words if parse(word).is_sweep_override()]
    if several and not sweep:
        raise ConfigError(f"{several[0]}: several values make a sweep; write mer run -m")
    levels = [_levels(word) for word in words]
    return list(itertools.product(*levels))


def _levels(word: str) -> list[str]:
    override = parse(word)
    if not override.is_sweep_override():
        return [word]
    name = word.partition("=")[0]
    return [f"{name}={value}" for value in override.sweep_string_iterator()]


def _require_long(words: Sequence[str], task: str) -> None:
    """Refuse a data set of clips before it is composed: it may need groups that this command does not have."""
    for name in (word.partition("=")[2] for word in words if word.startswith("dataset=")):
        if name in options("dataset"):
            _require_recordings(option("dataset", name).target, name, task)


def _require_recordings(target: str, name: str, task: str) -> None:
    if not hasattr(get_class(target), "recordings"):
        raise ConfigError(
            f"dataset={name}: task={task} needs long videos; choose a data set of them, such as dataset=synthetic_long"
        )


def _folder(words: Sequence[str], root: str) -> Path:
    return Path(compose(words, with_hydra=True, root=root).hydra.run.dir).absolute()


def _run_one(words: Sequence[str], root: str, folder: Path) -> tuple[Spotting, Outcome]:
    from mer.spotting.study import execute

    ready = _assembled(words, compose(words, with_hydra=True, root=root))
    return ready, execute(ready, folder)


def _assembled(words: Sequence[str], composed: Any) -> Spotting:
    from mer.run.assemble import cores
    from mer.spotting.settings import Spotting

    cfg, choices = without_hydra(composed)
    check_study_name(str(cfg.study))
    _require_recordings(cfg.dataset._target_, choices["dataset"], choices["task"])  # one of the user's own
    own = [word for word in words if not word.lstrip("+~").startswith("hydra")]
    named = dict(word.split("=", 1) for word in own if re.match(r"\w+\.[\w.]+=", word))
    return Spotting(
        dataset=build(cfg.dataset),
        measure=build(cfg.region_motion),
        spotter=build(cfg.spotter),
        task=build(cfg.task),
        recognition=_recognition(cfg) if "tuning" in cfg else None,
        tracking=build(cfg.tracking),
        home=Path(cfg.home),
        workers=cfg.workers or cores(),
        study=str(cfg.study),
        choices={group: choices[group] for group in (*_GROUPS, *_RECOGNITION) if group in choices},
        settings=named,
        config=as_yaml(resolved(cfg)),
        command=shlex.join(["mer", "run", f"task={choices['task']}", *own]),
    )


def _recognition(cfg: Any) -> Recognition:
    from mer.pipeline import Stages
    from mer.run.assemble import cores
    from mer.spotting.recognise import Recognition

    names = ("frames", "landmarks", "align", "flow", "motion", "roi", "descriptor")
    return Recognition(
        stages=Stages(**{name: build(cfg[name]) for name in names}),
        learner=build(cfg.svm),
        tuning=build(cfg.tuning),
        seed=cfg.seed,
        workers=cfg.workers or cores(),
    )


def _show(ready: Spotting, outcome: Outcome) -> None:
    from mer.spotting.score_table import show

    for warning in outcome.warnings:
        print(f"mer: {warning}", file=sys.stderr)
    show({ready.dataset.name: outcome.videos}, ready.task.iou, f"study {ready.study}", "one_to_one")
    if outcome.recognised is not None:
        one = outcome.recognised
        print(f"UF1 of the {len(one.rows)} micro-expressions that were found: {one.uf1:.4f}")
        print(f"spot-then-recognise score, F1 micro × UF1: {one.spotting:.4f} × {one.uf1:.4f} = {one.strs:.4f}")
    print(f"folder    {outcome.folder}")
    if outcome.run_id:
        print(f"run       {outcome.run_id}")
    if outcome.see:
        print(f"compare   {outcome.see}")
