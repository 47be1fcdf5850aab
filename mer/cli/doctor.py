"""`mer doctor`: what is wrong with the versions, the store or the cache, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import islice
from pathlib import Path

from mer.cli.command import Command, Parser

__all__ = ["COMMAND"]

_ROOM_GB = 2.0
_SAMPLE = 300  # cache entries

Problem = tuple[str, str]


def _run(asked: Namespace) -> int:
    """Go through all checks, print each in a line."""
    home = Path(asked.home)
    wrong = 0
    for name, problems in (
        ("versions", _versions()),
        ("folder", _folder(home)),
        ("store", _store(home)),
        ("cache", _cache(home)),
    ):
        found = list(problems)
        wrong += len(found)
        print(f"{name:<10}{'in order' if not found else f'{len(found)} wrong'}")
        for what, advice in found:
            print(f"{'':<10}{what}\n{'':<12}-> {advice}")
    print(f"{'home':<10}{home}")
    return 1 if wrong else 0


def _versions() -> Iterator[Problem]:
    from packaging.requirements import InvalidRequirement, Requirement

    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield f"Python {sys.version.split()[0]}", "mer is made for 3.11 to 3.13"
    for line in requires("mer") or []:
        try:
            wanted = Requirement(line)
            if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
                continue
            found = version(wanted.name)
        except InvalidRequirement:
            continue
        except PackageNotFoundError:
            yield f"{wanted.name} is not installed", f"pip install '{wanted}'"
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            yield f"{wanted.name} {found} is installed, and mer wants {wanted.specifier}", f"pip install '{wanted}'"


def _folder(home: Path) -> Iterator[Problem]:
    if {"%", "?"} & set(str(home)):
        yield f"{home} holds a % or ?, which the address of a database cannot", "choose another MER_HOME or home=DIR"
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if not there.is_dir():
        yield f"{there} is a file", "choose another folder with MER_HOME or home=DIR"
        return
    if not os.access(there, os.W_OK):
        yield f"{there} cannot be written", "choose a folder of your own with MER_HOME or home=DIR"
    free = shutil.disk_usage(there).free / 1e9
    if free < _ROOM_GB:
        yield f"{free:.1f} GB are free on the disk of {there}", "free some space, or set MER_HOME to a larger disk"


def _store(home: Path) -> Iterator[Problem]:
    from mer.tracking import store_problems

    return store_problems(home)


def _cache(home: Path) -> Iterator[Problem]:
    from mer.store.cache import read_entry

    entries = islice(sorted((home / "cache").glob("*/*/*.npy")), _SAMPLE)
    bad = [path for path in entries if read_entry(path) is None]
    if bad:
        yield (
            f"{len(bad)} cache entries of the first {_SAMPLE} are torn or altered, such as {bad[0]}",
            "nothing need be done, they are computed again; mer cache verify goes through all of them",
        )


COMMAND = Command(
    help="check the store, the cache and the versions, and say how to mend them",
    description="Looks at the Python packages, at MER_HOME, at the MLflow store in it and at a sample of the cache. "
    "Says what\nis wrong and what to do about it, and changes nothing. Exit status 1 where something is wrong.",
    fill=Parser.home,
    run=_run,
)
