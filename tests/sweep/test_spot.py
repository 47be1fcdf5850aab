"""Sweeps of ``task=spot``: the same comforts as those of recognition, and the cells side by side."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from mer.cli import main
from mer.errors import ConfigError, DataError
from mer.spotting.fit import SubjectsOut
from mer.spotting.motion import RegionMotion
from mer.spotting.peaks import Peaks
from mer.sweep.cell import Sweep
from mer.sweep.hydra_process import launch
from mer.sweep.task import split_task
from tests.support.sweeps import cell_states, cell_table

SIZE = ("dataset.look.subjects=2", "dataset.videos=1", "dataset.seconds=6", "dataset.look.size=96")
QUICK = (*SIZE, "align.size=64", "flow=dis", "region_motion.anchor=2")
CELLS = ("spotter.strongest=1,2",)
SCORES = ["f1_micro", "f1_macro", "f1_together"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _at_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_HOME", str(home))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)


def _sweep(folder: Path, *words: str) -> int:
    return main(["run", "-m", "task=spot", *QUICK, f"hydra.sweep.dir={folder}", *words])


@pytest.fixture(scope="module")
def first(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep that measured, recorded in MLflow."""
    folder = tmp_path_factory.mktemp("first") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MER_HOME", str(home))
        assert _sweep(folder, *CELLS) == 0
    return folder


def _refuse(*_: object) -> None:
    raise AssertionError("worked again")


@pytest.fixture
def idle(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured, and nothing is spotted."""
    monkeypatch.setattr(RegionMotion, "__call__", _refuse)
    monkeypatch.setattr(SubjectsOut, "__call__", _refuse)


def test_cells_are_scored_recorded_and_written(home: Path, first: Path) -> None:
    rows = cell_table(first)
    assert list(rows[0]) == ["cell", "overrides", "state", *SCORES, "seconds", "result", "error"]
    assert [row["overrides"] for row in rows] == ["spotter.strongest=1", "spotter.strongest=2"]
    assert cell_states(first) == ["done", "done"]
    differences = cell_table(first, "differences.csv")
    assert [row["cell"] for row in differences[::3]] == ["spotter.strongest=1", "spotter.strongest=2"]
    assert float(differences[2]["difference"]) == 0.0
    assert (first / "1" / "intervals.csv").exists() and not (first / "1" / "figures").exists()
    with sqlite3.connect(home / "mlflow.db") as store:
        assert store.execute("select status from runs").fetchall() == [("FINISHED",), ("FINISHED",)]


@pytest.mark.usefixtures("idle")
def test_the_same_command_keeps_every_cell(first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _sweep(tmp_path / "again", *CELLS) == 0
    assert cell_states(tmp_path / "again") == ["kept", "kept"]
    for name in ("intervals.csv", "metrics.json"):
        assert (tmp_path / "again" / "1" / name).samefile(first / "1" / name)
    said = capsys.readouterr().out
    assert re.search(r"\[2/2\] spotter.strongest=2  F1 micro (none|0\.\d+)  F1 macro .*  F1 together .*  kept\n", said)
    assert "difference to spotter.strongest=1" in said and "2 of 2 cells finished: 2 kept" in said


@pytest.mark.usefixtures("idle")
def test_a_study_of_ones_own_is_planned_without_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    text = "# @package _global_\nsweep: {around: {spotter.strongest: [2, 3], roi: [grid]}}\n"
    (tmp_path / "own" / "experiment" / "mine.yaml").write_text(text, encoding="utf-8")
    words = ("--config-dir", str(tmp_path / "own"), "+experiment=mine", "sweep.plan=true")
    assert _sweep(tmp_path / "plan", *words) == 0
    said = capsys.readouterr().out
    assert "4 cells: 2 kept, 2 new; expected time about" in said
    assert re.search(r"spotter.strongest=3 +new +0 ", said) and re.search(r"roi=grid +new +2 ", said)
    assert not (tmp_path / "plan").exists()


def test_a_failed_cell_is_named_and_may_end_the_sweep(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("dataset.look.subjects=1,2", "tracking=off")
    assert _sweep(tmp_path / "on", *words) == 1
    told = capsys.readouterr()
    assert "[1/2] dataset.look.subjects=1  failed: task.heights: thresholds are fitted on the other" in told.err
    assert cell_states(tmp_path / "on") == ["failed", "kept"]
    assert not (tmp_path / "on" / "differences.csv").exists(), "one cell has nothing beside it"
    assert _sweep(tmp_path / "stopped", *words, "sweep.stop=first") == 1
    assert cell_states(tmp_path / "stopped") == ["failed"]


def test_an_interrupted_sweep_resumes_and_force_repeats(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = Peaks.candidates

    def interrupt(self: Peaks, curve: object) -> object:
        if self.strongest == 5:
            raise KeyboardInterrupt
        return right(self, curve)  # type: ignore[arg-type]

    words = ("spotter.strongest=4,5", "tracking=off")
    with monkeypatch.context() as patch:
        patch.setattr(Peaks, "candidates", interrupt)
        assert _sweep(tmp_path / "cut", *words) == 130
    assert cell_states(tmp_path / "cut") == ["done"]
    assert "rerun the same command to resume" in capsys.readouterr().err
    assert _sweep(tmp_path / "resumed", *words) == 0
    assert cell_states(tmp_path / "resumed") == ["kept", "done"]
    assert _sweep(tmp_path / "forced", *words, "sweep.force=true", "sweep.figures=true") == 0
    assert cell_states(tmp_path / "forced") == ["done", "done"]
    assert len(list((tmp_path / "forced" / "0" / "figures").iterdir())) == 2


def test_a_failure_is_noted_and_recorded(
    home: Path, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise DataError("sub01_01: no such motion")

    words = ("study=failing", "spotter.strongest=7")
    with monkeypatch.context() as patch:
        patch.setattr(Peaks, "candidates", fail)
        assert _sweep(tmp_path / "out", *words) == 1
    assert "[1/1] base  failed: sub01_01: no such motion" in capsys.readouterr().err
    with sqlite3.connect(home / "mlflow.db") as store:
        assert store.execute("select value from tags where key = 'error'").fetchall() == [("sub01_01: no such motion",)]
    assert _sweep(tmp_path / "plan", *words, "sweep.plan=true") == 0
    assert re.search(r"base +failed before +0 ", capsys.readouterr().out)


def test_a_launcher_runs_cells_of_this_task(first: Path, tmp_path: Path) -> None:
    cells = (("spotter.strongest=1",), ("spotter.strongest=6",))
    shared = (*QUICK, "tracking=off")
    sweep = Sweep(shared=shared, cells=cells, folder=tmp_path / "out", force=False, figures=False, task="spot")
    assert launch(sweep, [0, 1], wait=False) == 0
    assert [line.state for line in sweep.ledger.lines()] == ["kept", "done"]
    assert list(sweep.ledger.lines()[1].scores) == SCORES


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "spotter.strongest=1,0"), "spotter.strongest=0: must be a"),
        (("-m", "dataset=synthetic,synthetic_long"), "dataset=synthetic: task=spot needs long videos"),
        (("-m", "dataset._target_=nothing.Here"), "_target_: nothing.Here: Python finds no module nothing"),
        (("-m", "sweep.memory_gb=2"), "sweep.memory_gb: no such setting"),
        (("-m", "experiment=bins"), "did you mean +experiment=bins?"),
        (("-m", "spotter.strongest=1,2", "sweep.stop=second"), "sweep.stop=second: "),
        (("-m", "workers=0,1"), "workers=0: must be a number of cores"),
        (("sweep.plan=true",), "only a sweep has a plan; write mer run -m"),
        (("hydra.sweep.dir=out",), "is for a sweep; write mer run -m"),
        (("hydra/launcher=joblib",), "is for a sweep; write mer run -m"),
    ],
)
def test_words_without_effect_or_sense_are_refused(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "task=spot", *QUICK, "tracking=off", *words]) != 0
    assert said in capsys.readouterr().err


def test_a_study_chooses_its_task_and_a_word_for_another_is_refused() -> None:
    assert split_task(["+experiment=spotting", "flow=dis"]) == ("spot", ["+experiment=spotting", "flow=dis"])
    assert split_task(["task=spot", "+experiment=spotting"]) == ("spot", ["+experiment=spotting"])
    assert split_task(["+experiment=bins"])[0] == "recognise"
    with pytest.raises(ConfigError, match=r"task=spot_recognise: \+experiment=spotting is a study of task=spot; leave"):
        split_task(["task=spot_recognise", "+experiment=spotting"])
