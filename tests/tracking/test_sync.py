"""Trouble with MLflow: every result is kept, all are recorded afterwards, none twice, and no process is left."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mer.cli import main
from mer.tracking import UI_ENVIRONMENT, Server, settle, tell_later, ui_command, waiting
from tests.support.runs import keep_result, record

RARE = [f"dataset.frequencies.{name}=0" for name in ("anger", "fear", "sadness")]
SMALL = [
    "dataset.subjects=3",
    "dataset.clips=6",
    "dataset.size=64",
    *RARE,
    "landmarks=stored",
    "align=none",
    "flow=dis",
    "tuning=none",
    "workers=2",
]
CODE = "from mer.cli import main\nimport sys\n"


@pytest.fixture
def home(empty_store: Path, tmp_path: Path) -> Path:
    """Return a home with a store that is made already."""
    shutil.copy(empty_store, tmp_path)
    return tmp_path


def statuses(home: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(home / "mlflow.db")) as store:
        return [row[0] for row in store.execute("select status from runs where lifecycle_stage = 'active'")]


def keep(home: Path, *names: str, **more: Any) -> None:
    for name in names:
        keep_result(home, name * 8, record("trouble", name=name, **more))


def sync(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(["sync", f"home={home}"])
    said = capsys.readouterr()
    return status, said.out + said.err


def test_what_was_done_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(home, "aa", "bb")
    assert sync(home, capsys) == (0, "recorded  trouble: aa\nrecorded  trouble: bb\n")
    assert sync(home, capsys) == (0, "nothing to record: all kept runs are in MLflow\n")
    assert main(["sync", f"home={home / 'none'}"]) == 0
    assert not (home / "none").exists()


LOCK = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_locked_database(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mer.tracking.database._BUSY_S", 1.0)
    keep(home, "aa", "bb")
    command = [sys.executable, "-c", LOCK, str(home / "mlflow.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline()
        status, said = sync(home, capsys)
        assert status == 1
        assert said.count("not recorded: ") == 2 and "database is locked; end the process that keeps it" in said
        other.communicate()
    assert sync(home, capsys)[0] == 0
    assert statuses(home) == ["FINISHED"] * 2


def test_a_store_that_was_deleted_is_told_all_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(home, "aa", "bb")
    assert sync(home, capsys)[0] == 0
    for path in home.glob("mlflow.db*"):  # while this process has it open
        path.unlink()
    shutil.rmtree(home / "artifacts")
    keep(home, "cc")
    assert sync(home, capsys)[0] == 0
    assert statuses(home) == ["FINISHED"] * 3
    assert len(list(home.glob("artifacts/trouble/*/artifacts/folds.csv"))) == 3
    assert sync(home, capsys)[1].startswith("nothing to record")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 3 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("a full disk needs a small one, which only root can mount, and not in every container")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk(tmp_path: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, "aa", store=str(small_disk))
    assert sync(tmp_path, capsys)[0] == 0
    files = {"figures/confusion.png": b"x" * 100_000}
    for name in ("bb", "cc"):
        keep_result(tmp_path, name * 8, record("trouble", name=name, store=str(small_disk)), files)
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb") as filler:
        for _ in range(100):
            filler.write(b"x" * 50_000)
            filler.flush()
    status, said = sync(tmp_path, capsys)
    assert status == 1 and len(waiting(tmp_path / "results")) == 2
    assert re.search(r"No space left on device|database or disk is full|disk I/O error", said), said
    (small_disk / "filler").unlink()
    assert sync(tmp_path, capsys)[0] == 0
    assert statuses(small_disk) == ["FINISHED"] * 3


@contextlib.contextmanager
def serving(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = ui_command(home, "127.0.0.1", port)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    server = subprocess.Popen(command, env=os.environ | UI_ENVIRONMENT, cwd=home, **quiet)  # type: ignore[call-overload]
    try:
        for _ in range(480):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                break
            time.sleep(0.25)
        yield server
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(timeout=30)


def test_a_server_that_dies_in_the_middle(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri, mine = f"http://127.0.0.1:{port}", tmp_path / "mine"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    keep(mine, "aa", "bb", store=uri)
    from mlflow import MlflowClient

    logs = MlflowClient.log_artifacts
    with serving(home, port) as server:
        calls: list[str] = []

        def dies_at_the_second(self: MlflowClient, run_id: str, folder: str) -> None:
            calls.append(run_id)
            if len(calls) == 2:
                _stop(server)
            logs(self, run_id, folder)

        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, "log_artifacts", dies_at_the_second)
            status, said = sync(mine, capsys)
    assert (status, len(calls)) == (1, 2)
    assert f"no MLflow server answers at {uri}" in said
    assert sorted(statuses(home)) == ["FINISHED", "RUNNING"]
    keep(mine, "cc", store=uri)
    with serving(home, port):
        Server(uri=uri).check()
        assert sync(mine, capsys)[0] == 0
    assert statuses(home) == ["FINISHED"] * 3


def test_the_background_process_tells_and_is_used_again(home: Path) -> None:
    for name in ("aa", "bb"):
        tell_later(home, keep_result(home, name * 8, record("trouble", name=name)))
        assert settle(home) == ""
    assert statuses(home) == ["FINISHED"] * 2
    (home / "mlflow.db").write_bytes(b"no database")
    keep(home, "cc")
    assert re.fullmatch(r"kept, but not recorded in MLflow yet: .*; mer sync records it later", settle(home))


def test_a_background_process_that_is_killed_is_replaced(home: Path) -> None:
    from mer.tracking import teller

    tell_later(home, keep_result(home, "aa" * 8, record("trouble")))
    process = teller._CURRENT[0]._process
    process.send_signal(signal.SIGSTOP)
    threading.Timer(1, process.kill).start()
    assert "was killed or ran out of memory; mer sync records it later" in settle(home)
    assert settle(home) == ""
    assert statuses(home) == ["FINISHED"]


# Whole runs


def start(folder: Path, home: Path, code: str) -> subprocess.Popen[str]:
    """Start a script that has no ``if __name__ == "__main__"``."""
    script = folder / "script.py"
    script.write_text(code, encoding="utf-8")
    environment = os.environ | {"MER_HOME": str(home), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_with_default_signals,
    )


def _with_default_signals() -> None:  # nohup and shells in the background hand on that they ignore these
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def left_over(home: Path) -> list[str]:
    """Return the processes that were started with a home, by what /proc tells."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"MER_HOME={home}\0".encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_text().replace("\0", " "))
    return found


def gone(home: Path) -> bool:
    ends = time.monotonic() + 90
    while left_over(home) and time.monotonic() < ends:
        time.sleep(0.2)
    return not left_over(home)


def test_a_run_that_is_killed_before_mlflow_was_told(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = "import mer.run.execute, os\nmer.run.execute.tell_later = lambda *_: os.kill(os.getpid(), 9)\n"
    words = ["run", "-m", *SMALL, "study=killed", f"hydra.sweep.dir={home / 'out'}"]
    with start(home, home, f"{killed}{CODE}sys.exit(main({words!r}))") as victim:
        said = victim.communicate(timeout=500)[0]
    assert victim.returncode == -signal.SIGKILL, said
    assert statuses(home) == [] and len(waiting(home / "results")) == 1
    assert sys.platform != "linux" or gone(home), left_over(home)
    monkeypatch.setenv("MER_HOME", str(home))
    assert main(words) == 0
    assert "1 kept" in capsys.readouterr().out
    assert statuses(home) == ["FINISHED"]
    # A run whose store fails is kept, ends well and says what to do.
    (home / "mlflow.db").write_bytes(b"no database")
    with start(home, home, f"{CODE}sys.exit(main({['run', *SMALL, 'study=killed']!r}))") as script:
        said = script.communicate(timeout=500)[0]
    assert script.returncode == 0, said
    assert said.count("mer: kept, but not recorded in MLflow yet: ") == 1 and said.count("mer sync records it") == 1
    assert said.count("computed  ") == 1  # the script ran once, in no worker


BUSY = """
import time
from mer.store.background import submit
from mer.loso import workers
from mer.tracking import exit_on_signals, warm
from tests.support.tables import blobs
from tests.loso.test_loso import nested, run

def sleep(job, split):
    time.sleep(600)

workers.run_fold = sleep
warm()
workers.warm()
submit("figures", time.sleep, 0.1).result()
print("ready", flush=True)
with exit_on_signals():
    run(blobs(), tuning=nested(), workers=2)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_no_process_is_left(tmp_path: Path, name: str) -> None:
    with start(tmp_path, tmp_path, BUSY) as script:
        assert script.stdout is not None
        assert script.stdout.readline() == "ready\n", script.stdout.read()
        assert len(left_over(tmp_path)) >= 4
        time.sleep(1)
        script.send_signal(signal.Signals[name])
        script.wait(timeout=90)
    assert script.returncode != 0
    assert gone(tmp_path), left_over(tmp_path)
