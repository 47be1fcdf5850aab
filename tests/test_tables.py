"""MLflow's tables written without MLflow: the same content as MLflow leaves, or MLflow itself."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from mer.errors import TrackingError
from mer.tracking import Sqlite, tables
from mer.tracking.client import mlflow_client
from mer.tracking.sqlite_file import database, database_uri, open_database
from mer.tracking.tables import KNOWN, TableWriter, known

PLACE = "file:///somewhere/artifacts/study"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fresh")
    with open_database(home):
        return home


@pytest.fixture
def home(fresh: Path, tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    shutil.copy(database(fresh), tmp_path / "home")
    return tmp_path / "home"


def without_mlflow(monkeypatch: pytest.MonkeyPatch, *, allowed: bool) -> None:
    monkeypatch.setattr(tables, "KNOWN", KNOWN if allowed else {})


def records(home: Path, folder: Path) -> None:
    """Leave every kind of run in a store."""
    store = Sqlite(home=str(home))
    data = {"name": "synthetic", "digest": "0123456789" * 5, "source": "embedded"}
    for number in (1, 2):
        with store.run(
            study="Größe é/1", name=f"cell {number}", params={"C": "1.0"}, tags={"a": "1"}, data=data
        ) as run:
            table = {"uf1": 0.1 + 0.2, "uar": 1, "odd": float("nan"), "tiny": 5e-324, "steps": -1}
            series = {"fold": [0.5, float("nan"), 1.0, 0.25], "steps": [3.0, 2.0]}
            run.finish(metrics=table, series=series, folder=folder, tables={"per.csv": "x\n"})
    many = {f"p{number}": "x" * 600 for number in range(150)}
    with contextlib.suppress(ValueError), store.run(study="broken", name="cell", params=many, tags={}):
        raise ValueError("no face\nmore")
    with contextlib.suppress(KeyboardInterrupt), store.run(study="broken", name="cell", params={}, tags={}):
        raise KeyboardInterrupt
    with store.run(study="long", name="cell", params={}, tags={}) as run:
        series = {f"m{key}": [float(step) for step in range(30)] for key in range(50)}
        run.finish(metrics={}, series=series, folder=folder)


def content(home: Path) -> dict[str, list[list[Any]]]:
    """Return every row of every table; ids by order of appearance, times as such, places without the home."""
    found = {}
    with contextlib.closing(sqlite3.connect(database(home))) as store:
        names = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        runs = [row[0] for row in store.execute("SELECT run_uuid FROM runs ORDER BY start_time, rowid")]
        sets = [row[0] for row in store.execute("SELECT dataset_uuid FROM datasets ORDER BY rowid")]
        edges = [row[0] for row in store.execute("SELECT input_uuid FROM inputs ORDER BY rowid")]
        place = {
            value: f"{kind}{i}"
            for kind, ids in zip("rde", (runs, sets, edges), strict=True)
            for i, value in enumerate(ids)
        }
        for name in names:
            rows = store.execute(f"SELECT * FROM {name}")
            columns = [column[0] for column in rows.description]
            found[name] = sorted(
                ([_plain(c, v, place, home) for c, v in zip(columns, row, strict=True)] for row in rows), key=repr
            )
    return found


def _plain(column: str, value: Any, place: dict[str, str], home: Path) -> Any:
    if column.endswith("time") or column == "timestamp":
        return type(value).__name__
    if isinstance(value, str):
        for uid, name in place.items():
            value = value.replace(uid, name)
        value = value.replace(str(home.parent), "HOME")
    return value, type(value).__name__


def files(home: Path) -> list[tuple[tuple[str, ...], bytes]]:
    """Return study, place within the run's folder and content of every file."""
    root = home / "artifacts"
    found = [(path.relative_to(root).parts, path) for path in root.rglob("*") if path.is_file()]
    return sorted(((study, *rest), path.read_bytes()) for (study, _, *rest), path in found)


def test_both_ways_leave_the_same(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "clip.png").write_bytes(b"png")
    (folder / "folds.csv").write_text("subject\n")
    homes = [tmp_path / "a" / "home", tmp_path / "b" / "home"]
    for home, allowed in zip(homes, (True, False), strict=True):
        home.mkdir(parents=True)
        shutil.copy(database(fresh), home)
        without_mlflow(monkeypatch, allowed=allowed)
        records(home, folder)
    ours, theirs = map(content, homes)
    assert len(ours["metrics"]) == 1518 and len(ours["params"]) == 152 and len(ours["inputs"]) == 2
    for table, rows in theirs.items():
        assert ours[table] == rows, table
    assert files(homes[0]) == files(homes[1])


def test_mlflow_is_not_imported(home: Path, tmp_path: Path) -> None:
    """Neither by a run nor by the look at what is finished."""
    (tmp_path / "out").mkdir()
    code = f"""if True:
        import sys
        from pathlib import Path
        from mer.tracking import Sqlite
        store = Sqlite(home={str(home)!r})
        assert store.finished("trial") == frozenset()
        with store.run(study="trial", name="cell", params={{}}, tags={{"result": "r"}}) as run:
            run.finish(metrics={{"uf1": 0.5}}, series={{}}, folder=Path({str(tmp_path / "out")!r}))
        assert store.finished("trial") == {{"r"}}
        assert not {{"mlflow", "sqlalchemy", "pandas"}} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_release_that_is_installed_is_known(home: Path) -> None:
    """Where this fails after an upgrade of MLflow, add the release to KNOWN if the other tests pass with it."""
    with contextlib.closing(sqlite3.connect(database(home))) as store:
        assert store.execute("SELECT version_num FROM alembic_version").fetchall() == [(KNOWN[version("mlflow")],)]


@pytest.mark.parametrize(
    ("study", "place", "change"),
    [
        ("", PLACE, ""),
        ("x" * 300, PLACE, ""),
        ("new", "s3://bucket", ""),
        ("new", "file:///a?b", ""),
        ("there", PLACE, "UPDATE experiments SET artifact_location = 'mlflow-artifacts:/1'"),
        ("new", PLACE, "UPDATE alembic_version SET version_num = 'other'"),
        ("new", PLACE, "DROP TABLE alembic_version"),
        ("new", PLACE, "UPDATE experiments SET workspace = 'other' WHERE name = 'there'"),
    ],
)
def test_what_is_left_to_mlflow(home: Path, study: str, place: str, change: str) -> None:
    assert known(database(home), "new", PLACE)
    TableWriter(database(home), "").experiment("there", PLACE)
    with contextlib.closing(sqlite3.connect(database(home))) as store, store:
        store.execute(change or "SELECT 1")
    assert not known(database(home), study, place)
    assert not known(home / "absent.db", "new", PLACE) and not (home / "absent.db").exists()


@pytest.mark.parametrize("allowed", [True, False])
def test_a_run_that_was_deleted_meanwhile_is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    without_mlflow(monkeypatch, allowed=allowed)
    message = r"must be in the 'active' state.*deleted"
    with (
        pytest.raises(TrackingError, match=message),
        Sqlite(home=str(home)).run(study="s", name="n", params={}, tags={}) as run,
    ):
        mlflow_client(database_uri(home)).delete_run(run.run_id)
        run.finish(metrics={"uf1": 0.5}, series={}, folder=tmp_path)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_study_that_was_deleted_says_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool) -> None:
    without_mlflow(monkeypatch, allowed=allowed)
    client = mlflow_client(database_uri(home))
    number = client.create_experiment("gone", artifact_location=PLACE)
    client.delete_experiment(number)
    expected = rf"study=gone: this study was deleted .* restore --experiment-id {number}, or"
    with (
        pytest.raises(TrackingError, match=expected),
        Sqlite(home=str(home)).run(study="gone", name="n", params={}, tags={}),
    ):
        pass


def test_a_failed_write_leaves_nothing(home: Path) -> None:
    writer = TableWriter(database(home), "")
    run = writer.begin(writer.experiment("s", PLACE), "n", {})
    with pytest.raises(sqlite3.Error):
        writer.params(run, {"a": "1", "b": None})  # type: ignore[dict-item]
    with contextlib.closing(sqlite3.connect(database(home))) as store:
        assert store.execute("SELECT count(*) FROM params").fetchone() == (0,)
