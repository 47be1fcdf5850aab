"""What MLflow is told of a run: what it then holds, that it is told once, and what a user is told of the store."""

from __future__ import annotations

import contextlib
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
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from mer.errors import ConfigError, DataError, TrackingError
from mer.store.results import Results
from mer.tracking import (
    UI_ENVIRONMENT,
    Off,
    Record,
    Server,
    Sqlite,
    exit_on_signals,
    is_recorded,
    study_url,
    ui_command,
    waiting,
)
from mer.tracking import sync as told
from mer.tracking.clean import numbers, slug, steps, texts
from mer.tracking.client import experiment_id
from tests.support.runs import PARAMS, fail, keep_result, record


@pytest.fixture
def home(tracking: Sqlite) -> Path:
    return Path(tracking.home)


def runs(client: Any, study: str) -> list[Any]:
    found = client.get_experiment_by_name(study)
    return [] if found is None else list(client.search_runs([found.experiment_id]))


def sync(home: Path, **more: Any) -> None:
    report = told(home, **more)
    assert not report.problems


def key() -> str:
    return uuid.uuid4().hex


def test_mlflow_holds_what_was_chosen_and_what_came_out(home: Path, client: Any) -> None:
    accuracy = [0.5, math.nan, 1.0]
    metrics = {"uf1": 0.625, "auc": math.nan, "odd": math.inf}
    data = {"name": "synthetic", "digest": "0123", "source": "embedded"}
    more = {"series": {"fold_accuracy": accuracy}, "data": data, "texts": {"per_subject.csv": "s\n"}}
    keep_result(home, key(), record("whole", metrics=metrics, **more))
    sync(home)
    (kept,) = runs(client, "whole")
    assert (kept.info.status, kept.info.run_name) == ("FINISHED", "cell")
    assert (kept.info.start_time, kept.info.end_time) == (1000, 2000)
    assert dict(kept.data.params) == PARAMS
    assert kept.data.metrics == {"uf1": 0.625, "fold_accuracy": 1.0}
    assert kept.data.tags["commit"] == "0123abc"
    assert kept.data.tags["undefined"] == "auc, odd"
    history = client.get_metric_history(kept.info.run_id, "fold_accuracy")
    assert sorted((row.step, row.value) for row in history) == [(0, 0.5), (2, 1.0)]
    files = {file.path for file in client.list_artifacts(kept.info.run_id)}
    assert files == {"folds.csv", "confusion.png", "per_subject.csv"}
    root = home / "artifacts" / "whole" / kept.info.run_id / "artifacts"
    assert (root / "confusion.png").read_bytes() == b"picture"
    assert [(one.dataset.name, one.dataset.digest) for one in kept.inputs.dataset_inputs] == [("synthetic", "0123")]


def test_more_rows_than_one_call_of_mlflow_takes(home: Path, client: Any) -> None:
    params = {f"factor{i}": str(i) for i in range(230)}
    series = {f"fold_{name}": [i / 260 for i in range(260)] for name in "abcde"}
    keep_result(home, key(), record("large", params=params, series=series))
    sync(home)
    (kept,) = runs(client, "large")
    assert dict(kept.data.params) == params
    assert len(client.get_metric_history(kept.info.run_id, "fold_e")) == 260


def test_odd_keys_and_values_are_taken(home: Path, client: Any) -> None:
    odd: dict[str, str | None] = {"a@b": "1", "a,b": "2", "/x/../y": "3", "[k]=v": "4", "é/ü": "5", "": "6"}
    odd |= {"long": "x" * 900, "none": None, "e": ""}
    keep_result(home, key(), record("odd", params=odd, metrics={"f1/wütend, @": 0.5}))
    sync(home)
    (kept,) = runs(client, "odd")
    data = kept.data
    assert (data.params["a_b"], data.params["a_b_"], data.params["x/y"]) == ("1", "2", "3")
    assert (data.params["é/ü"], data.params["e"]) == ("5", "")
    assert len(data.params["long"]) == 500 and data.params["long"].endswith(" …")
    assert "none" not in data.params
    assert data.metrics == {"f1/wütend_ _": 0.5}


def test_each_run_is_told_once(home: Path, client: Any) -> None:
    path = keep_result(home, key(), record("once"))
    assert waiting(home / "results") == [path]
    for _ in range(2):
        sync(home)
    path.with_suffix(".told").unlink()  # killed before it was noted
    sync(home)
    assert len(runs(client, "once")) == 1
    client.delete_run(runs(client, "once")[0].info.run_id)
    path.with_suffix(".told").unlink()
    sync(home)
    assert not runs(client, "once")  # who deleted it wants it away
    assert not waiting(home / "results")


@pytest.mark.parametrize("call", ["log_batch", "log_inputs", "log_artifacts", "set_terminated"])
def test_what_was_begun_is_completed(home: Path, client: Any, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    data = {"name": "synthetic", "digest": "0123", "source": "embedded"}
    study = f"begun {call}"
    keep_result(home, key(), record(study, series={"fold_accuracy": [0.5, 1.0]}, data=data))
    with monkeypatch.context() as patch:
        patch.setattr(f"mlflow.MlflowClient.{call}", fail)
        report = told(home)
    assert report.sentence() == (
        f"kept, but not recorded in MLflow yet: study={study}: [Errno 28] No space left on device; mer sync records it "
        "later"
    )
    assert [run.info.status for run in runs(client, study)] == ["RUNNING"]
    sync(home)
    (kept,) = runs(client, study)
    assert kept.info.status == "FINISHED"
    assert len(client.get_metric_history(kept.info.run_id, "fold_accuracy")) == 2
    assert len(kept.inputs.dataset_inputs) == 1
    assert {file.path for file in client.list_artifacts(kept.info.run_id)} == {"folds.csv", "confusion.png"}


def test_a_run_that_failed_is_told_as_such(home: Path, client: Any) -> None:
    path = fail(home, record("failing", status="FAILED", tags={"error": "no face in sub01"}))
    sync(home)
    (kept,) = runs(client, "failing")
    assert (kept.info.status, kept.data.tags["error"]) == ("FAILED", "no face in sub01")
    assert not path.exists()


def test_a_result_is_told_of_in_every_study_it_belongs_to(home: Path, client: Any) -> None:
    same = key()
    keep_result(home, same, record("one"), {"config.yaml": b"study: one"})
    keep_result(home, same, record("one", name="again"), {"config.yaml": b"study: one"})
    keep_result(home, same, record("two"), {"config.yaml": b"study: two"})
    folder = Results(root=home / "results").folder(same)
    assert folder is not None
    assert [is_recorded(folder, ".", study) for study in ("one", "two", "three")] == [True, True, False]
    sync(home)
    (one,), (two,) = runs(client, "one"), runs(client, "two")
    assert one.info.run_name == "again"  # what waited gave way to the later run of its study
    for run, text in ((one, "study: one"), (two, "study: two")):
        file = home / "artifacts" / text[-3:] / run.info.run_id / "artifacts" / "config.yaml"
        assert file.read_text() == text
    keep_result(home, same, record("one", name="third"), {"config.yaml": b"study: one"})
    sync(home)
    assert sorted(run.info.run_name for run in runs(client, "one")) == ["again", "third"]


@pytest.mark.parametrize("damage", ["record", "result"])
def test_what_is_damaged_is_not_told(home: Path, client: Any, damage: str) -> None:
    path = keep_result(home, key(), record(f"damaged {damage}"))
    file = path if damage == "record" else path.parent.parent / "folds.csv"
    file.write_bytes(file.read_bytes()[:-3])
    report = told(home)
    assert len(report.problems) == 1 and re.search(r"damaged.*run .*command", report.problems[0])
    assert not runs(client, f"damaged {damage}")
    path.unlink(missing_ok=True)


def test_a_deleted_study_says_what_to_do(home: Path, client: Any) -> None:
    number = client.create_experiment("gone", artifact_location=(home / "artifacts" / "gone").as_uri())
    client.delete_experiment(number)
    path, other = keep_result(home, key(), record("gone")), keep_result(home, key(), record("there"))
    (problem,) = told(home).problems
    assert re.search(rf"study=gone: .*mlflow experiments restore --experiment-id {number}.*study=NAME", problem)
    assert waiting(home / "results") == [path] and other.with_suffix(".told").exists()
    client.restore_experiment(number)
    sync(home)


def test_what_an_earlier_version_left_running_is_closed(home: Path, client: Any) -> None:
    number = client.create_experiment("earlier", artifact_location=(home / "artifacts" / "earlier").as_uri())
    ids = [client.create_run(number).info.run_id for _ in range(2)]
    (home / "running").mkdir()
    for run_id in ids:
        (home / "running" / f"{run_id}.lock").touch()
    with FileLock(home / "running" / f"{ids[1]}.lock"):  # it is alive
        keep_result(home, key(), record())
        sync(home)
        assert [client.get_run(run_id).info.status for run_id in ids] == ["KILLED", "RUNNING"]
    client.set_terminated(ids[1])


def test_the_study_that_mlflow_keeps_for_itself(tracking: Sqlite) -> None:
    with pytest.raises(ConfigError, match="study=Default"):
        tracking.refuse("Default")


@pytest.mark.parametrize("study", ["../out", "a/b c", "é@2"])
def test_any_study_name_stays_inside_the_home(home: Path, client: Any, study: str) -> None:
    keep_result(home, key(), record(study))
    sync(home)
    (run,) = runs(client, study)
    assert len(list((home / "artifacts").glob(f"*/{run.info.run_id}/artifacts/folds.csv"))) == 1


def problem_of(home: Path) -> str:
    keep_result(home, key(), record())
    (problem,) = told(home).problems
    assert "\n" not in problem
    return problem


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"not a database, " * 100)
    began = time.monotonic()
    assert re.search(r"mlflow\.db cannot be used .*not a database.*move it away", problem_of(tmp_path))
    assert time.monotonic() - began < 60  # MLflow itself tries for 100 s
    (tmp_path / "mlflow.db").unlink()
    sync(tmp_path)


def test_a_database_of_something_else(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as other:
        other.execute("CREATE TABLE experiments (name TEXT)")
    assert "mlflow.db cannot be opened" in problem_of(tmp_path)


def test_a_store_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keep_result(tmp_path, key(), record(store=str(tmp_path / "file" / "home")))
    (problem,) = told(tmp_path).problems
    assert re.search(r"cannot be written: .*home=DIR or MER_HOME", problem)


def test_the_home_is_absolute_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Sqlite(home="mer_home")
    assert store.home == str(tmp_path / "mer_home")
    assert store.address(tmp_path / "mer_home") == "."
    assert store.address(tmp_path) == store.home
    with pytest.raises(ConfigError, match="%"):
        Sqlite(home="100%")
    assert Off().address(tmp_path) is None


SYNC = "import sys; from pathlib import Path; from mer.tracking import sync; print(sync(Path(sys.argv[1])).problems)"


def plain_environment() -> dict[str, str]:
    """Without what importing MLflow in this process has left, so that a subprocess starts as a user's does."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW") and k != "DO_NOT_TRACK"}


def test_two_processes_that_begin_on_a_fresh_store(tmp_path: Path) -> None:
    home = tmp_path / "my home"
    for number in range(2):  # of two homes, in one store
        keep_result(tmp_path / str(number), key(), record("fresh", store=str(home)))
    commands = [[sys.executable, "-c", SYNC, str(tmp_path / str(number))] for number in range(2)]
    started = [subprocess.Popen(one, stdout=-1, stderr=-1, text=True, env=plain_environment()) for one in commands]
    assert [process.communicate(timeout=300) for process in started] == [("[]\n", "")] * 2
    with contextlib.closing(sqlite3.connect(home / "mlflow.db")) as store:
        assert store.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with Sqlite(home=str(home)).open() as client:
        assert [run.info.status for run in runs(client, "fresh")] == ["FINISHED"] * 2


def test_a_study_that_another_run_makes_in_between(home: Path, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_result(home, key(), record("together"))
    sync(home)
    looked = client.get_experiment_by_name
    answers = iter([None])
    monkeypatch.setattr(client, "get_experiment_by_name", lambda study: next(answers, looked(study)))
    assert experiment_id(client, "together", "sqlite", None) == looked("together").experiment_id


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_becomes_an_exception(name: str) -> None:
    number = signal.Signals[name]
    before = signal.signal(number, signal.SIG_DFL)  # nohup ignores SIGHUP
    try:
        with pytest.raises(SystemExit) as caught, exit_on_signals():
            os.kill(os.getpid(), number)
            time.sleep(5)
        assert caught.value.code == 128 + number
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_a_handler_of_somebody_else_stays() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with exit_on_signals():
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    whole = record(series={"a": [0.5, math.inf]}, texts={"t": "é\n"}, data={"name": "n"})
    path = whole.write(tmp_path)
    assert Record.read(path) == whole
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
    with pytest.raises(DataError, match="damaged"):
        Record.read(path)


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    for name in "ab":
        keep_result(tmp_path, key(), record(name, store="http://127.0.0.1:9"))
    report = told(tmp_path)
    assert re.search(r"no MLflow server answers at http://127\.0\.0\.1:9 .*\(2 runs\); mer sync", report.sentence())
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


def test_the_ui_shows_the_study_and_the_server_is_a_store(home: Path, client: Any, ui: str) -> None:
    keep_result(home, key(), record("shown"))
    keep_result(home, key(), record("remote", store=ui))
    sync(home)
    (run,), (remote,) = runs(client, "shown"), runs(client, "remote")
    number = run.info.experiment_id
    assert (
        study_url(ui, home, "shown")
        == f"{ui}/#/experiments/{number}/runs?workflowType=machine_learning&viewStateShareKey=mer"
    )
    found = json.loads(fetch(f"{ui}/api/2.0/mlflow/experiments/get?experiment_id={number}"))
    assert found["experiment"]["name"] == "shown"
    assert b"<html" in fetch(f"{ui}/")
    assert fetch(f"{ui}/get-artifact?run_uuid={run.info.run_id}&path=confusion.png") == b"picture"
    assert remote.info.status == "FINISHED"
    assert (home / "artifacts" / remote.info.experiment_id / remote.info.run_id).is_dir()


def test_a_study_that_does_not_exist_names_those_that_do(tracking: Sqlite, tmp_path: Path) -> None:
    keep_result(Path(tracking.home), key(), record())
    sync(Path(tracking.home))
    with pytest.raises(TrackingError, match=r"study=trail: .* there are: .*trial"):
        study_url("http://localhost:5000", tracking.home, "trail")
    with pytest.raises(TrackingError, match=r"holds no mlflow\.db yet"):
        study_url("http://localhost:5000", tmp_path / "empty", "trial")
    assert not (tmp_path / "empty").exists()
    assert tracking.see("trial") == f"mer ui study=trial home={tracking.home}"


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
