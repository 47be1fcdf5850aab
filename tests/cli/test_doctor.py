"""`mer doctor`: what is in order is said to be, what is wrong is named with what to do, nothing is changed."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from mer.cli import main
from mer.store.cache import Cache, Entry
from mer.tracking import sync
from tests.support.planted import clips, keep, predict
from tests.support.runs import keep_result, record


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("kept") / "home"
    of = clips(np.random.default_rng(0), subjects=4, each=(3, 4))
    keep(home, home / "run", {"flow": "dis"}, of, predict(np.random.default_rng(1), of, skill=1, suits=0))
    Cache(root=home / "cache").put("flow", "ab" * 16, Entry(array=np.zeros(3)))
    return home


@pytest.fixture
def home(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "home"))


def said(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(["doctor", f"home={home}"])
    return status, capsys.readouterr().out


def test_all_in_order(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in home.rglob("*.npy"))
    status, out = said(home, capsys)
    assert out.count("  ok\n") == 4, out
    assert status == 0
    assert before == sorted((path, path.stat().st_mtime_ns) for path in home.rglob("*.npy"))


def test_a_home_that_is_not_there_yet_is_in_order_and_stays_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(tmp_path / "none", capsys)[0] == 0
    assert not (tmp_path / "none").exists()


def test_a_store_of_another_mlflow(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(home / "mlflow.db") as store:
        store.execute("UPDATE alembic_version SET version_num = 'abc'")
    status, out = said(home, capsys)
    assert status == 1
    assert "found version abc, but expected" in out
    assert "mlflow db upgrade sqlite:///" in out


def test_no_sqlite_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in home.glob("mlflow.db*"):
        path.unlink()
    (home / "mlflow.db").write_text("no database", encoding="utf-8")
    status, out = said(home, capsys)
    assert status == 1
    assert "cannot be read as a SQLite file" in out


def test_a_damaged_cache_and_a_run_that_mlflow_was_not_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    next((home / "cache").rglob("*.npy")).write_bytes(b"torn")
    keep_result(home, "untold", record())
    status, out = said(home, capsys)
    assert status == 1
    assert "1 of the first 300 cache entries" in out
    assert "1 finished or failed runs are not recorded in MLflow yet" in out


def test_lost_files_and_a_deleted_study(kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Path(shutil.copytree(kept, tmp_path / "home"))
    keep_result(home, "gone", record("gone"))
    assert not sync(home).problems
    with sqlite3.connect(home / "mlflow.db") as store:
        store.execute("UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = 'gone'")
    shutil.rmtree(home / "artifacts" / "gone")
    status, out = said(home, capsys)
    assert status == 1
    assert "study gone is deleted" in out
    assert "1 finished runs have lost their files" in out


def test_a_home_that_no_database_can_have_an_address_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = said(tmp_path / "50%", capsys)
    assert status == 1
    assert "50% holds a % or ?, which the address of a database cannot" in out
