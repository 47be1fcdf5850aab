"""`mer fit name=NAME`: a model of the experiment that the settings describe, fitted on all subjects."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mer.cli.command import Command, Parser
from mer.config.arguments import overrides
from mer.config.catalogue import groups
from mer.errors import ConfigError
from mer.store.program import typed

__all__ = ["COMMAND", "fit_model", "show_card"]

_DESCRIPTION = """\
Fits a model: takes the LOSO result of these settings if it is kept, or computes it, so that the model carries an honest
score; then searches once more over groups of subjects, fits on all of them, and calibrates the probabilities on scores
of clips that a fold had not seen. The model is kept in MER_HOME/models and registered in MLflow under its name."""
_EXAMPLES = """\
  mer fit name=mine                                     of the default experiment
  mer fit dataset=mmew dataset.root=/data/MMEW name=mmew flow=dis roi=facs26
  mer predict interview.mp4 model=mmew"""


def _fill(parser: Parser) -> None:
    parser.setting("name", "name of the model; versions are counted", metavar="NAME")
    parser.overrides(tuple(groups()))


def _run(asked: Namespace) -> int:
    from mer.model.shelf import check_name, read_card

    if not asked.name:
        raise ConfigError("mer fit: missing name; write mer fit name=NAME")
    version, folder = fit_model(check_name(asked.name), overrides(asked))
    show_card(version, read_card(folder))
    print(f"\nmodel     {folder}\nuse       {typed('predict', 'VIDEO', f'model={version}')}")
    return 0


def fit_model(name: str, words: Sequence[str]) -> tuple[str, Path]:
    """Fit, keep and register a model; return ``NAME@VERSION`` and its folder."""
    from mer.config.composition import compose, without_hydra
    from mer.errors import TrackingError
    from mer.model.fit import fit
    from mer.model.serving import register
    from mer.model.shelf import add, read_card
    from mer.run.assemble import experiment
    from mer.sweep.checks import check_settings

    composed = compose(words, with_hydra=True)
    folder = Path(composed.hydra.run.dir).absolute()
    check_settings(composed)
    cfg, choices = without_hydra(composed)
    ready = experiment(cfg, choices, command=shlex.join(["mer", "fit", f"name={name}", *words]))
    version, kept = add(ready.home, name, fit(ready, cfg, folder))
    if ready.tracking.address(ready.home) is not None:
        try:
            number = register(ready.tracking, name, version, kept, read_card(kept))  # type: ignore[arg-type]
            print(f"mlflow    registered model {name}, version {number}")
        except TrackingError as error:
            print(f"mer: {error}", file=sys.stderr)
    return version, kept


def show_card(version: str, card: Mapping[str, Any]) -> None:
    """Print what a user should know of a model."""
    score, reliability = card["scores"]["uf1"], card["reliability"]
    counts = zip(card["classes"], card["class_counts"], strict=True)
    rows = {
        "model": version,
        "fitted": f"{card['fitted']} on {card['clips']} clips of {card['subjects']} subjects, {card['dataset']}",
        "classes": ", ".join(f"{name} ({count})" for name, count in counts),
        "UF1": f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}], subjects left out one by one",
        "ECE": f"{reliability['ece']:.3f} on unseen subjects ({reliability['ece_uncalibrated']:.3f} uncalibrated)",
        "Brier": f"{reliability['brier']:.3f} on unseen subjects "
        f"({reliability['brier_uncalibrated']:.3f} uncalibrated)",
        "machines": f"{len(card['settings'])} settings whose scores are averaged",
        "command": card["command"],
        "versions": ", ".join(f"{name} {text}" for name, text in card["versions"].items()),
    }
    if card["demonstration"]:
        rows["note"] = "demonstration: trained on generated faces; it says nothing of real ones"
    print("\n".join(f"{name:<9} {text}" for name, text in rows.items()))


COMMAND = Command(
    help="fit a model on all subjects, with its LOSO score and calibrated probabilities",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    fill=_fill,
    run=_run,
)
