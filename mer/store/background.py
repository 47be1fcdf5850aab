"""Executors of one background process each, for work whose libraries take seconds to import.

They are loky's, not those of the standard library: these import the user's script again in every worker, so that a
script without ``if __name__ == "__main__"`` would start itself.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TypeVar

from mer.errors import MerError

__all__ = ["end_all", "end_with_parent", "result_of", "started", "submit"]

_Value = TypeVar("_Value")
_LOOK_EVERY_S = 0.5

# By kind of work and by process: a forked process must not use its parent's.
_EXECUTORS: dict[tuple[str, int], Executor] = {}


def submit(kind: str, function: Callable[..., _Value], *arguments: object) -> Future[_Value]:
    """Have a function called by the background process of this kind, which is started on first use."""
    place = kind, os.getpid()
    if place not in _EXECUTORS:
        _EXECUTORS[place] = _start()
    try:
        future = _EXECUTORS[place].submit(function, *arguments)
    except BrokenExecutor:  # it was killed since it was used last
        _EXECUTORS[place] = _start()
        future = _EXECUTORS[place].submit(function, *arguments)
    return future


def started(kind: str) -> bool:
    """Return whether this process has started the background process of this kind."""
    return (kind, os.getpid()) in _EXECUTORS


def result_of(future: Future[_Value], what: str) -> _Value:
    """Wait for what a background process computes.

    Raises
    ------
    MerError
        If the process was killed; `what` says what is missing now.
    """
    try:
        return future.result()
    except BrokenExecutor as error:
        raise MerError(
            f"{what}: its background process was killed or ran out of memory; run again, what was computed is kept"
        ) from error


def end_with_parent(parent: int) -> None:
    """Initialise a worker: it ends when its parent is gone, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _start() -> Executor:
    from joblib.externals.loky import ProcessPoolExecutor

    executor: Executor = ProcessPoolExecutor(max_workers=1, initializer=end_with_parent, initargs=(os.getpid(),))
    with _signals_blocked():
        executor.submit(os.getpid)  # starts the process
    return executor


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Start processes with the signals of the terminal blocked: Ctrl-C reaches all, and the parent alone acts on it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@atexit.register
def end_all() -> None:
    """End the background processes of this process."""
    for place in [place for place in _EXECUTORS if place[1] == os.getpid()]:
        _EXECUTORS.pop(place).shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]  # an option of loky alone
