"""Signals that end a process become an exception, so that temporary folders are removed and tables are kept."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

__all__ = ["exit_on_signals"]


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit; a handler that is already set stays, as ``nohup`` does."""
    in_main = threading.current_thread() is threading.main_thread()
    ours = [number for number in _ending() if signal.getsignal(number) is signal.SIG_DFL] if in_main else []
    for number in ours:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _ending() -> list[signal.Signals]:
    """SIGTERM comes from schedulers, SIGHUP from a closed terminal; Windows has no SIGHUP."""
    return [signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
