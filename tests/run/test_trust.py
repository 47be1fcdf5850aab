"""A kept result is the right one: each way in which it once was not, as a user meets it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mer
from mer.config.catalogue import conf_dir
from mer.config.composition import compose_cell
from mer.run.assemble import experiment
from mer.run.execute import prepare
from mer.run.experiment import Prepared
from mer.store import source

RARE = [f"dataset.frequencies.{name}=0" for name in ("anger", "fear", "sadness")]
TINY = [
    "dataset.subjects=4",
    "dataset.clips=4",
    "dataset.size=64",
    *RARE,
    "landmarks=stored",
    "align=none",
    "tracking=off",
]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_HOME", str(tmp_path / "home"))


def prepared(*overrides: str) -> Prepared:
    return prepare(experiment(*compose_cell([*TINY, *overrides])))


def run(package: Path, home: Path, *overrides: str) -> tuple[str, dict[str, float]]:
    """Return what `mer run` prints with a copy of the package, and its scores."""
    out = home.parent / "out"
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "MER_HOME": str(home)}
    words = [*TINY, *overrides, "workers=1", f"hydra.run.dir={out}"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mer", "run", *words], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout, json.loads((out / "metrics.json").read_text(encoding="utf-8"))["uf1"]


def test_a_change_of_code_that_a_stage_imports_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "copy" / "mer"
    shutil.copytree(Path(mer.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "conf"))
    shutil.copytree(conf_dir(), package / "conf")
    strain = ["flow=dis", "descriptor=strain", "tuning=none"]
    _, before = run(package, tmp_path / "home", *strain)
    said, again = run(package, tmp_path / "home", *strain)
    assert "computed  nothing" in said and again == before
    file = package / Path(mer.geometry.strain.__file__).relative_to(Path(mer.__file__).parent)
    text = file.read_text(encoding="utf-8")
    assert "0.5 * (u_y" in text
    file.write_text(text.replace("0.5 * (u_y", "50 * (u_y"), encoding="utf-8")
    said, changed = run(package, tmp_path / "home", *strain)
    assert "descriptor" in said and "flow" not in said.partition("computed")[2].partition(";")[0]
    assert changed == run(package, tmp_path / "empty", *strain)[1]


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        (["flow=microflow"], "flow.weights"),
        (["flow=raft_small"], "flow.weights"),
        (["flow=dis", "landmarks=cnn68"], "landmarks.weights"),
        (["flow=dis", "landmarks=yunet"], "landmarks.model"),
        (["flow=dis", "landmarks=yunet"], "landmarks.points.weights"),
        (["flow=dis", "landmarks=mediapipe"], "landmarks.model"),
        (["flow=dis", "frames=onset_spotted", "landmarks=cnn68"], "landmarks.weights"),
    ],
)
def test_other_weights_in_the_same_file_are_another_cell_and_a_moved_file_is_the_same(
    tmp_path: Path, words: list[str], setting: str
) -> None:
    first, moved = tmp_path / "w.npz", tmp_path / "elsewhere" / "v.npz"
    moved.parent.mkdir()
    for file in (first, moved):
        file.write_bytes(b"weights")
    before, after_move = (prepared(*words, f"{setting}={file}") for file in (first, moved))
    assert (before.key, before.result) == (after_move.key, after_move.result)
    first.write_bytes(b"other weights")
    after = prepared(*words, f"{setting}={first}")
    assert after.key != before.key and after.result != before.result


def test_an_edited_flow_of_ones_own_is_another_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "flow_of_mine.py"
    file.write_text("def flow(onset, apex):\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    words = ["flow=external", "flow.path=flow_of_mine:flow"]
    before = prepared(*words)
    file.write_text('def flow(onset, apex):\n    """Say more."""\n    return 1  # as before\n')
    source._seen.clear()
    assert prepared(*words).result == before.result
    file.write_text("def flow(onset, apex):\n    return 2\n")
    source._seen.clear()
    assert prepared(*words).result != before.result


@pytest.mark.parametrize("tuning", ["nested", "global"])
def test_who_watches_a_search_changes_nothing(tmp_path: Path, tuning: str) -> None:
    words = ["flow=dis", f"tuning={tuning}"]
    before, watched = prepared(*words), prepared(*words, f"tuning.journal={tmp_path / 'journal.log'}")
    assert (before.key, before.result) == (watched.key, watched.result)


def test_the_number_of_workers_is_in_no_key() -> None:
    assert prepared("flow=dis", "workers=1").result == prepared("flow=dis", "workers=2").result


def test_a_moved_database_and_a_renamed_table_are_the_same_cell(tmp_path: Path) -> None:
    from mer.cli import main

    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["data", "export", "layout=casme2", f"output={first}", *TINY[:3], *RARE]) == 0
    shutil.copytree(first, second)
    table = next(second.glob("CASME2-coding*.xlsx"))
    table.rename(second / "renamed.xlsx")
    words = ["dataset=casme2", "flow=dis", "landmarks=stored", "tracking=off", "bad_clips=exclude"]
    renamed = [f"dataset.root={second}", "dataset.table=renamed.xlsx"]
    one = prepare(experiment(*compose_cell([*words, f"dataset.root={first}"])))
    two = prepare(experiment(*compose_cell([*words, *renamed])))
    assert (one.key, one.result) == (two.key, two.result)
    clip = two.manifest.samples[0]
    assert len(two.manifest.samples) > 8
    onset, apex = clip.clip.path(clip.onset), clip.clip.path(clip.apex)  # type: ignore[attr-defined]
    onset.write_bytes(apex.read_bytes())
    other = prepare(experiment(*compose_cell([*words, *renamed])))
    assert other.key == one.key and other.result != one.result
