"""`mer train NAME`: trains one of the two networks and records how it went."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mer.cli.arguments import take_config_dir
from mer.conf_files import options
from mer.config import build, compose
from mer.errors import ConfigError, DataError
from mer.progress import progress

__all__ = ["USAGE", "main"]

USAGE = f"""usage: mer train {{{",".join(options("train"))}}} [train.KEY=VALUE ...] [output=DIR] [tracking=off]

Trains a network of mer and writes its weights, the states from which a broken training goes on (the same command), the
settings and log.csv into output= (HOME/training/NAME unless said). Every number stands in conf/train/NAME.yaml. What
training gave is used by landmarks.weights=FILE or flow.weights=FILE.

examples
  mer train landmarks train.folder=FOLDER                     FOLDER holds images/ and keypoints.csv
  mer train landmarks train.folder=FOLDER train.device=cuda
"""


def main(arguments: Sequence[str]) -> int:
    """Compose the settings, train, print the scores."""
    known = options("train")
    if not arguments or arguments[0] not in known:
        named = f"mer train {arguments[0]}: no such network" if arguments else "mer train: which network?"
        raise ConfigError(f"{named}; there are {', '.join(known)}")
    name, words = arguments[0], take_config_dir(arguments[1:])
    cfg = compose([f"train={name}", *words], root="training")
    training = build(cfg.train)
    output = Path(cfg.output or Path(cfg.home) / "training" / name).expanduser().absolute()
    _prepare(output, cfg)
    scores, line = _train(training, name, cfg, output, shlex.join(["mer", "train", *arguments]))
    width = max(map(len, scores))
    print("\n".join(f"{key:<{width}}  {value:.5g}" for key, value in scores.items()))
    print(f"\nweights   {output}")
    if line:
        print(f"compare   {line}")
    return 0


def _prepare(output: Path, cfg: DictConfig) -> None:
    """Make the folder and keep the settings in it; refuse one that holds the states of other settings."""
    settings = OmegaConf.to_yaml(cfg.train, resolve=True)
    kept = output / "config.yaml"
    try:
        output.mkdir(parents=True, exist_ok=True)
        begun = any(file.suffix in (".npz", ".pt") for file in output.iterdir())
        if begun and kept.is_file() and kept.read_text(encoding="utf-8") != settings:
            raise ConfigError(f"output={output}: holds a training with other settings; choose another or remove it")
        kept.write_text(settings, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another output=") from error


def _train(training: Any, name: str, cfg: DictConfig, output: Path, command: str) -> tuple[Mapping[str, float], str]:
    params = {key: str(value) for key, value in cfg.train.items() if not OmegaConf.is_config(value)}
    tags = {"kind": "training", "command": command}
    opened = build(cfg.tracking).run(study=str(cfg.study), name=name, params=params, tags=tags)
    with opened as record, _logging(output / "log.csv", name, training.steps) as (log, series):
        scores = training(output, log)
        record.finish(metrics=scores, series=series, folder=_light(output))
    return scores, record.url_line


def _light(output: Path) -> Path:
    """Return a folder of what MLflow shall keep: weights, settings and log, not the states and the drawn faces."""
    folder = output / "result"
    folder.mkdir(exist_ok=True)
    for file in output.iterdir():
        if file.suffix in (".yaml", ".csv") or (file.suffix == ".npz" and file.name != "rendered.npz"):
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


Log = Callable[[Mapping[str, float], int], None]


@contextmanager
def _logging(file: Path, name: str, steps: int) -> Iterator[tuple[Log, dict[str, list[float]]]]:
    """Yield the function that a training tells its figures, and what it has told so far, by figure."""
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
