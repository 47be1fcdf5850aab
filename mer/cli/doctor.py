"""`mer doctor`: check the versions, the store and the cache, and say how to fix problems."""

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
    """Run all checks and print one line per check."""
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
        print(f"{name:<10}{_count(len(found))}")
        for what, advice in found:
            print(f"{'':<10}{what}\n{'':<12}-> {advice}")
    print(f"{'home':<10}{home}")
    return 1 if wrong else 0


def _count(problems: int) -> str:
    return "ok" if not problems else "1 problem" if problems == 1 else f"{problems} problems"


def _versions() -> Iterator[Problem]:
    from packaging.requirements import InvalidRequirement, Requirement

    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield f"Python {sys.version.split()[0]}", "install Python 3.11 to 3.13, which mer supports"
    for line in requires("micro-expression") or []:
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
            yield f"{wanted.name} {found} is installed, but mer needs {wanted.specifier}", f"pip install '{wanted}'"


def _folder(home: Path) -> Iterator[Problem]:
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if not there.is_dir():
        yield f"{there} is a file", "choose another folder with MER_HOME or home=DIR"
        return
    if not os.access(there, os.W_OK):
        yield f"{there} cannot be written", "choose a writable folder with MER_HOME or home=DIR"
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
            f"{len(bad)} of the first {_SAMPLE} cache entries are damaged, such as {bad[0]}",
            "no action needed, they are computed again; mer cache verify checks all entries",
        )


COMMAND = Command(
    help="check the store, the cache and the versions, and say how to fix problems",
    description="Checks the Python packages, MER_HOME, its MLflow store and a sample of the cache. "
    "Lists\nproblems and how to fix them, and changes nothing. Exit status 1 if there is a problem.",
    fill=Parser.home,
    run=_run,
)
