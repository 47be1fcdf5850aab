"""The cells of a sweep, from the command line and the study that it chooses."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence

from hydra.core.override_parser.types import Glob, Override, QuotedString
from omegaconf import DictConfig, OmegaConf

from mer.config.composition import compose
from mer.config.words import parse
from mer.errors import ConfigError

__all__ = ["Cell", "distinct", "expand", "probes"]

Cell = tuple[str, ...]

_ABSENT = object()


def expand(words: Sequence[str], root: str = "config") -> tuple[list[str], list[Cell]]:
    """Return the overrides that all cells share, and those of each cell.

    A study (``sweep.grid``, ``.around``, ``.cells``, and Hydra's own ``hydra.sweeper.params``) gives cells; the values
    on the command line multiply them. A factor on the command line replaces that of the study. `root` is that of
    `compose`.

    Raises
    ------
    ConfigError
        For an invalid word, factor or level.
    """
    parsed = [parse(word) for word in words]
    shared = [word for word, override in zip(words, parsed, strict=True) if not override.is_sweep_override()]
    # As in Hydra, the last override of a setting wins.
    swept = {override.get_key_element(): _levels(override) for override in parsed if override.is_sweep_override()}
    cfg = compose(shared, with_hydra=True, root=root)
    named = {override.get_key_element().lstrip("+~") for override in parsed}
    cells = [(*own, *more) for own in _of_study(cfg, named) for more in itertools.product(*swept.values())]
    return shared, distinct(cells, cfg)


def distinct(cells: Iterable[Cell], cfg: DictConfig) -> list[Cell]:
    """Return the cells without duplicates of earlier ones; each duplicate is named on standard error.

    Two cells are equal where they set the same values, in whatever spelling: ``svm.C=1`` and ``svm.C=1.0``, or the
    value that `cfg`, composed of the words that all cells share, has anyway.
    """
    seen: dict[Hashable, Cell] = {}
    for cell in cells:
        first = seen.setdefault(_content(cell, cfg), cell)
        if first != cell:
            same, earlier = " ".join(cell) or "base", " ".join(first) or "base"
            print(f"mer: the cell {same} is equal to the cell {earlier}; it is run once", file=sys.stderr)
    return list(seen.values())


def _content(cell: Cell, cfg: DictConfig) -> Hashable:
    """Return what a cell changes in `cfg`; for another option of a group, everything that it sets."""
    values = {override.get_key_element().lstrip("+"): _value(override.value()) for override in map(parse, cell)}
    chosen = {key: _value(option) for key, option in cfg.hydra.runtime.choices.items()}
    if any(value != chosen[key] for key, value in values.items() if key in chosen):
        return frozenset(values.items())
    return frozenset((key, value) for key, value in values.items() if key not in chosen and value != _set(cfg, key))


def _set(cfg: DictConfig, key: str) -> Hashable:
    if key.startswith("~") or "/" in key or "@" in key:
        return _ABSENT
    node = OmegaConf.select(cfg, key, default=_ABSENT)
    return _ABSENT if node is _ABSENT else _value(_plain(node))


def _value(value: object) -> Hashable:
    """Return a value that compares as settings do: 1 equals 1.0, but neither true nor "1"."""
    if isinstance(value, QuotedString):
        return _value(value.text)
    if isinstance(value, Mapping):
        return frozenset((str(_value(key)), _value(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(map(_value, value))
    return ("number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__, value)


def probes(cells: Sequence[Cell]) -> list[Cell]:
    """Return a few cells that together contain every override."""
    seen: set[str] = set()
    found: list[Cell] = []
    for cell in cells:
        if not found or not seen.issuperset(cell):
            found.append(cell)
            seen |= set(cell)
    return found


def _levels(override: Override) -> list[str]:
    if isinstance(override.value(), Glob):
        raise ConfigError(f"{override.input_line}: patterns are not supported; list the options, a,b,c")
    if not override.is_discrete_sweep():
        raise ConfigError(f"{override.input_line}: a range without steps gives no cells; list the values, a,b,c")
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


def _levels_of(key: str, text: object) -> list[str]:
    override = parse(f"{key}={text}")
    return _levels(override) if override.is_sweep_override() else [f"{key}={text}"]


def _factors(kind: str, node: object, named: set[str]) -> dict[str, list[str]]:
    factors = _plain(node) or {}
    if not isinstance(factors, Mapping):
        raise ConfigError(f"sweep.{kind}: must name factors and their levels, such as {{flow: [dis, tvl1]}}")
    for key, levels in factors.items():
        if not isinstance(levels, list) or not levels:
            raise ConfigError(f"sweep.{kind}.{key}={levels}: must be a list of levels, such as [4, 8]")
    return {key: [f"{key}={_word(level)}" for level in levels] for key, levels in factors.items() if key not in named}


def _listed(node: object) -> Iterable[Cell]:
    cells = _plain(node) or []
    if not isinstance(cells, list) or not all(isinstance(cell, list) for cell in cells):
        raise ConfigError(
            "sweep.cells: must be a list with one list of overrides per cell, such as [[flow=dis], [roi=grid]]"
        )
    return [tuple(str(word) for word in cell) for cell in cells]


def _plain(node: object) -> object:
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def _word(level: object) -> str:
    """Return a value of YAML as Hydra's command line writes it."""
    if level is None or isinstance(level, bool):
        return {None: "null", True: "true", False: "false"}[level]
    if isinstance(level, list):
        return f"[{','.join(map(_word, level))}]"
    return str(level)
