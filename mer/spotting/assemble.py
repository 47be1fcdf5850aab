"""Build everything that a run of ``task=spot`` needs from a composed configuration."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mer.config.composition import as_yaml, build, resolved
from mer.pipeline import Stages
from mer.run.assemble import check_common, cores
from mer.spotting.recognise import Recognition
from mer.spotting.settings import Spotting

__all__ = ["recognition", "spotting"]

_GROUPS = ("dataset", "landmarks", "align", "flow", "motion", "roi", "spotter", "task")
_RECOGNITION = ("frames", "descriptor", "svm", "tuning")


def spotting(cfg: Any, choices: Mapping[str, str], words: Sequence[str] = ()) -> Spotting:
    """Build everything that a composed configuration describes.

    Parameters
    ----------
    cfg : DictConfig
        From `compose`, of the root ``spot_run`` or ``spot_recognise_run``.
    choices : mapping of str to str
        The chosen option of every group.
    words : sequence of str
        Of the command line, without those of a sweep and of Hydra; kept in protocol.json and shown in MLflow.

    Raises
    ------
    ConfigError
        If a component refuses its settings.
    """
    settings = resolved(cfg)
    check_common(settings)
    return Spotting(
        dataset=build(cfg.dataset),
        measure=build(cfg.region_motion),
        spotter=build(cfg.spotter),
        task=build(cfg.task),
        recognition=recognition(cfg) if "tuning" in cfg else None,
        tracking=build(cfg.tracking),
        home=Path(cfg.home),
        workers=cfg.workers or cores(),
        bad_clips=cfg.bad_clips,
        study=str(cfg.study),
        choices={group: choices[group] for group in (*_GROUPS, *_RECOGNITION) if group in choices},
        settings=dict(word.split("=", 1) for word in words if re.match(r"\w+\.[\w.]+=", word)),
        config=as_yaml({key: value for key, value in settings.items() if key != "sweep"}),
        command=shlex.join(["mer", "run", f"task={choices['task']}", *words]),
    )


def recognition(cfg: Any) -> Recognition:
    """Build what ``task=spot_recognise`` adds."""
    names = ("frames", "landmarks", "align", "flow", "motion", "roi", "descriptor")
    return Recognition(
        stages=Stages(**{name: build(cfg[name]) for name in names}),
        learner=build(cfg.svm),
        tuning=build(cfg.tuning),
        seed=cfg.seed,
        workers=cfg.workers or cores(),
    )
