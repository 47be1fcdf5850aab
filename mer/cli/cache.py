"""`mer cache`: list, verify and trim the stage cache."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mer.cli.command import Command, Group, Parser
from mer.errors import ConfigError

if TYPE_CHECKING:
    from mer.store.cache import Cache

__all__ = ["COMMAND"]

_GB = 1e9


def _ls(asked: Namespace) -> int:
    from mer.store.upkeep import items

    root = _root(asked)
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


def _verify(asked: Namespace) -> int:
    from mer.store.results import Results
    from mer.store.upkeep import intact, items, remove

    root = _root(asked)
    cache, checked, damaged = _cache(root), 0, 0
    for item in items(cache):
        checked += 1
        if not intact(item):
            damaged += 1
            said = "removed" if remove(cache, item) else "in use by a run, not removed"
            print(f"{item.stage} {item.path.stem}: damaged, {said}")
    for key in Results(root=root.parent / "results").damaged():
        damaged += 1
        print(f"result {key}: damaged; the next sweep with this cell computes it again")
    print(f"{checked} entries checked, {damaged} damaged")
    return 0


def _gc(asked: Namespace) -> int:
    from mer.store.upkeep import trim

    try:
        limit = float(asked.gb)
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise ConfigError(f"gb={asked.gb}: must be the size to keep in gigabytes, such as gb=20")
    done = trim(_cache(_root(asked)), int(limit * _GB))
    busy = f"; {done.in_use} in use were not removed" if done.in_use else ""
    print(f"{done.removed} entries removed, {done.freed / 1e6:.1f} MB freed, {done.left / 1e6:.1f} MB left{busy}")
    return 0


def _root(asked: Namespace) -> Path:
    return Path(asked.home) / "cache"


def _cache(root: Path) -> Cache:
    from mer.store.cache import Cache

    return Cache(root=root)


def _fill_gc(parser: Parser) -> None:
    parser.home()
    parser.setting("gb", "the size that the cache may keep, in gigabytes", metavar="NUMBER")


COMMAND = Group(
    help="list, verify or trim the stage cache",
    description="The cache is in MER_HOME/cache (./mer_home/cache). cache_gb=20 in any mer run sets a limit that is "
    "applied\nafter each run.",
    actions={
        "ls": Command(help="entries, size and age of every stage", fill=Parser.home, run=_ls),
        "verify": Command(
            help="check every file against its checksum and remove damaged ones",
            description="Checks every file against its checksum and removes damaged ones; they are computed again when "
            "next needed.",
            fill=Parser.home,
            run=_verify,
        ),
        "gc": Command(
            help="remove the least recently used entries until at most gb= gigabytes are left",
            description="Removes the least recently used entries, except those in use by a run, until at most gb= "
            "gigabytes are left.",
            examples="  mer cache gc gb=20\n",
            fill=_fill_gc,
            run=_gc,
        ),
    },
)
