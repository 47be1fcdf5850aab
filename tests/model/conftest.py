"""A small fitted model that the tests of this folder share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mer.config.composition import compose, without_hydra
from mer.model import shelf
from mer.model.fit import Fit, fit
from mer.run.assemble import experiment
from mer.run.experiment import Experiment

_ABSENT = ("disgust", "anger", "fear", "sadness", "others")
WORDS = (
    *("dataset.subjects=4", "dataset.clips=6", "dataset.stray=0", "dataset.peak=[1.5,3.0]", "dataset.size=128"),
    *(f"dataset.frequencies.{name}=0" for name in _ABSENT),
    *("align.size=128", "tuning=none", "tracking=off"),
)


@dataclass(frozen=True, kw_only=True)
class Small:
    """The model ``small@1`` and where it comes from."""

    home: Path
    experiment: Experiment
    fitted: Fit
    path: Path


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Return a model of two classes, fitted on 24 small clips."""
    home = tmp_path_factory.mktemp("home")
    cfg, choices = without_hydra(compose([*WORDS, f"home={home}"], with_hydra=True))
    ready = experiment(cfg, choices, command="mer fit name=small")
    fitted = fit(ready, cfg, home / "run")
    _, path = shelf.add(home, "small", fitted)
    return Small(home=home, experiment=ready, fitted=fitted, path=path)
