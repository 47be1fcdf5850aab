"""`mer cache`: what the stage cache holds, whether it is sound, and room on the disk."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from mer.cache import Cache
from mer.cli.arguments import take_settings
from mer.errors import ConfigError

__all__ = ["USAGE", "main"]

USAGE = """usage: mer cache ls     [home=DIR]
       mer cache verify [home=DIR]
       mer cache gc     [home=DIR] gb=20

  ls      entries, size and age of every stage
  verify  reads every file against its checksum and removes what is damaged; it is computed again when next needed
  gc      removes the least recently used entries until at most gb= gigabytes are left; nothing that a run works on

The cache lies in MER_HOME/cache (./mer_home/cache). A limit for good: cache_gb=20 in any mer run.
"""

_GB = 1e9


def main(arguments: Sequence[str]) -> int:
    """Do what the first word says."""
    actions = {"ls": _ls, "verify": _verify, "gc": _gc}
    if not arguments or arguments[0] not in actions:
        named = f"mer cache {arguments[0]}: not understood" if arguments else "mer cache: what shall be done?"
        raise ConfigError(f"{named}; there are {', '.join(actions)} (mer cache --help)")
    return actions[arguments[0]](arguments[1:])


def _ls(arguments: Sequence[str]) -> int:
    from mer.cache_upkeep import items

    root = _root(_given(arguments))
    stages: dict[str, list[tuple[int, float]]] = {}
    for item in items(_cache(root)):
        stages.setdefault(item.stage, []).append((item.size, item.used))
    print(f"{'stage':<12} {'entries':>8} {'MB':>10}  last used")
    for stage, found in stages.items():
        size, used = sum(size for size, _ in found), max(used for _, used in found)
        print(
            f"{stage:<12} {len(found):>8} {size / 1e6:>10.1f}  {time.strftime('%Y-%m-%d %H:%M', time.localtime(used))}"
        )
    total = sum(size for found in stages.values() for size, _ in found)
    print(f"{'all':<12} {sum(map(len, stages.values())):>8} {total / 1e6:>10.1f}  in {root}")
    return 0


def _verify(arguments: Sequence[str]) -> int:
    from mer.cache_upkeep import intact, items, remove
    from mer.sweep.results import Results

    root = _root(_given(arguments))
    cache, checked, damaged = _cache(root), 0, 0
    for item in items(cache):
        checked += 1
        if not intact(item):
            damaged += 1
            said = "removed" if remove(cache, item) else "in use, left to its run"
            print(f"{item.stage} {item.path.stem}: damaged, {said}")
    for key in Results(root=root.parent / "results").damaged():
        damaged += 1
        print(f"result {key}: damaged, the next sweep that has this cell computes it again")
    print(f"{checked} entries checked, {damaged} damaged")
    return 0


def _gc(arguments: Sequence[str]) -> int:
    from mer.cache_upkeep import trim

    given = _given(arguments, gb="")
    try:
        limit = float(given["gb"])
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise ConfigError(f"gb={given['gb']}: mer cache gc needs the size to keep in gigabytes, such as gb=20")
    done = trim(_cache(_root(given)), int(limit * _GB))
    busy = f"; {done.in_use} in use were left" if done.in_use else ""
    print(f"{done.removed} entries removed, {done.freed / 1e6:.1f} MB freed, {done.left / 1e6:.1f} MB left{busy}")
    return 0


def _given(arguments: Sequence[str], **more: str) -> dict[str, str]:
    return take_settings(arguments, {"home": os.environ.get("MER_HOME", "mer_home"), **more})


def _root(given: dict[str, str]) -> Path:
    return Path(given["home"]).expanduser().absolute() / "cache"


def _cache(root: Path) -> Cache:
    return Cache(root=root)
