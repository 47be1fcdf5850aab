"""Signals while a run is open: an end from outside becomes an exception, and never falls into a write."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

__all__ = ["exit_on_signals", "undisturbed"]


def _ending() -> list[signal.Signals]:
    """SIGTERM comes from schedulers, SIGHUP from a closed terminal; Windows has no SIGHUP."""
    return [signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit; a handler that somebody else has set stays, as ``nohup`` does."""
    ours = [s for s in _ending() if signal.getsignal(s) is signal.SIG_DFL] if _in_main_thread() else []
    for number in ours:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back the signals that end a run until the block is through, then deliver the first of them."""
    if not _in_main_thread():
        yield
        return
    held: list[int] = []
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, *_ending())}
    for number in before:
        signal.signal(number, lambda caught, _frame: held.append(caught))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if held:
            signal.raise_signal(held[0])
