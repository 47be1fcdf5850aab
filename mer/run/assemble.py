"""Build everything that a run needs from a composed configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mer.config.catalogue import options
from mer.config.composition import as_yaml, build, resolved
from mer.config.names import check_study_name
from mer.errors import ConfigError

if TYPE_CHECKING:
    from mer.run.experiment import Experiment
    from mer.types import Dataset, Descriptor

__all__ = ["check_common", "cores", "experiment"]


def experiment(cfg: Any, choices: Mapping[str, str], *, command: str = "") -> Experiment:
    """Build everything that a composed configuration describes.

    Parameters
    ----------
    cfg : DictConfig
        From `compose`, or composed by Hydra itself.
    choices : mapping of str to str
        The chosen option of every group.
    command : str
        The command line, kept in protocol.json.

    Raises
    ------
    ConfigError
        If a component refuses its settings.
    """
    from mer.dataset.flow_images.phases import ReadyMadeSequence
    from mer.loso import EachClass
    from mer.pipeline import Pipeline, Stages
    from mer.protocol import SeveralClasses
    from mer.run.experiment import FLOW_STAGES, STAGES, Experiment
    from mer.store.cache import Cache
    from mer.store.keys import identity
    from mer.svm import Coded

    settings = resolved(cfg)
    _check_general(settings)
    dataset = build(cfg.dataset)
    idle = {"classifier" if choices["classifier"] == "none" else "svm"}
    idle |= {"codes"} if choices["codes"] == "none" else set()
    idle |= set(FLOW_STAGES) if dataset.entry == "flow" else set()
    idle |= set() if _over_time(cfg, choices, dataset) else {"sequence"}
    used = [stage for stage in STAGES if stage not in idle]
    for stage in used:
        if "_target_" not in cfg[stage]:
            fitting = ", ".join(option for option in options(stage) if option != choices[stage])
            raise ConfigError(
                f"{stage}={choices[stage]}: dataset={dataset.name} needs this stage; choose one of {fitting}"
            )
    built: dict[str, Any] = {stage: build(cfg[stage]) if stage in used else None for stage in STAGES[1:]}
    if getattr(dataset, "gives", "pair") == "sequence":
        built["sequence"] = ReadyMadeSequence()
    _check_descriptor(built["descriptor"], choices, dataset, several=built["sequence"] is not None, used=used)
    protocol = build(cfg.protocol)
    parts = {"dataset": dataset, **built, "protocol": protocol}
    svm, classifier, codes = (built.pop(stage) for stage in ("svm", "classifier", "codes"))
    learner = Coded(codes=codes, learner=classifier or svm) if codes else classifier or svm
    tuning, evaluation = (built.pop(stage) for stage in ("tuning", "evaluation"))
    if isinstance(protocol, SeveralClasses):
        evaluation = EachClass(evaluation=evaluation, classes=tuple(protocol.classes or ()))
    return Experiment(
        pipeline=Pipeline(
            dataset=dataset,
            stages=Stages(**built),
            protocol=protocol,
            cache=Cache(root=Path(cfg.home) / "cache"),
        ),
        svm=learner,
        tuning=tuning,
        evaluation=evaluation,
        tracking=build(cfg.tracking),
        study=str(cfg.study),
        seed=cfg.seed,
        workers=cfg.workers or cores(),
        bad_clips=cfg.bad_clips,
        drop=tuple(str(name) for name in settings["drop"]),
        choices={stage: choices[stage] for stage in (*used, "protocol")},
        settings={stage: settings[stage] for stage in (*used, "protocol")},
        identity={stage: identity(parts[stage]) for stage in (*used, "protocol")} | {"seed": cfg.seed},
        config=as_yaml({key: value for key, value in settings.items() if key != "sweep"}),
        command=command,
        cache_limit=None if cfg.cache_gb is None else int(cfg.cache_gb * 1e9),
    )


def _over_time(cfg: Any, choices: Mapping[str, str], dataset: Dataset) -> bool:
    """Return whether a clip gives a sequence of frames rather than a pair."""
    frames = build(cfg.frames) if "_target_" in cfg.frames else None
    if getattr(frames, "gives", "pair") != "sequence":
        return False
    if dataset.entry == "flow":
        raise ConfigError(
            f"frames={choices['frames']}: dataset={dataset.name} has one ready-made flow field per clip and no frames; "
            "remove frames="
        )
    return True


def _check_descriptor(
    descriptor: Descriptor, choices: Mapping[str, str], dataset: Dataset, *, several: bool, used: Sequence[str]
) -> None:
    """Refuse a descriptor that does not fit the frames of a clip, or whose rows do not fit the codes."""
    name, frames, apart = choices["descriptor"], choices["frames"], getattr(descriptor, "over_time", False)
    if several and not hasattr(descriptor, "sequence"):
        raise ConfigError(
            f"descriptor={name} describes one flow field, but frames={frames} gives several: add a method "
            "sequence(flows, regions) to it, or use frames=onset_apex"
        )
    if apart and dataset.entry == "flow" and not several:
        raise ConfigError(
            f"descriptor={name} describes every frame of a clip, but dataset={dataset.name} has one ready-made flow "
            "field per clip and no frames: use descriptor=mdmo"
        )
    if apart and not several:
        raise ConfigError(
            f"descriptor={name} describes every frame of a clip, but frames={frames} gives only onset and apex; use "
            "frames=sequence"
        )
    if "codes" in used and not apart:
        raise ConfigError(
            f"codes={choices['codes']} learns from every frame of a clip, but descriptor={name} does not describe them "
            "separately: use descriptor=sparse_mdmo, or codes=none"
        )


def cores() -> int:
    """Return how many cores this process may use: on a cluster, often not all of the node."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_common(settings: Mapping[str, Any]) -> None:
    """Check the settings that every task has: study, seed, workers and bad_clips.

    Raises
    ------
    ConfigError
        For the first that is not valid.
    """
    workers, seed = settings["workers"], settings.get("seed", 0)
    if workers is not None and not (isinstance(workers, int) and workers >= 1):
        raise ConfigError(f"workers={workers}: must be a number of cores, 1 or more, or null for all")
    if not isinstance(seed, int) or seed < 0:
        raise ConfigError(f"seed={seed}: must be a whole number, 0 or more")
    if (bad_clips := settings["bad_clips"]) not in ("stop", "exclude"):
        raise ConfigError(f"bad_clips={bad_clips}: must be stop or exclude")
    check_study_name(settings["study"])


def _check_general(settings: Mapping[str, Any]) -> None:
    check_common(settings)
    gigabytes = settings["cache_gb"]
    if gigabytes is not None and not (isinstance(gigabytes, int | float) and gigabytes >= 0):
        raise ConfigError(f"cache_gb={gigabytes}: must be a number of gigabytes, or null for no limit")
    if not isinstance(settings["drop"], list):
        raise ConfigError(f"drop={settings['drop']}: must be a list of classes, such as drop=[fear]")
