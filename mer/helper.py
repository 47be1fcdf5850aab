"""Processes beside ours for what takes seconds to import, MLflow and matplotlib, so that it takes another core.

Requests and answers go through a helper's own input and output. It does not hear Ctrl-C nor signals: the process that
asks decides what is to end, and says so. Where that process is killed outright, `Channel.request` raises.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import mer
from mer.errors import DataError, MerError, reason

__all__ = [
    "Channel",
    "Deserted",
    "GoneError",
    "Helper",
    "answer_with",
    "helper",
    "portable",
    "ready",
    "serve",
    "warm_up",
]

_LAST_S = 0.5
_CODE = "from mer.helper import serve; serve()"


class GoneError(MerError):
    """A helper was killed."""


class Helper:
    """Our end: starts the process and talks to it; every request has one answer."""

    def __init__(self) -> None:
        path = [str(Path(mer.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
            process_group=0,  # until it ignores signals: a terminal sends Ctrl-C to all of the run's group
        )
        self._owner = os.getpid()
        self._awaited = 0
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def idle(self) -> bool:
        """Whether it is alive, owes no answer, and is ours: after a fork two processes would talk at once."""
        left = self._process.stdin is None or self._process.stdin.closed
        return self._owner == os.getpid() and not left and not self._awaited and self._process.poll() is None

    @property
    def answered(self) -> bool:
        """Whether an answer waits to be taken."""
        return not self._answers.empty()

    def send(self, *request: Any) -> None:
        """Have a function called, with the helper's `Channel` and arguments; its `answer` is taken later."""
        self._awaited += 1
        self.tell(*request)

    def tell(self, *request: Any) -> None:
        """Have a function called that does not answer."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # where it is gone, the answer says so
            pickle.dump(request, self._process.stdin)
            self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the answer to the oldest request; raise it where it is an error.

        Raises
        ------
        GoneError
            Where the process was killed; whoever asked knows what it did, and tells the user.
        """
        found = self._answers.get()
        if isinstance(found, EOFError):
            self._answers.put(found)  # for whoever asks next
            raise GoneError("a process that helps this one was killed or ran out of memory; run again") from None
        self._awaited -= 1
        if isinstance(found, BaseException):
            raise found
        return found

    def leave(self) -> None:
        """Ask for nothing any more: the process ends, and closes a run that is open as killed."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def end(self) -> None:
        """Leave, and give it a moment to end, which it takes unless it still imports."""
        self.leave()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_S)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                self._answers.put(pickle.load(self._process.stdout))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._answers.put(EOFError())
        finally:
            self._process.stdout.close()
            self._process.wait()


# By what they do: their libraries are imported, so that the next run of this process takes one of them.
_IDLE: defaultdict[str, list[Helper]] = defaultdict(list)


@contextlib.contextmanager
def helper(kind: str) -> Iterator[Helper]:
    """Lend a helper of this process; one that owes an answer afterwards is left to end by itself."""
    lent = _free(kind)
    try:
        yield lent
    finally:
        if lent.idle:
            _IDLE[kind].append(lent)
        else:
            lent.leave()


def ready(kind: str) -> bool:
    """Tell whether a helper was started that has nothing to do."""
    return any(found.idle for found in _IDLE[kind])


def warm_up(kind: str, work: Callable[[Channel], None]) -> None:
    """Start a helper and have it do `work`, which does not answer, such as the imports that are needed later."""
    with helper(kind) as idle:
        idle.tell(work)


@atexit.register
def _end_all() -> None:
    for idle in _IDLE.values():
        while idle:
            idle.pop().end()


def _free(kind: str) -> Helper:
    while _IDLE[kind]:
        found = _IDLE[kind].pop()
        if found.idle:
            return found
    return Helper()


class Deserted(SystemExit):
    """The process that asked is gone."""


class Channel:
    """The helper's end."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self._requests, self._answers = requests, answers

    def request(self) -> tuple[Any, ...]:
        """Wait for a request."""
        try:
            found: tuple[Any, ...] = pickle.load(self._requests)
        except (EOFError, pickle.UnpicklingError):  # the second where it was killed while it asked
            raise Deserted("the process of the run was killed") from None
        return found

    def answer(self, value: Any) -> None:
        """Answer; an exception is raised over there."""
        try:
            pickle.dump(value, self._answers)
            self._answers.flush()
        except OSError:
            raise Deserted("the process of the run was killed") from None


def serve() -> None:
    """Be a helper: do what is asked until nobody can ask any more."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(signal.Signals[name], signal.SIG_IGN)
    channel = Channel(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # what a library prints is no answer
    gc.disable()  # a tenth of the time of the large imports to come
    try:
        while True:
            work, *arguments = channel.request()
            work(channel, *arguments)
            gc.enable()
    except Deserted:
        os._exit(0)  # to take the libraries apart would cost its owner's shell time


def answer_with(channel: Channel, call: Callable[..., Any], *arguments: Any) -> None:
    """Answer with what `call` returns or raises; ask it of a helper with ``send(answer_with, call, ...)``."""
    try:
        value = call(*arguments)
    except Exception as error:
        value = portable(error)
    channel.answer(value)


def portable(error: Exception) -> Exception:
    """Return an error that can be sent to the other process and be told to a user."""
    if isinstance(error, MerError):
        return error
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return DataError(f"{place}{reason(error)}; check the path, its rights and the space on its disk")
    return MerError(f"a fault of mer itself, {type(error).__name__}: {error}; please report it")
