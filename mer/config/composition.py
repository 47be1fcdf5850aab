"""Compose `conf/` and build components from it.

Besides `mer.sweep`, the only module that uses Hydra: notebooks compose the same files as the command.
"""

from __future__ import annotations

import contextlib
import copy
import difflib
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from hydra.utils import instantiate
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from mer.config.catalogue import OF_OTHERS, conf_dir, groups, options
from mer.config.words import plain_value, refuse_impossible, refuse_unread
from mer.errors import ConfigError, MerError
from mer.validation import user_path

__all__ = [
    "as_yaml",
    "build",
    "component",
    "compose",
    "compose_cell",
    "one_sentence",
    "own_folder",
    "resolved",
    "searchpath_override",
    "without_hydra",
]


# Groups that some commands do not take, with the command that does.
_ELSEWHERE = {
    "spotter": "is used only by mer spot and by mer run task=spot; add task=spot, or leave it out",
    "task": "is used only by mer run; leave it out",
    "temporal": "is used only by mer landmarks; leave it out",
    "train": "is used only by mer train; leave it out",
    "trust": "is used only by mer predict; leave it out",
}
_ROOTS = {"spotter": "spot", "task": "spot_run", "temporal": "landmarks_of", "train": "training", "trust": "predict"}


def searchpath_override(config_dir: str | Path) -> str:
    """Return the Hydra override that adds a user's own folder of options.

    Raises
    ------
    ConfigError
        If the folder does not exist.
    """
    folder = user_path("--config-dir", config_dir).resolve()
    if not folder.is_dir():
        raise ConfigError(f"--config-dir {config_dir}: no such folder; give your own folder with flow/, roi/, ...")
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
        ``config`` of a run, ``spot_run`` of one of ``task=spot``, ``training`` of a network's training.

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
        cfg = copy.deepcopy(_composed(root, tuple(overrides), with_hydra, Path.cwd(), _edited(overrides)))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(one_sentence(error, overrides, root)) from error
    refuse_unread(overrides, cfg, root)
    if "home" in cfg:
        _place_home(cfg, overrides)
    return cfg


@lru_cache(maxsize=64)  # a sweep composes the words of a cell several times, 0.2 s each
def _composed(root: str, overrides: tuple[str, ...], with_hydra: bool, _folder: Path, _files: object) -> DictConfig:
    with _own_hydra():
        return hydra_compose(root, overrides=list(overrides), return_hydra_config=with_hydra)


def _edited(overrides: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return when each option file was edited, 2 ms: a notebook that edits one must not get what was read before."""
    added = re.findall(r"file://([^'\"\],]+)", " ".join(word for word in overrides if "hydra.searchpath" in word))
    files = (file for folder in (conf_dir(), *map(Path, added)) for file in folder.rglob("*.yaml"))
    return tuple(sorted((str(file), file.stat().st_mtime_ns) for file in files))


def _place_home(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Make ``home`` absolute, so that every path made from it means the same; an empty MER_HOME is one not set."""
    asked = any(word.lstrip("+").startswith("home=") for word in overrides)
    unset = not asked and not os.environ.get("MER_HOME")
    cfg.home = str(user_path("home", "mer_home" if unset else str(cfg.home)))


_TURN = threading.RLock()  # Hydra keeps its state in one global object


@contextlib.contextmanager
def _own_hydra() -> Iterator[None]:
    """Initialize Hydra on `conf/`, one thread at a time, and restore the calling program's Hydra state."""
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


def compose_cell(
    overrides: Sequence[str], own: Sequence[str] = (), root: str = "config"
) -> tuple[DictConfig, dict[str, str]]:
    """Compose as `compose` does; return the configuration and the chosen option of every group.

    `own` are the words of one cell of a sweep, after those of all cells. Hydra applies plain values last; so they are
    set here, on a copy of what cells with the same options share, at a tenth of the time.
    """
    mixed = any(word.startswith(("+", "~")) for word in own)  # its place among the values matters
    values = [] if mixed else list(filter(None, map(plain_value, own)))
    base = [*overrides, *(word for word in own if mixed or plain_value(word) is None)]
    cfg, choices = without_hydra(compose(base, with_hydra=True, root=root))
    try:
        for key, value in values:
            OmegaConf.update(cfg, key, value, merge=True)
    except OmegaConfBaseException:  # Hydra's own error is the one that `compose` explains
        return without_hydra(compose([*overrides, *own], with_hydra=True, root=root))
    return cfg, choices


def without_hydra(cfg: DictConfig) -> tuple[DictConfig, dict[str, str]]:
    """Return a configuration without its node ``hydra``, and the chosen option of every group."""
    choices = {str(group): str(option) for group, option in cfg.hydra.runtime.choices.items()}
    with open_dict(cfg):
        del cfg["hydra"]
    return cfg, choices


def one_sentence(error: BaseException, overrides: Sequence[str] = (), root: str = "config") -> str:
    """Turn an exception of Hydra or OmegaConf into one line that names the offender and what exists instead."""
    if isinstance(error, OverrideParseException):
        step = "write group.setting=value; if the value has quotes, put quotes around the whole word"
        return f"{error.override}: not understood; {step}"
    text = str(error)
    missing = re.search(r"Could not (?:find|load) '([^'/]+)/([^']+)'", text)
    if missing:
        group, option = missing.groups()
        if group == "hydra":
            engine = option.rpartition("/")[2].partition("_")[0]
            return f"hydra/{option}: not installed; run pip install 'micro-expression[{engine}]', or leave it out"
        known = options(group, own_folder(overrides))
        step = f"choose one of {', '.join(known) or 'none yet'}"
        return f"{group}={option}: no such option; {step}{_meant(option, known, f'{group}=')}"
    argument = re.search(r"__init__\(\) (got an unexpected|missing \d+ required) .*?argument:? '(\w+)'", text)
    if argument:
        fault = "does not exist; leave it out" if "unexpected" in argument.group(1) else "has no value; set it"
        return f"{argument.group(2)}: this setting of {text.partition('.__init__')[0]} {fault}"
    unloaded = re.search(r"Error loading '([\w.]+)'", text)
    if unloaded:
        return _unloaded(unloaded.group(1), text)
    unparsed = re.search(r"Error parsing override '(.*)'\s+(.*)", text)
    if unparsed:
        return f"{unparsed.group(1)}: not understood ({unparsed.group(2)}); write group.setting=value"
    unknown = re.search(r"Could not override '([^']+)'", text)
    if unknown:
        return _unknown_key(unknown.group(1), overrides, root)
    return " ".join(text.split())


def _unloaded(target: str, text: str) -> str:
    """Explain why the class that an option names as its component cannot be imported, alike for every group."""
    module, _, name = target.rpartition(".")
    if not module:
        return f"_target_: {target}: must be the name of a class with its module, such as my_module.MyFlow"
    missing = re.search(r"No module named '([\w.]+)'(?!; )", text)
    if missing and missing.group(1) != target:
        step = "install its package, or write PYTHONPATH=FOLDER before the command for a file in FOLDER"
        return f"_target_: {target}: Python finds no module {missing.group(1)}; {step}"
    if missing or "is not a package" in text or "importable from module" in text:
        return f"_target_: {target}: the module {module} has no {name}; correct the name"
    return f"_target_: {target}: cannot be imported; {' '.join(text.split())}"


def _unknown_key(key: str, overrides: Sequence[str], root: str) -> str:
    given = next((word for word in overrides if word.lstrip("+").partition("=")[0] == key), key)
    if key in _ELSEWHERE:
        return f"{given}: {_ELSEWHERE[key]}"
    parent, _, name = key.rpartition(".")
    chosen = [word for word in overrides if word.partition("=")[0] in (*groups(), *OF_OTHERS)]
    cfg = compose(chosen if key not in groups() else (), root=root)
    node = OmegaConf.select(cfg, parent) if parent else cfg
    known = [str(k) for k in node if not str(k).startswith("_")] if isinstance(node, DictConfig) else []
    if key == "experiment" and "sweep" in cfg:
        return f"{given}: no such setting of this command; did you mean +{given}? It changes other groups, hence the +"
    where = f"{parent} has" if parent else "the settings are"
    meant = _meant(name, known, f"{parent}." if parent else "")
    return f"{key}: no such setting of this command{meant}; {where} {', '.join(known) or 'none of that name'}"


def _meant(name: str, known: Sequence[str], before: str) -> str:
    """Return a suggestion: the name that is most like the given one, if any is."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {before}{close[0]}?" if close else ""


def own_folder(overrides: Sequence[str]) -> Path | None:
    """Return the folder of ``--config-dir``, which `searchpath_override` put among the words."""
    found = re.search(r"hydra\.searchpath=\['file://([^']+)", " ".join(overrides))
    return Path(found.group(1)) if found else None


def resolved(cfg: DictConfig) -> dict[str, Any]:
    """Return a configuration as plain mappings, lists and values, with references to other settings resolved."""
    plain = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def as_yaml(settings: Mapping[str, object]) -> str:
    """Return settings as the text of a YAML file."""
    return str(OmegaConf.to_yaml(dict(settings)))


def build(node: Any) -> Any:
    """Build the component that a node of the config describes.

    Raises
    ------
    ConfigError
        If the component refuses a value.
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
        Fields of the component that differ from its YAML.

    Raises
    ------
    ConfigError
        For a group, option or field that does not exist, naming those that do.

    Examples
    --------
    >>> import mer
    >>> import numpy as np
    >>> flow = mer.component("flow", "dis", finest_scale=0)
    >>> frame = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    >>> flow(frame, frame).uv.shape
    (64, 64, 2)
    """
    if not options(group):
        raise ConfigError(f"{group}: no such group; choose one of {', '.join(groups())}")
    node = compose([f"{group}={option}"], root=_ROOTS.get(group, "config"))[group]
    for key, value in overrides.items():
        if key not in node:
            known = ", ".join(str(k) for k in node if not str(k).startswith("_"))
            raise ConfigError(f"{group}.{key}: {group}={option} has no such field; it has {known}")
        OmegaConf.update(node, key, value)
    return build(node)
