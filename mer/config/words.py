"""Read overrides, and refuse those that Hydra accepts but that have no effect."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from mer.config.catalogue import conf_dir, options
from mer.errors import ConfigError

__all__ = ["parse", "plain_value", "refuse_impossible", "refuse_unread"]

_NO_NAME = re.compile(r"(null|true|false|[-+]?\d[\d._]*(e[-+]?\d+)?)?", re.IGNORECASE)
_OF_HYDRA = re.compile(r"hydra(\.(launcher|sweeper|run|sweep|job))?")


@lru_cache(maxsize=4096)  # every cell of a grid repeats the same words
def parse(word: str) -> Override:
    """Parse one override.

    Raises
    ------
    ConfigError
        If it is not an override.
    """
    try:
        return OverridesParser.create().parse_override(word)
    except HydraException as error:
        raise ConfigError(
            f"{word}: not understood ({' '.join(str(error).split())}); write group.setting=value"
        ) from error


def plain_value(word: str) -> tuple[str, Any] | None:
    """Return setting and value of an override ``group.setting=value``; None for an override of another kind."""
    if not re.match(r"\w+\.[\w.]+=", word) or word.startswith(("hydra.", "sweep.")):
        return None
    override = parse(word)
    return None if override.is_sweep_override() else (override.key_or_group, override.value())


def refuse_impossible(overrides: Sequence[str]) -> None:
    """Refuse, before composing, overrides that cause an internal error in Hydra.

    Raises
    ------
    ConfigError
        For a deleted stage, an option that is not a name, and a group of Hydra written as a setting.
    """
    for word in overrides:
        name, equals, value = word.partition("=")
        if not name:
            raise ConfigError(f"{word}: not understood; write group.setting=value")
        if word.startswith("~"):
            _refuse_deletion(word, name[1:].partition("@")[0])
        if name == "sweep" and not value.startswith("{"):
            raise ConfigError(f"{word}: not understood; write sweep.NAME=VALUE, such as sweep.plan=true")
        group = name.lstrip("+")
        if equals and _OF_HYDRA.fullmatch(group):
            step = f"{group.replace('.', '/')}={value}" if group.endswith("er") else f"{group}.NAME=VALUE"
            raise ConfigError(f"{word}: not understood; write {step}")
        if equals and _is_group(group) and (_NO_NAME.fullmatch(value) or value.startswith("{")):
            step = f"; a setting of it is {group}.NAME=VALUE" if value.startswith("{") else ""
            known = ", ".join(options(group))
            can_be = f"no such option; choose one of {known}" if known else "must be the name of an option"
            raise ConfigError(f"{group}={value}: {can_be}{step}")


def _is_group(name: str) -> bool:
    return "/" in name or bool(options(name))


def _refuse_deletion(word: str, name: str) -> None:
    """Refuse to delete a stage or a general setting, which every run reads; only entries inside a stage may be."""
    if "." in name and not name.startswith("hydra."):
        return
    step = f"{name}=none switches it off" if "none" in options(name) else "change its value instead"
    raise ConfigError(f"{word}: cannot be removed, because every run uses it; {step}")


def refuse_unread(overrides: Sequence[str], cfg: DictConfig, root: str) -> None:
    """Refuse settings that were added with ``+`` but are not used.

    A setting is read where the root file of `conf/` has it, where its component takes it, or where another value refers
    to it as ``${name}``.

    Raises
    ------
    ConfigError
        For the first unused setting.
    """
    for word in (word for word in overrides if word.startswith("+")):
        group, _, package = word.partition("=")[0].lstrip("+").partition("@")
        name = package or group
        if _is_added(name, cfg, root) and not _is_referred_to(name, cfg):
            step = (
                f"a setting of a stage is group.{name}=VALUE"
                if "." not in name and not options(name)
                else "leave it out"
            )
            raise ConfigError(f"{word}: the setting {name} is not used anywhere; {step}")


def _is_added(name: str, cfg: DictConfig, root: str) -> bool:
    """Return whether a setting exists, but neither in the root file nor in a component that accepts it."""
    top, *inner = name.split(".")
    if top == "hydra" or top not in cfg:  # Hydra has a schema; a group with `@package _global_` has no node of its own
        return False
    file = _root_file(root)
    stages = {str(key).split()[-1] for item in file.defaults if OmegaConf.is_dict(item) for key in item}
    if top in stages:
        return bool(inner) and "_target_" not in cfg[top]
    parent, _, last = name.rpartition(".")
    node = OmegaConf.select(file, parent) if parent else file
    return not (OmegaConf.is_dict(node) and last in node)


def _root_file(root: str) -> Any:
    """Return a root file of `conf/`, with the settings of those that it begins with."""
    file: Any = OmegaConf.load(conf_dir() / f"{root}.yaml")
    bases = [name for name in file.defaults if isinstance(name, str) and name != "_self_"]
    return OmegaConf.merge(*(OmegaConf.load(conf_dir() / f"{name}.yaml") for name in bases), file)


def _is_referred_to(name: str, cfg: DictConfig) -> bool:
    last = re.escape(name.rpartition(".")[2])
    return bool(re.search(rf"\$\{{[^}}]*\b{last}\b", OmegaConf.to_yaml(cfg)))
