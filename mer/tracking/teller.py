"""The background process that records runs in MLflow: it imports MLflow while the run computes.

It reads one line of JSON per request, and answers with one line if an answer is awaited. Its input ends with the main
process, however that ends; it then finishes its work and ends, too. Ctrl-C does not reach it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import mer
from mer.errors import MerError
from mer.tracking.client import quieten
from mer.tracking.stores import store_at
from mer.tracking.sync import Report, sync

__all__ = ["open_later", "serve", "settle", "tell_later", "warm"]

_CODE = "from mer.tracking.teller import serve; serve()"
_LAST_S = 0.5
_GONE = "the background process that records runs was killed or ran out of memory"


class _Teller:
    def __init__(self) -> None:
        path = [str(Path(mer.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
            start_new_session=True,  # a terminal sends Ctrl-C to all of the run's own
        )
        self.owner = os.getpid()

    def send(self, home: Path, **request: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # where it is gone, there will be no answer
            self._process.stdin.write(json.dumps({"home": str(home)} | request).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self) -> Report:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return Report(**json.loads(line))

    def end(self) -> None:
        """Send no more requests, and wait a moment for it to end unless it is still recording."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_S)

    @property
    def usable(self) -> bool:
        return self.owner == os.getpid() and self._process.poll() is None


_CURRENT: list[_Teller] = []


def warm() -> None:
    """Start the background process, which imports MLflow."""
    _teller()


def open_later(home: Path, store: str) -> None:
    """Have the store opened, so that it is ready when there is something to record."""
    _teller().send(home.absolute(), store=store)


def tell_later(home: Path, record: Path) -> None:
    """Have a run recorded while this process goes on."""
    _teller().send(home.absolute(), record=str(record))


def settle(home: Path) -> str:
    """Wait until all runs in `home` are recorded; return what could not be, as a sentence, or nothing."""
    teller = _teller()
    teller.send(home.absolute())
    try:
        return teller.answer().sentence()
    except EOFError:
        _end()
        return Report(problems=[_GONE]).sentence()
    except BaseException:  # interrupted: half an answer may have been read
        _end()
        raise


def _teller() -> _Teller:
    if not (_CURRENT and _CURRENT[0].usable):
        _end()
        _CURRENT[:] = [_Teller()]
    return _CURRENT[0]


@atexit.register
def _end() -> None:
    if _CURRENT and _CURRENT[0].owner == os.getpid():
        _CURRENT.pop().end()


def serve() -> None:
    """Be the background process."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    _import_mlflow()
    for line in sys.stdin:
        report = _obey(json.loads(line))
        if report is not None:
            with contextlib.suppress(OSError):  # the process that asked is gone
                answers.write(json.dumps({"told": report.told, "problems": report.problems}) + "\n")
                answers.flush()
    os._exit(0)  # to take MLflow's libraries apart costs time


def _import_mlflow() -> None:
    quieten()
    gc.disable()  # a tenth of the time of this import
    with contextlib.suppress(Exception):  # the first request says so
        import mlflow  # noqa: F401
    gc.enable()


def _obey(request: dict[str, str]) -> Report | None:
    """Answer one request; a failure is tried again, and reported, if an answer is awaited."""
    home = Path(request["home"])
    if "record" in request:
        sync(home, [Path(request["record"])])
    elif "store" in request:
        with contextlib.suppress(MerError), store_at(request["store"], home).open():
            pass
    else:
        return sync(home)
    return None
