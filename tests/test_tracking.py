"""The record in MLflow: what it holds, how it ends, and what a user is told when the store fails."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import posixpath
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mer.errors import ConfigError, TrackingError
from mer.tracking import UI_ENVIRONMENT, Off, Server, Sqlite, study_url, ui_command
from mer.tracking.clean import numbers, slug, steps, texts
from mer.tracking.client import experiment_id
from mer.tracking.signals import exit_on_signals, undisturbed
from tests.runs import PARAMS, TAGS, open_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "out" / "figures").mkdir(parents=True)
    (tmp_path / "out" / "folds.csv").write_text("subject\ns01\n")
    (tmp_path / "out" / "figures" / "confusion.png").write_bytes(b"picture")
    return tmp_path / "out"


def choose(writer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs written by MLflow itself, or by what writes its tables."""
    if writer == "writer.MlflowWriter":
        monkeypatch.setattr("mer.tracking.tables.KNOWN", {})


def newest(client: Any, study: str = "trial") -> Any:
    number = client.get_experiment_by_name(study).experiment_id
    return client.search_runs([number], order_by=["attributes.start_time DESC"], max_results=1)[0]


def test_a_finished_run_holds_what_was_chosen_and_what_came_out(tracking: Sqlite, client: Any, folder: Path) -> None:
    accuracy = [0.5, math.nan, 1.0]
    with open_run(tracking) as run:
        assert dict(client.get_run(run.run_id).data.params) == PARAMS  # already there if the rest crashes
        run.finish(
            metrics={"uf1": 0.625, "auc": math.nan, "odd": math.inf}, series={"fold_accuracy": accuracy}, folder=folder
        )
    kept = client.get_run(run.run_id)
    assert kept.info.status == "FINISHED"
    assert kept.info.run_name == "cell"
    assert kept.data.metrics == {"uf1": 0.625, "fold_accuracy": 1.0}
    assert kept.data.tags["commit"] == "0123abc"
    assert kept.data.tags["undefined"] == "auc, odd"
    history = client.get_metric_history(run.run_id, "fold_accuracy")
    assert sorted((row.step, row.value) for row in history) == [(0, 0.5), (2, 1.0)]
    assert {f.path for f in client.list_artifacts(run.run_id)} == {"folds.csv", "figures", "confusion.png"}
    root = Path(tracking.home) / "artifacts" / "trial" / run.run_id / "artifacts"
    assert (root / "figures" / "confusion.png").read_bytes() == b"picture"


def test_more_rows_than_one_call_of_mlflow_takes(tracking: Sqlite, client: Any, folder: Path) -> None:
    params = {f"factor{i}": str(i) for i in range(230)}
    series = {f"fold_{name}": [i / 260 for i in range(260)] for name in "abcde"}
    with open_run(tracking, params=params) as run:
        run.finish(metrics={}, series=series, folder=folder)
    assert dict(client.get_run(run.run_id).data.params) == params
    assert len(client.get_metric_history(run.run_id, "fold_e")) == 260


def test_odd_keys_and_values_are_taken(tracking: Sqlite, client: Any, folder: Path) -> None:
    odd = {
        "a@b": "1",
        "a,b": "2",
        "/x/../y": "3",
        "[k]=v": "4",
        "é/ü": "5",
        "": "6",
        "long": "x" * 900,
        "none": None,
        "e": "",
    }
    with open_run(tracking, params=odd) as run:
        run.finish(metrics={"f1/wütend, @": 0.5}, series={}, folder=folder)
    data = client.get_run(run.run_id).data
    assert data.params["a_b"] == "1"
    assert data.params["a_b_"] == "2"
    assert data.params["x/y"] == "3"
    assert data.params["é/ü"] == "5"
    assert data.params["e"] == ""
    assert len(data.params["long"]) == 500
    assert data.params["long"].endswith(" …")
    assert "none" not in data.params
    assert data.metrics == {"f1/wütend_ _": 0.5}


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("boom"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(3), "KILLED")],
)
def test_a_run_that_breaks_off_never_stays_running(
    tracking: Sqlite, client: Any, error: BaseException, status: str
) -> None:
    with pytest.raises(type(error)) as caught, open_run(tracking):
        raise error
    assert caught.value is error
    assert newest(client).info.status == status
    assert newest(client).data.params == PARAMS


def test_an_error_after_the_results_is_a_failure(tracking: Sqlite, client: Any, folder: Path) -> None:
    with pytest.raises(ValueError, match="late"), open_run(tracking) as run:
        run.finish(metrics={"uf1": 0.5}, series={}, folder=folder)
        raise ValueError("late")
    assert client.get_run(run.run_id).info.status == "FAILED"


def test_a_run_without_results_has_failed(tracking: Sqlite, client: Any) -> None:
    with open_run(tracking) as run:
        pass
    assert client.get_run(run.run_id).info.status == "FAILED"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_kills_the_run(tracking: Sqlite, client: Any, name: str) -> None:
    number = signal.Signals[name]
    with pytest.raises(SystemExit) as caught, open_run(tracking) as run:
        os.kill(os.getpid(), number)
        time.sleep(5)
    assert caught.value.code == 128 + number
    assert client.get_run(run.run_id).info.status == "KILLED"
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_handler_of_somebody_else_stays() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with exit_on_signals():
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_waits_for_the_end_of_a_write() -> None:
    done = False
    with pytest.raises(KeyboardInterrupt), undisturbed():
        os.kill(os.getpid(), signal.SIGINT)
        done = True
    assert done


@pytest.mark.parametrize("writer", ["writer.MlflowWriter", "tables.TableWriter"])
def test_a_store_that_fails_at_the_end_does_not_hide_the_error(
    tracking: Sqlite, client: Any, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    choose(writer, monkeypatch)
    with pytest.raises(ValueError, match="the cause") as caught, open_run(tracking) as run:
        monkeypatch.setattr(f"mer.tracking.{writer}.close", fail)
        raise ValueError("the cause")
    assert "No space left on device" in caught.value.__notes__[0]
    monkeypatch.undo()
    client.set_terminated(run.run_id, "FAILED")


@pytest.mark.parametrize("writer", ["writer.MlflowWriter", "tables.TableWriter"])
@pytest.mark.parametrize("call", ["metrics", "files"])
def test_a_full_disk_is_one_sentence(
    tracking: Sqlite, client: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, writer: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    choose(writer, monkeypatch)
    expected = pytest.raises(TrackingError, match=r"results were not recorded: .*No space left.*tracking=off")
    with expected as caught, open_run(tracking) as run:
        monkeypatch.setattr(f"mer.tracking.{writer}.{call}", fail)
        run.finish(metrics={"uf1": 0.5}, series={}, folder=folder)
    assert "\n" not in str(caught.value)
    assert client.get_run(run.run_id).info.status == "FAILED"


def test_a_deleted_study_says_what_to_do(tracking: Sqlite, client: Any) -> None:
    number = client.create_experiment("gone")
    client.delete_experiment(number)
    expected = rf"study=gone: .*mlflow experiments restore --experiment-id {number}.*study=NAME"
    with pytest.raises(TrackingError, match=expected), open_run(tracking, study="gone"):
        pass


def test_the_study_that_mlflow_keeps_for_itself(tracking: Sqlite) -> None:
    with pytest.raises(TrackingError, match="study=Default"), open_run(tracking, study="Default"):
        pass


@pytest.mark.parametrize("study", ["../out", "a/b c", "é@2"])
def test_any_study_name_stays_inside_the_home(tracking: Sqlite, client: Any, folder: Path, study: str) -> None:
    with open_run(tracking, study=study) as run:
        run.finish(metrics={}, series={}, folder=folder)
    inside = list((Path(tracking.home) / "artifacts").glob(f"*/{run.run_id}/artifacts/folds.csv"))
    assert len(inside) == 1


def test_a_file_that_is_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"not a database, " * 100)

    def tries_for_100_s(*_: Any) -> None:
        raise AssertionError("MLflow was asked to open it")

    monkeypatch.setattr("mer.tracking.sqlite_file.mlflow_client", tries_for_100_s)
    expected = r"mlflow\.db cannot be used .*not a database.*move it away"
    with pytest.raises(TrackingError, match=expected), open_run(Sqlite(home=str(tmp_path))):
        pass


def test_a_database_of_something_else(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as other:
        other.execute("CREATE TABLE experiments (name TEXT)")
    with pytest.raises(TrackingError, match=r"mlflow\.db cannot be opened"), open_run(Sqlite(home=str(tmp_path))):
        pass


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    inside = Sqlite(home=str(tmp_path / "file" / "home"))
    with pytest.raises(TrackingError, match=r"cannot be written: .*home=DIR or MER_HOME"), open_run(inside):
        pass


def test_the_home_is_absolute_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Sqlite(home="mer_home").home == str(tmp_path / "mer_home")
    with pytest.raises(ConfigError, match="%"):
        Sqlite(home="100%")


RUN = """
import sys
from pathlib import Path
from mer.tracking import Sqlite
with Sqlite(home=sys.argv[1]).run(study="fresh", name="n", params={"a": "1"}, tags={}) as run:
    run.finish(metrics={"uf1": 0.5}, series={"fold_accuracy": [0.0, 1.0]}, folder=Path(sys.argv[2]))
"""


def plain_environment() -> dict[str, str]:
    """Without what importing MLflow in this process has left, so that a subprocess starts as a user's does."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW") and k != "DO_NOT_TRACK"}


def test_two_processes_that_begin_on_a_fresh_store(tmp_path: Path, folder: Path) -> None:
    home = tmp_path / "my home"
    (home / "mlflow.db.new").mkdir(parents=True)
    (home / "mlflow.db.new" / "mlflow.db").write_bytes(b"left by a process that was killed")
    command = [sys.executable, "-c", RUN, str(home), str(folder)]
    started = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=plain_environment()) for _ in range(2)]
    assert [process.communicate(timeout=120) for process in started] == [("", "")] * 2
    with contextlib.closing(sqlite3.connect(home / "mlflow.db")) as store:
        assert store.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store.execute("SELECT status FROM runs").fetchall() == [("FINISHED",)] * 2
        assert store.execute("SELECT count(*) FROM experiments WHERE name = 'fresh'").fetchone() == (1,)


HANG = RUN.split("    run.finish")[0] + "    print(run.run_id, flush=True); sys.stdin.read()"


def test_a_data_set_and_a_study_that_another_run_adds_in_between(
    tracking: Sqlite, client: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow looks first and adds then, without a lock; two sweeps that begin together fell into this."""
    from mlflow.store.tracking import sqlalchemy_store

    choose("writer.MlflowWriter", monkeypatch)
    data = {"name": "synthetic", "digest": "0123", "source": "embedded"}
    waiting = ["other"]

    class Uuid:
        @staticmethod
        def uuid4() -> uuid.UUID:  # MLflow asks for it between its look and its insert
            if waiting and sys._getframe(1).f_code.co_name == "_log_inputs_impl":
                with open_run(tracking, "together", name=waiting.pop(), data=data) as other:
                    other.finish(metrics={}, series={}, folder=folder)
            return uuid.uuid4()

    monkeypatch.setattr(sqlalchemy_store, "uuid", Uuid)
    with open_run(tracking, "together", data=data) as run:
        run.finish(metrics={}, series={}, folder=folder)
    inputs = client.get_run(run.run_id).inputs.dataset_inputs
    assert not waiting and [(one.dataset.name, one.dataset.digest) for one in inputs] == [("synthetic", "0123")]

    looked = client.get_experiment_by_name
    monkeypatch.setattr(client, "get_experiment_by_name", _blind_once(looked))
    assert experiment_id(client, "together", "sqlite", None) == looked("together").experiment_id


def _blind_once(look: Any) -> Any:
    answers = iter([None])
    return lambda study: next(answers, look(study))


def test_a_run_whose_process_was_killed_is_closed_by_the_next(tracking: Sqlite, client: Any) -> None:
    command = [sys.executable, "-c", HANG, tracking.home]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().strip()
        with open_run(tracking):
            assert client.get_run(run_id).info.status == "RUNNING"  # it is alive
        process.kill()
    assert client.get_run(run_id).info.status == "RUNNING"
    study_url("http://localhost:5000", tracking.home, "fresh")
    assert client.get_run(run_id).info.status == "KILLED"
    assert list((Path(tracking.home) / "running").iterdir()) == []


def test_off_does_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with Off().run(study="s", name="n", params={}, tags={}) as run:
        run.finish(metrics={"uf1": 0.5}, series={}, folder=folder)
    assert (run.run_id, run.url_line) == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_server_that_does_not_answer() -> None:
    nobody = Server(uri="http://127.0.0.1:9").run(study="s", name="n", params={}, tags={})
    with pytest.raises(TrackingError, match=r"no MLflow server answers at http://127\.0\.0\.1:9"), nobody:
        pass
    with pytest.raises(ConfigError, match=r"tracking\.uri"):
        Server(uri="localhost:5000")


@pytest.fixture
def ui(tracking: Sqlite, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path / "server.log").open("wb")
    command = ui_command(tracking.home, "127.0.0.1", port)
    server = subprocess.Popen(command, env=os.environ | UI_ENVIRONMENT, cwd=tmp_path, stdout=log, stderr=log)
    try:
        yield _answering(f"http://127.0.0.1:{port}", server, tmp_path / "server.log")
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _answering(base: str, server: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(240):
        with contextlib.suppress(OSError):
            if fetch(f"{base}/health") == b"OK":
                return base
        assert server.poll() is None, log.read_text()
        time.sleep(0.25)
    raise AssertionError(log.read_text())


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def test_the_ui_shows_the_study(tracking: Sqlite, client: Any, folder: Path, ui: str) -> None:
    with open_run(tracking, study="shown") as run:
        run.finish(metrics={"uf1": 0.5}, series={}, folder=folder)
    number = client.get_experiment_by_name("shown").experiment_id
    assert study_url(ui, tracking.home, "shown") == f"{ui}/#/experiments/{number}/runs?workflowType=machine_learning"
    assert (
        json.loads(fetch(f"{ui}/api/2.0/mlflow/experiments/get?experiment_id={number}"))["experiment"]["name"]
        == "shown"
    )
    assert b"<html" in fetch(f"{ui}/")
    assert fetch(f"{ui}/get-artifact?run_uuid={run.run_id}&path=confusion.png") == b"picture"
    with Server(uri=ui).run(study="remote", name="n", params=PARAMS, tags=TAGS) as remote:
        remote.finish(metrics={"uf1": 0.25}, series={}, folder=folder)
    assert client.get_run(remote.run_id).info.status == "FINISHED"
    assert (Path(tracking.home) / "artifacts" / remote.url_line.split("/")[-2] / remote.run_id).is_dir()


def test_a_study_that_does_not_exist_names_those_that_do(tracking: Sqlite, folder: Path, tmp_path: Path) -> None:
    with open_run(tracking) as run:
        run.finish(metrics={}, series={}, folder=folder)
    with pytest.raises(TrackingError, match=r"study=trail: .* there are: .*trial"):
        study_url("http://localhost:5000", tracking.home, "trail")
    with pytest.raises(TrackingError, match=r"holds no mlflow\.db yet"):
        study_url("http://localhost:5000", tmp_path / "empty", "trial")
    assert not (tmp_path / "empty").exists()
    assert run.url_line == f"mer ui study=trial home={tracking.home}"


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_every_slug_is_a_key_that_mlflow_takes(key: str) -> None:
    made = slug(key)
    assert re.fullmatch(r"[/\w.\- :]{1,250}", made)
    assert posixpath.normpath(made) == made
    assert not made.startswith(("..", "/"))
    assert slug(made) == made


def test_cleaning_leaves_good_values_alone() -> None:
    assert slug("descriptor.bins") == "descriptor.bins"
    assert slug("f1/happiness") == "f1/happiness"
    assert texts({"a": "1", "b": None, "c": 2.5}) == {"a": "1", "c": "2.5"}
    assert numbers({"a": 1, "b": math.inf, "c": None, "d": math.nan}) == ({"a": 1.0}, ["b", "d"])
    assert steps({"a": [1.0, math.nan, 2.0]}) == [("a", 0, 1.0), ("a", 2, 2.0)]
