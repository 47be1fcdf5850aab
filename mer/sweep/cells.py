"""Which cells a sweep has: from the words of the command line, and from the study that they choose."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from mer.config import compose
from mer.errors import ConfigError

__all__ = ["Cell", "expand", "parse", "probes"]

Cell = tuple[str, ...]


def parse(word: str) -> Override:
    """Read one override.

    Raises
    ------
    ConfigError
        Where it is not one.
    """
    try:
        return OverridesParser.create().parse_override(word)
    except HydraException as error:
        raise ConfigError(
            f"{word}: not understood ({' '.join(str(error).split())}); write group.setting=value"
        ) from error


def expand(words: Sequence[str]) -> tuple[list[str], list[Cell]]:
    """Return the overrides that all cells share, and those of each cell.

    A study (``sweep.grid``, ``.around``, ``.cells``, and Hydra's own ``hydra.sweeper.params``) gives cells; the values
    on the command line multiply them. A factor that the command line names is taken from there alone.

    Raises
    ------
    ConfigError
        For a word, a factor or a level that cannot be.
    """
    parsed = [parse(word) for word in words]
    shared = [word for word, override in zip(words, parsed, strict=True) if not override.is_sweep_override()]
    # As with Hydra, the last word on a setting counts.
    swept = {override.get_key_element(): _levels(override) for override in parsed if override.is_sweep_override()}
    cfg = compose(shared, with_hydra=True)
    named = {override.get_key_element().lstrip("+~") for override in parsed}
    cells = [(*own, *more) for own in _of_study(cfg, named) for more in itertools.product(*swept.values())]
    return shared, list(dict.fromkeys(cells))


def probes(cells: Sequence[Cell]) -> list[Cell]:
    """Return few cells that together hold every override of all."""
    seen: set[str] = set()
    found: list[Cell] = []
    for cell in cells:
        if not found or not seen.issuperset(cell):
            found.append(cell)
            seen |= set(cell)
    return found


def _levels(override: Override) -> list[str]:
    if not override.is_discrete_sweep():
        raise ConfigError(f"{override.input_line}: a range without steps makes no cells; list the values, a,b,c")
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]


def _of_study(cfg: DictConfig, named: set[str]) -> list[Cell]:
    sweep = cfg.sweep
    grid = _factors("grid", sweep.grid, named)
    grid |= {
        key: _levels_of(key, text) for key, text in (cfg.hydra.sweeper.get("params") or {}).items() if key not in named
    }
    around = _factors("around", sweep.around, named)
    cells: list[Cell] = list(itertools.product(*grid.values())) if grid else []
    if around:
        cells += [(), *((word,) for words in around.values() for word in words)]
    return [*cells, *_listed(sweep.cells)] or [()]


def _levels_of(key: str, text: Any) -> list[str]:
    override = parse(f"{key}={text}")
    return _levels(override) if override.is_sweep_override() else [f"{key}={text}"]


def _factors(kind: str, node: Any, named: set[str]) -> dict[str, list[str]]:
    factors = _plain(node) or {}
    if not isinstance(factors, Mapping):
        raise ConfigError(f"sweep.{kind}: must name factors and their levels, such as {{flow: [dis, tvl1]}}")
    for key, levels in factors.items():
        if not isinstance(levels, list) or not levels:
            raise ConfigError(f"sweep.{kind}.{key}={levels}: must be a list of levels, such as [4, 8]")
    return {key: [f"{key}={_word(level)}" for level in levels] for key, levels in factors.items() if key not in named}


def _listed(node: Any) -> Iterable[Cell]:
    cells = _plain(node) or []
    if not isinstance(cells, list) or not all(isinstance(cell, list) for cell in cells):
        raise ConfigError(
            "sweep.cells: must be a list with one list of overrides a cell, such as [[flow=dis], [roi=grid]]"
        )
    return [tuple(str(word) for word in cell) for cell in cells]


def _plain(node: Any) -> Any:
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def _word(level: Any) -> str:
    """Return a value of YAML as Hydra's command line writes it."""
    if level is None or isinstance(level, bool):
        return {None: "null", True: "true", False: "false"}[level]
    if isinstance(level, list):
        return f"[{','.join(map(_word, level))}]"
    return str(level)
