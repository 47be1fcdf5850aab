"""Progress of long tasks on stderr: a bar with the remaining time on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator

__all__ = ["QUIET", "Advance", "progress"]

QUIET = "MER_QUIET"  # set for the workers of a sweep: bars of several processes would overwrite each other

Advance = Callable[[], None]
_LINE_EVERY_S = 15.0


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Advance]:
    """Show the progress of `total` steps; yields a function to call after each step, in the same thread.

    Parameters
    ----------
    what : str
        A word or two, such as ``features``.
    total : int
    """
    if sys.stderr.isatty() and not os.environ.get(QUIET):
        with _bar(what, total) as advance:
            yield advance
    else:
        with _lines(what, total) as advance:
            yield advance


@contextlib.contextmanager
def _bar(what: str, total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    left = TextColumn("left")
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), left, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


@contextlib.contextmanager
def _lines(what: str, total: int) -> Iterator[Advance]:
    start = said = time.monotonic()
    done = 0

    def advance() -> None:
        nonlocal done, said
        done += 1
        now = time.monotonic()
        if now - said >= _LINE_EVERY_S and done < total:
            said = now
            left = (now - start) / done * (total - done)
            print(f"{what}: {done} of {total}, about {left:.0f} s left", file=sys.stderr, flush=True)

    yield advance
    if said > start:  # no line for quick tasks: a sweep has hundreds of them
        print(f"{what}: {done} of {total} in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
