"""Where `conf/` is, how it is composed and how a component is made of it.

The only module beside `mer.cli` that knows Hydra: notebooks compose the same files as the command does.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.utils import instantiate
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from mer.conf_files import conf_dir, groups, options
from mer.config_words import refuse_impossible, refuse_unread
from mer.errors import ConfigError, MerError
from mer.sweep.names import check_study_name

if TYPE_CHECKING:
    from mer.run import Experiment

__all__ = [
    "build",
    "component",
    "compose",
    "compose_cell",
    "experiment",
    "one_sentence",
    "searchpath_override",
    "without_hydra",
]


def searchpath_override(config_dir: str | Path) -> str:
    """Return the Hydra override that adds a user's own folder of options.

    Raises
    ------
    ConfigError
        Where the folder does not exist.
    """
    folder = Path(config_dir).expanduser().resolve()
    if not folder.is_dir():
        raise ConfigError(
            f"--config-dir {config_dir}: no such folder; give the folder that holds flow/, roi/, ... of your own"
        )
    return f"hydra.searchpath=['file://{folder}']"


def compose(overrides: Sequence[str] = (), *, with_hydra: bool = False, root: str = "config") -> DictConfig:
    """Compose ``conf/config.yaml``, or another root of `conf/`, with Hydra overrides.

    Parameters
    ----------
    overrides : sequence of str
        Such as ``["flow=tvl1", "descriptor.bins=12"]``.
    with_hydra : bool
        Keep the node ``hydra`` with the choices that were made.
    root : str
        ``config`` of a run, ``training`` of a network's training.

    Returns
    -------
    DictConfig
        Struct: an unknown key raises.

    Raises
    ------
    ConfigError
        For an option, key or value that does not exist, naming those that do.
    """
    refuse_impossible(overrides)
    try:
        with _own_hydra():
            cfg = hydra_compose(root, overrides=list(overrides), return_hydra_config=with_hydra)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(one_sentence(error, overrides, root)) from error
    refuse_unread(overrides, cfg, root)
    return cfg


_TURN = threading.RLock()  # Hydra keeps its state in one global object


@contextlib.contextmanager
def _own_hydra() -> Iterator[None]:
    """Initialize Hydra on `conf/`, one thread at a time, and leave the state of a program around us as it was."""
    with _TURN:
        host, base = GlobalHydra.instance(), VersionBase.instance()
        active, version = host.hydra, base.getbase()
        host.clear()
        try:
            with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
                yield
        finally:
            base.version_base = version
            GlobalHydra.set_instance(host)
            host.clear()
            if active is not None:
                host.initialize(active)


def compose_cell(overrides: Sequence[str]) -> tuple[DictConfig, dict[str, str]]:
    """Compose as `compose` does, and return the option chosen of every group beside the configuration."""
    return without_hydra(compose(overrides, with_hydra=True))


def without_hydra(cfg: DictConfig) -> tuple[DictConfig, dict[str, str]]:
    """Return a configuration without its node ``hydra``, and the option chosen of every group."""
    choices = {str(group): str(option) for group, option in cfg.hydra.runtime.choices.items()}
    with open_dict(cfg):
        del cfg["hydra"]
    return cfg, choices


def one_sentence(error: BaseException, overrides: Sequence[str] = (), root: str = "config") -> str:
    """Turn an exception of Hydra or OmegaConf into one line that names the offender and what exists instead."""
    text = str(error)
    missing = re.search(r"Could not (?:find|load) '([^'/]+)/([^']+)'", text)
    if missing:
        group, option = missing.groups()
        if group == "hydra":
            engine = option.rpartition("/")[2].partition("_")[0]
            return f"hydra/{option}: not installed; pip install 'mer[{engine}]' brings it, or leave the word out"
        return f"{group}={option}: no such option; {group} can be {', '.join(options(group)) or 'nothing yet'}"
    argument = re.search(r"__init__\(\) (got an unexpected|missing \d+ required) .*?argument:? '(\w+)'", text)
    if argument:
        fault = "does not exist; leave it out" if "unexpected" in argument.group(1) else "has no value; give it one"
        return f"{argument.group(2)}: this setting of {text.partition('.__init__')[0]} {fault}"
    unparsed = re.search(r"Error parsing override '(.*)'\s+(.*)", text)
    if unparsed:
        return f"{unparsed.group(1)}: not understood ({unparsed.group(2)}); write group.setting=value"
    unknown = re.search(r"Could not override '([^']+)'", text)
    if unknown:
        return _unknown_key(unknown.group(1), overrides, root)
    return " ".join(text.split())


def _unknown_key(key: str, overrides: Sequence[str], root: str) -> str:
    parent, _, name = key.rpartition(".")
    chosen = [word for word in overrides if word.partition("=")[0] in (*groups(), "temporal", "train")]
    cfg = compose(chosen if key not in groups() else (), root=root)
    node = OmegaConf.select(cfg, parent) if parent else cfg
    known = ", ".join(str(k) for k in node if not str(k).startswith("_")) if isinstance(node, DictConfig) else ""
    where = f"{parent} has" if parent else "the settings are"
    return f"{key}: no such setting (a misspelling of {name!r}?); {where} {known or 'nothing of that name'}"


def build(node: Any) -> Any:
    """Make the component that a node of the config describes.

    Raises
    ------
    ConfigError
        Where a value is refused by the component.
    """
    try:
        return instantiate(node, _convert_="all")
    except (HydraException, OmegaConfBaseException) as error:
        cause = error.__cause__
        if isinstance(cause, MerError):
            raise cause from error
        raise ConfigError(one_sentence(cause or error)) from error


def component(group: str, option: str, **overrides: Any) -> Any:
    """Compose ``conf/`` and return one ready component, for notebooks and scripts.

    Parameters
    ----------
    group, option : str
        Such as ``"flow"``, ``"dis"``: a folder of ``conf/`` and a file in it.
    **overrides
        Fields of the component that shall differ from its YAML.

    Raises
    ------
    ConfigError
        For a group, option or field that does not exist, naming those that do.

    Examples
    --------
    >>> flow = mer.component("flow", "dis", finest_scale=0)
    >>> field = flow(onset, apex)
    """
    if not options(group):
        raise ConfigError(f"{group}: no such group; there are {', '.join(groups())}")
    node = compose([f"{group}={option}"])[group]
    for key, value in overrides.items():
        if key not in node:
            known = ", ".join(str(k) for k in node if not str(k).startswith("_"))
            raise ConfigError(f"{group}.{key}: {group}={option} has no such field; it has {known}")
        OmegaConf.update(node, key, value)
    return build(node)


def experiment(cfg: DictConfig, choices: Mapping[str, str], *, command: str = "") -> Experiment:
    """Build everything that a composed configuration describes.

    Parameters
    ----------
    cfg : DictConfig
        Of `compose`, or of Hydra's own.
    choices : mapping of str to str
        The option chosen of every group.
    command : str
        The command line, kept in protocol.json.

    Raises
    ------
    ConfigError
        Where a component refuses its settings.
    """
    from mer.cache import Cache
    from mer.keys import identity
    from mer.pipeline import Pipeline, Stages
    from mer.run import FLOW_STAGES, STAGES, Experiment
    from mer.svm import Coded

    _check_general(cfg)
    dataset = build(cfg.dataset)
    idle = {"classifier" if choices["classifier"] == "none" else "svm"}
    idle |= {"codes"} if choices["codes"] == "none" else set()
    idle |= set(FLOW_STAGES) if dataset.entry == "flow" else set()
    idle |= set() if _over_time(cfg, choices, dataset) else {"sequence"}
    used = [stage for stage in STAGES if stage not in idle]
    for stage in used:
        if "_target_" not in cfg[stage]:
            fitting = ", ".join(option for option in options(stage) if option != choices[stage])
            raise ConfigError(f"{stage}={choices[stage]}: dataset={dataset.name} needs this stage; it can be {fitting}")
    built: dict[str, Any] = {stage: build(cfg[stage]) if stage in used else None for stage in STAGES[1:]}
    _check_descriptor(built["descriptor"], choices, dataset, used)
    protocol = build(cfg.protocol)
    parts = {"dataset": dataset, **built, "protocol": protocol}
    svm, classifier, codes = (built.pop(stage) for stage in ("svm", "classifier", "codes"))
    learner = Coded(codes=codes, learner=classifier or svm) if codes else classifier or svm
    evaluated = {"svm": learner} | {stage: built.pop(stage) for stage in ("tuning", "evaluation")}
    resolved = _plain(cfg)
    return Experiment(
        pipeline=Pipeline(
            dataset=dataset,
            stages=Stages(**built),
            protocol=protocol,
            cache=Cache(root=Path(cfg.home).absolute() / "cache"),
        ),
        **evaluated,
        tracking=build(cfg.tracking),
        study=str(cfg.study),
        seed=cfg.seed,
        workers=cfg.workers or _cores(),
        bad_clips=cfg.bad_clips,
        drop=tuple(str(name) for name in cfg.drop),
        choices={stage: choices[stage] for stage in (*used, "protocol")},
        settings={stage: resolved[stage] for stage in (*used, "protocol")},
        identity={stage: identity(parts[stage]) for stage in (*used, "protocol")} | {"seed": cfg.seed},
        config=OmegaConf.to_yaml({key: resolved[key] for key in resolved if key != "sweep"}),
        command=command,
        cache_limit=None if cfg.cache_gb is None else int(cfg.cache_gb * 1e9),
    )


def _over_time(cfg: DictConfig, choices: Mapping[str, str], dataset: Any) -> bool:
    """Return whether a clip gives a sequence of frames rather than a pair."""
    frames = build(cfg.frames) if "_target_" in cfg.frames else None
    if getattr(frames, "gives", "pair") != "sequence":
        return False
    if dataset.entry == "flow":
        raise ConfigError(
            f"frames={choices['frames']}: dataset={dataset.name} holds one ready-made flow field a clip and no frames; "
            "leave frames= away"
        )
    return True


def _check_descriptor(descriptor: Any, choices: Mapping[str, str], dataset: Any, used: Sequence[str]) -> None:
    """Refuse a descriptor that cannot describe what a clip gives, or whose rows the codes cannot take apart."""
    name, frames, apart = choices["descriptor"], choices["frames"], getattr(descriptor, "over_time", False)
    if "sequence" in used and not hasattr(descriptor, "sequence"):
        raise ConfigError(
            f"descriptor={name} describes one flow field, and frames={frames} gives several: write it a method "
            "sequence(flows, regions), or take frames=onset_apex"
        )
    if apart and dataset.entry == "flow":
        raise ConfigError(
            f"descriptor={name} describes every frame of a clip, and dataset={dataset.name} holds one ready-made flow "
            "field a clip and no frames: take descriptor=mdmo"
        )
    if apart and "sequence" not in used:
        raise ConfigError(
            f"descriptor={name} describes every frame of a clip, and frames={frames} gives onset and apex alone: take "
            "frames=sequence"
        )
    if "codes" in used and not apart:
        raise ConfigError(
            f"codes={choices['codes']} learns from every frame of a clip, and descriptor={name} keeps none of them "
            "apart: take descriptor=sparse_mdmo, or codes=none"
        )


def _cores() -> int:
    """Return how many cores this process may use: on a cluster's node fewer than there are."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_general(cfg: DictConfig) -> None:
    if cfg.bad_clips not in ("stop", "exclude"):
        raise ConfigError(f"bad_clips={cfg.bad_clips}: must be stop or exclude")
    if cfg.workers is not None and not (isinstance(cfg.workers, int) and cfg.workers >= 1):
        raise ConfigError(f"workers={cfg.workers}: must be a number of cores, 1 or more, or null for all")
    if cfg.cache_gb is not None and not (isinstance(cfg.cache_gb, int | float) and cfg.cache_gb >= 0):
        raise ConfigError(f"cache_gb={cfg.cache_gb}: must be a number of gigabytes, or null for no limit")
    if not OmegaConf.is_list(cfg.drop):
        raise ConfigError(f"drop={cfg.drop}: must be a list of classes, such as drop=[fear]")
    if not isinstance(cfg.seed, int) or cfg.seed < 0:
        raise ConfigError(f"seed={cfg.seed}: must be a whole number, 0 or more")
    check_study_name(cfg.study)


def _plain(cfg: DictConfig) -> dict[str, Any]:
    plain = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}
