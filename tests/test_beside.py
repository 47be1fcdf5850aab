"""Runs that another process records: how they end, whichever of the two processes goes first."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mer.cli import main
from mer.errors import DataError, MerError, TrackingError, notes, reason
from mer.helper import GoneError, Helper, answer_with, helper, portable
from mer.report.drawing import drawing
from mer.tracking import Off, Sqlite, beside
from tests.runs import PARAMS, open_run


@pytest.fixture
def store(tracking: Sqlite) -> Any:
    return beside(tracking)


def test_a_finished_run_is_what_the_store_itself_records(store: Any, client: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "folds.csv").write_text("subject\ns01\n")
    with open_run(store, "beside") as record:
        record.finish(
            metrics={"uf1": 0.625},
            series={"fold_accuracy": [0.5, 1.0]},
            folder=tmp_path / "out",
            tables={"per_subject.csv": "s\n"},
        )
    kept = client.get_run(record.run_id)
    assert kept.info.status == "FINISHED"
    assert dict(kept.data.params) == PARAMS
    assert kept.data.metrics == {"uf1": 0.625, "fold_accuracy": 1.0}
    assert {file.path for file in client.list_artifacts(record.run_id)} == {"folds.csv", "per_subject.csv"}
    assert "mer ui study=beside" in record.url_line
    assert store.finished("beside") == {"r1"}


@pytest.mark.parametrize(
    ("error", "status"), [(DataError("no face"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(1), "KILLED")]
)
def test_a_block_that_raises_ends_its_run(store: Any, client: Any, error: BaseException, status: str) -> None:
    with pytest.raises(type(error)), open_run(store, "beside") as record:
        if isinstance(error, KeyboardInterrupt):
            record.wait()
        raise error  # the others perhaps before the run is open
    kept = client.get_run(record.run_id).info
    assert kept.status == status


def test_ctrl_c_before_the_run_is_open_waits_for_nothing_and_leaves_none_open(store: Any, client: Any) -> None:
    with helper("mlflow") as process:  # the next to be lent
        process.send(answer_with, abs, -1)
        process.answer()
    process._process.send_signal(signal.SIGSTOP)
    wakes = threading.Timer(30, process._process.send_signal, [signal.SIGCONT])  # who waited would wait for ever
    wakes.start()
    with pytest.raises(KeyboardInterrupt), open_run(store, "interrupted") as record:
        assert record._process is process
        raise KeyboardInterrupt
    assert client.get_experiment_by_name("interrupted") is None
    wakes.cancel()
    process._process.send_signal(signal.SIGCONT)
    assert process._process.wait(60) == 0
    (kept,) = client.search_runs([client.get_experiment_by_name("interrupted").experiment_id])
    assert kept.info.status == "KILLED" and kept.data.tags["error"] == "KeyboardInterrupt"


def test_the_error_of_a_block_is_told(store: Any, client: Any) -> None:
    with pytest.raises(DataError), open_run(store, "beside") as record:
        raise DataError("no face in sub01\nsecond line")
    assert client.get_run(record.run_id).data.tags["error"] == "no face in sub01"


def test_a_store_that_refuses_is_heard_of_during_the_work(store: Any) -> None:
    began = time.monotonic()
    with (
        pytest.raises(TrackingError, match="MLflow keeps this name for itself"),
        open_run(store, "Default") as run,
    ):
        while time.monotonic() - began < 60:
            run.check()
    with open_run(store, "beside") as record:  # the next run is none the worse
        record.wait()
    assert record.run_id


def test_results_that_cannot_be_written_are_told_and_the_run_has_failed(
    store: Any, client: Any, tmp_path: Path
) -> None:
    with pytest.raises(TrackingError, match="the results were not recorded"), open_run(store, "beside") as record:
        record.finish(metrics={}, series={}, folder=tmp_path / "not there")
    assert client.get_run(record.run_id).info.status == "FAILED"


def test_a_helper_that_was_killed_is_one_sentence(store: Any) -> None:
    with (
        pytest.raises(TrackingError, match="the process that records in MLflow was killed"),
        open_run(store, "beside") as run,
    ):
        run.wait()
        run._process._process.kill()
        run.finish(metrics={}, series={}, folder=Path("out"))
    with open_run(store, "beside") as another:
        another.wait()


def test_a_helper_that_is_killed_during_the_work_ends_it(store: Any) -> None:
    began = time.monotonic()
    with (
        pytest.raises(TrackingError, match="the process that records in MLflow was killed"),
        open_run(store, "beside") as run,
    ):
        run.wait()
        run.check()
        run._process._process.kill()
        while time.monotonic() - began < 60:
            run.check()


def test_a_run_that_cannot_be_closed_is_noted_beside_the_error(store: Any) -> None:
    with pytest.raises(DataError) as caught, open_run(store, "beside") as run:
        run.wait()
        run._process._process.kill()
        raise DataError("no face in sub01")
    assert str(caught.value) == "no face in sub01"
    (note,) = notes(caught.value)
    assert re.match("the MLflow run could not be closed: .*was killed", note)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DataError("no face in sub01"), "mer: no face in sub01\n"),
        (KeyboardInterrupt(), "mer: interrupted; .*\n"),
        (OSError(errno.ENOSPC, "No space left on device"), "mer: No space left on device; .*\n"),
        (ValueError("odd"), "mer: internal error in mer, ValueError: odd; .*\n"),
        (SystemExit(143), ""),
    ],
)
def test_what_is_noted_is_said_after_the_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, sentence: str
) -> None:
    def fail(_: Any) -> int:
        raise error

    error.add_note("the MLflow run could not be closed: no such host")
    monkeypatch.delenv("MER_DEBUG", raising=False)
    monkeypatch.setattr("mer.cli._dispatch", fail)
    with contextlib.suppress(SystemExit):
        assert main(["run"]) in (1, 130)
    assert re.fullmatch(sentence + "mer: the MLflow run could not be closed: no such host\n", capsys.readouterr().err)


def test_figures_whose_process_is_killed_are_told(tmp_path: Path) -> None:
    with (
        pytest.raises(MerError, match=r"regions\.png: the process that draws was killed .*; run again"),
        drawing() as d,
    ):
        d.begin("regions.png", "regions", text="")
        d._process._process.kill()
        d.write(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_the_system_refuses_a_helper_is_no_fault_of_mer() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/figure.png")
    assert str(portable(full)).startswith("/tmp/figure.png: No space left on device; check")
    assert "a fault of mer itself" in str(portable(ValueError("odd")))


def test_the_reason_why_a_folder_cannot_be_copied_is_that_of_its_first_file() -> None:
    said = "[Errno 28] No space left on device: 'a' -> 'b'"
    assert reason(shutil.Error([("a", "b", said), ("c", "d", said)])) == "No space left on device"
    assert reason(PermissionError(errno.EACCES, "Permission denied")) == "Permission denied"


def test_helpers_are_used_again_and_lent_once() -> None:
    with helper("test") as first:
        pass
    with helper("test") as second, helper("test") as third:
        assert second is first
        assert third is not first
        third.send(answer_with, divmod, 7, 2)
        assert third.answer() == (3, 1)
        third.send(answer_with, divmod, 7, 0)
        with pytest.raises(MerError, match="ZeroDivisionError"):
            third.answer()
        second.send(answer_with, time.sleep, 0.5)  # owes an answer
    with helper("test") as fourth:
        assert fourth is third


def test_an_interrupt_from_the_terminal_does_not_reach_a_helper() -> None:
    process = Helper()
    assert os.getpgid(process._process.pid) != os.getpgid(0)  # else it would say so itself while it starts
    process.send(answer_with, abs, -1)
    assert process.answer() == 1
    for name in ("SIGINT", "SIGTERM"):
        process._process.send_signal(signal.Signals[name])
    process.send(answer_with, abs, -2)
    assert process.answer() == 2
    process.end()
    assert process._process.returncode == 0
    with pytest.raises(GoneError, match="was killed"):
        process.answer()


_VICTIM = """
import sys, time
from mer.tracking import Sqlite, beside
with beside(Sqlite(home=sys.argv[1])).run(study="victims", name="cell", params={}, tags={}) as record:
    record.wait()
    print(record.run_id, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(("name", "status"), [("SIGKILL", "KILLED"), ("SIGTERM", "KILLED")])
def test_a_run_whose_process_is_ended_is_closed(tracking: Sqlite, client: Any, name: str, status: str) -> None:
    victim = subprocess.Popen([sys.executable, "-c", _VICTIM, tracking.home], stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    run_id = victim.stdout.readline().strip()
    assert client.get_run(run_id).info.status == "RUNNING"
    os.kill(victim.pid, signal.Signals[name])
    victim.communicate(timeout=60)
    ends = time.monotonic() + 60
    while client.get_run(run_id).info.status == "RUNNING" and time.monotonic() < ends:
        time.sleep(0.05)  # after SIGKILL, the helper closes it
    assert client.get_run(run_id).info.status == status


def test_without_a_record_there_is_no_other_process() -> None:
    off = Off()
    assert beside(off) is off
