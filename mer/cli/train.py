"""`mer train NAME`: train one of the two networks and record the training."""

from __future__ import annotations

import csv
import shlex
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mer.cli.command import Command, Group, Parser
from mer.config.arguments import overrides
from mer.config.catalogue import options
from mer.config.names import check_study_name
from mer.errors import ConfigError, DataError
from mer.progress import progress
from mer.validation import user_path

if TYPE_CHECKING:
    from omegaconf import DictConfig

__all__ = ["COMMAND"]


def _run(name: str, asked: Namespace) -> int:
    """Compose the settings, train and print the scores."""
    from mer.config.composition import build, compose

    cfg = compose([f"train={name}", *overrides(asked)], root="training")
    check_study_name(cfg.study)
    training = build(cfg.train)
    output = user_path("output", cfg.output or Path(cfg.home) / "training" / name)
    _prepare(output, cfg)
    scores, line = _train(training, name, cfg, output, shlex.join(["mer", "train", name, *asked.words]))
    width = max(map(len, scores))
    print("\n".join(f"{key:<{width}}  {value:.5g}" for key, value in scores.items()))
    print(f"\nweights   {output}")
    if line:
        print(f"compare   {line}")
    return 0


def _prepare(output: Path, cfg: DictConfig) -> None:
    """Create the folder and save the settings in it; refuse one with checkpoints of other settings."""
    from omegaconf import OmegaConf

    settings = OmegaConf.to_yaml(cfg.train, resolve=True)
    kept = output / "config.yaml"
    try:
        output.mkdir(parents=True, exist_ok=True)
        begun = any(file.suffix in (".npz", ".pt") for file in output.iterdir())
        if begun and kept.is_file() and kept.read_text(encoding="utf-8") != settings:
            raise ConfigError(f"output={output}: contains a training with other settings; choose another, or remove it")
        kept.write_text(settings, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another output=") from error


def _train(training: Any, name: str, cfg: DictConfig, output: Path, command: str) -> tuple[Mapping[str, float], str]:
    """Train, keep the result and record it in MLflow; return the scores and where to see them."""
    from mer.config.composition import build
    from mer.tracking import settle

    home, tracking = Path(cfg.home), build(cfg.tracking)
    store = tracking.address(home)
    tracking.refuse(str(cfg.study))
    began = int(time.time() * 1000)
    with _logging(output / "log.csv", name, training.steps) as (log, series):
        scores = training(output, log)
    if store is None:
        return scores, ""
    _keep(home, output, began, store=store, study=str(cfg.study), name=name, metrics=scores, series=series,
          params=_numbers(cfg), tags={"kind": "training", "command": command})  # fmt: skip
    if untold := settle(home):
        print(f"mer: {untold}", file=sys.stderr)
    return scores, tracking.see(str(cfg.study))


def _numbers(cfg: DictConfig) -> dict[str, str]:
    from omegaconf import OmegaConf

    return {str(key): str(value) for key, value in cfg.train.items() if not OmegaConf.is_config(value)}


def _keep(home: Path, output: Path, began: int, **facts: Any) -> None:
    """Keep as a result what MLflow gets: weights, settings and log, but not the checkpoints and the drawn faces."""
    from mer.store.keys import digest
    from mer.store.results import Results
    from mer.tracking import RECORDS, Record

    record = Record(began=began, ended=int(time.time() * 1000), **facts)
    with Results(root=home / "results").writing(digest("training", record.id)) as folder:
        for file in output.iterdir():
            if file.suffix in (".yaml", ".csv") or (file.suffix == ".npz" and file.name != "rendered.npz"):
                shutil.copyfile(file, folder / file.name)
        record.write(folder / RECORDS)


Log = Callable[[Mapping[str, float], int], None]


@contextmanager
def _logging(file: Path, name: str, steps: int) -> Iterator[tuple[Log, dict[str, list[float]]]]:
    """Yield a function that logs the metrics of a training, and the history of each metric so far."""
    series: dict[str, list[float]] = {}
    seen = 0
    with progress(f"training of {name}", steps) as advance, file.open("a", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)

        def log(figures: Mapping[str, float], step: int) -> None:
            nonlocal seen
            for key, value in figures.items():
                series.setdefault(key, []).append(value)
                rows.writerow([step, key, f"{value:.6g}"])
            out.flush()
            for _ in range(step - seen):
                advance()
            seen = step

        yield log, series


def _fill(parser: Parser) -> None:
    text = "train.NAME=VALUE changes a setting of conf/train; output=DIR, tracking=off, study=NAME"
    parser.words(text)
    parser.add_argument("--config-dir", metavar="DIR", help="also look for options in your own folder")
    parser.groups = ("tracking",)


COMMAND = Group(
    help="train one of the two networks",
    description="Trains a network of mer and writes its weights, the checkpoints that resume an interrupted training "
    "(rerun the\nsame command), the settings and log.csv into output= (HOME/training/NAME by default). Every setting "
    "is in\nconf/train/NAME.yaml. Use the result in a run with landmarks.weights=FILE or flow.weights=FILE.",
    actions={
        name: Command(
            help=f"the network of {name}; its settings are in conf/train/{name}.yaml",
            examples=f"  mer train {name} train.folder=FOLDER train.device=cuda\n",
            fill=_fill,
            run=partial(_run, name),
        )
        for name in options("train")
    },
)
