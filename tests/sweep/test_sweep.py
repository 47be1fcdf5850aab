"""Sweeps: which cells there are, and that none is lost, repeated or served damaged."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from mer.cli import main
from mer.config.arguments import quoted
from mer.config.composition import component, compose, compose_cell, searchpath_override
from mer.config.names import check_study_name
from mer.errors import ConfigError, DataError
from mer.store.costs import Times
from mer.store.results import Results
from mer.sweep.cell import Sweep
from mer.sweep.cells import expand, probes
from mer.sweep.hydra_process import launch
from mer.sweep.ledger import Ledger, Line, duration
from tests.support.sweeps import cell_states, cell_table

RARE = [f"dataset.frequencies.{name}=0" for name in ("anger", "fear", "sadness")]
SIZE = ["dataset.subjects=4", "dataset.clips=6", "dataset.size=64"]
SMALL = [*SIZE, *RARE, "landmarks=stored", "align=none", "flow=dis", "tuning=none", "workers=1"]
CELLS = ["descriptor.bins=4,6", "roi=grid,whole"]
QUICK = [*SMALL, "tracking=off"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _at_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_HOME", str(home))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)


def _scores(folder: Path) -> list[tuple[str, ...]]:
    """What must be equal between two sweeps of the same cells: all but state and seconds."""
    return [tuple(row[name] for name in ("cell", "overrides", "uf1", "uar", "result")) for row in cell_table(folder)]


def _sweep(folder: Path, *words: str) -> int:
    return main(["run", "-m", *QUICK, *CELLS, f"hydra.sweep.dir={folder}", *words])


@pytest.fixture(scope="module")
def undisturbed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep in peace, in a home of its own."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MER_HOME", str(folder / "home"))
        assert _sweep(folder / "out") == 0
    return folder / "out"


# Which cells


def test_a_grid_is_every_combination_and_no_sweep_is_one_cell() -> None:
    shared, cells = expand(["seed=3", "flow=dis,tvl1", "descriptor.bins=4,8"])
    assert shared == ["seed=3"]
    assert cells == [
        ("flow=dis", "descriptor.bins=4"),
        ("flow=dis", "descriptor.bins=8"),
        ("flow=tvl1", "descriptor.bins=4"),
        ("flow=tvl1", "descriptor.bins=8"),
    ]
    assert expand(["flow=dis"]) == (["flow=dis"], [()])


def test_levels_around_a_base_and_lists_of_cells() -> None:
    _, around = expand(["sweep.around={flow:[dis,tvl1],drop:[[fear]],tuning.seconds:[60]}"])
    assert around == [(), ("flow=dis",), ("flow=tvl1",), ("drop=[fear]",), ("tuning.seconds=60",)]
    _, listed = expand(["sweep.cells=[['flow=dis','roi=grid'],['seed=4']]"])
    assert listed == [("flow=dis", "roi=grid"), ("seed=4",)]


def test_the_command_line_multiplies_a_study_and_its_word_wins() -> None:
    _, cells = expand(["+experiment=motion", "seed=0,1"])
    assert len(cells) == 10
    shared, cells = expand(["+experiment=paper_grid", "flow=dis"])
    assert shared[-1] == "flow=dis"
    assert len(cells) == 16
    assert not [word for cell in cells for word in cell if word.startswith("flow")]


def test_hydras_own_sweeper_params_are_heeded(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    text = "# @package _global_\nhydra: {sweeper: {params: {roi: 'grid,whole'}}}\n"
    (tmp_path / "experiment" / "mine.yaml").write_text(text, encoding="utf-8")
    _, cells = expand([searchpath_override(tmp_path), "+experiment=mine"])
    assert cells == [("roi=grid",), ("roi=whole",)]


def test_few_probes_hold_every_override() -> None:
    _, cells = expand(["flow=dis,tvl1,farneback", "roi=grid,whole", "descriptor.bins=range(4,20)"])
    few = probes(cells)
    assert len(few) == 1 + 2 + 1 + 15
    assert {word for cell in few for word in cell} == {word for cell in cells for word in cell}


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["svm.C=1,1.0,1e0"], 1),
        (["svm.C=1,2.0", "descriptor.bins=4,4"], 2),
        (["sweep.around={descriptor.bins:[8,9]}", "descriptor.bins=9"], 1),
        (["sweep.around={motion:[similarity,none],seed:[0,1]}"], 3),  # similarity and 0 are the base
        (["sweep.cells=[['flow=dis','seed=1'],['seed=1.0','flow=dis'],['flow=dis']]"], 2),
        (["study=1,'1'"], 2),  # a number and a text are two values
        (["dataset=synthetic,flow_images", "roi=mdmo36"], 2),
        (["sweep.cells=[['dataset=flow_images'],['dataset=flow_images','roi=mdmo36']]"], 2),  # one of them has roi=grid
    ],
)
def test_equal_cells_are_one(words: list[str], count: int, capsys: pytest.CaptureFixture[str]) -> None:
    shared, cells = expand(words)
    assert len(cells) == count
    contents = [compose([*shared, *cell]) for cell in cells]
    assert all(content != other for i, content in enumerate(contents) for other in contents[:i])


def test_a_cell_that_is_left_out_as_equal_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    expand(["svm.C=1,1.0"])
    assert "the cell svm.C=1.0 is equal to the cell svm.C=1" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["motion", "a b", "1.0", "数据", "a:b", "~x", "(1)", 7, "x" * 200])
def test_a_study_may_have_a_plain_name(name: object) -> None:
    check_study_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", " a", "a ", "-a", "a/b", "a\\b", "a=b", "a\nb", "x" * 201, None, True]
)
def test_a_name_that_no_report_can_ask_for_is_refused(name: object) -> None:
    with pytest.raises(ConfigError, match=r"^study="):
        check_study_name(name)


@pytest.mark.parametrize("name", ["a:b", "~x", "(1)", "it's", "a b"])
def test_any_sign_that_a_name_may_have_reaches_the_settings(name: str) -> None:
    assert compose([quoted(f"study={name}")]).study == name
    assert compose([quoted(f"dataset.root={name}"), "dataset=casme2"]).dataset.root == name


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("flow=glob(d*)", r"flow=glob\(d\*\): patterns are not supported"),
        ("sweep.grid=[flow]", r"sweep.grid: must name factors"),
        ("sweep.around={flow:dis}", r"sweep.around.flow=dis: must be a list"),
        ("sweep.cells=[flow]", r"sweep.cells: must be a list with one list"),
        ("seed=interval(0,1)", r"a range without steps"),
        ("hydra/launcher=joblob", r"hydra/launcher/joblob: not installed; run pip install"),
    ],
)
def test_a_study_that_cannot_be_is_told_in_a_sentence(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        expand([word])


@pytest.mark.parametrize(
    "own",
    [
        ["descriptor.bins=12", "svm.C=0.1"],
        ["svm=chi2", "descriptor=mdmo", "svm.C=1e-3", "evaluation.mirror=train"],
        ["tuning=nested", "tuning.space.C={low: 1.0}", "tuning.space.gamma.points=3", "tuning.journal=null"],
        ["svm.C=1", "svm.C=2", "dataset.subjects=5", "landmarks.views=[1.0]"],
        ["dataset.frequencies.fear=1", "flow=dis", "++dataset.frequencies.fear=0"],
    ],
)
def test_values_set_on_what_cells_share_are_those_that_hydra_composes(own: list[str]) -> None:
    shared = ["svm=linear", "svm.C=5", "descriptor.bins=6"]
    cfg, choices = compose_cell(shared, own)
    whole, chosen = compose_cell([*shared, *own])
    assert OmegaConf.to_yaml(cfg) == OmegaConf.to_yaml(whole)
    assert choices == chosen


@pytest.mark.parametrize("word", ["descriptor.bin=4", "svm.C.low=3", "nothing.at=all"])
def test_a_value_that_cannot_be_is_refused_as_hydra_does(word: str) -> None:
    with pytest.raises(ConfigError) as alone:
        compose_cell([], [word])
    with pytest.raises(ConfigError) as together:
        compose_cell([word])
    assert str(alone.value).split(";")[0] == str(together.value).split(";")[0]


def test_composing_a_cell_tells_its_choices() -> None:
    cfg, choices = compose_cell(["roi=grid"])
    assert choices["roi"] == "grid"
    assert "hydra" not in cfg


# What is kept


def _save(results: Results, key: str) -> None:
    with results.writing(key) as folder:
        (folder / "figures").mkdir()
        (folder / "metrics.json").write_text('{"uf1": 1}', encoding="utf-8")
        (folder / "figures" / "a.png").write_bytes(b"png")


@pytest.mark.parametrize("links", [True, False])
def test_a_result_is_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    if not links:  # as on exFAT
        monkeypatch.setattr("os.link", refuse)
    results = Results(root=tmp_path / "results")
    assert results.folder("abcd") is None
    results.fail("abcd", "no face")
    assert results.error("abcd") == "no face"
    _save(results, "abcd")
    assert results.error("abcd") is None
    (tmp_path / "again" / "figures").mkdir(parents=True)
    (tmp_path / "again" / "figures" / "old.png").write_bytes(b"of an earlier run")
    results.show("abcd", tmp_path / "again")
    one, other = (folder / "metrics.json" for folder in (results.path("abcd"), tmp_path / "again"))
    assert one.samefile(other) == links
    files = {p.relative_to(tmp_path / "again").as_posix() for p in (tmp_path / "again").rglob("*") if p.is_file()}
    assert files == {"metrics.json", "figures/a.png"}
    assert results.metrics("abcd") == {"uf1": 1}
    assert results.damaged() == []


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "more", "list"])
def test_a_damaged_result_is_never_served(tmp_path: Path, damage: str) -> None:
    results = Results(root=tmp_path / "results")
    _save(results, "abcd")
    home = results.folder("abcd")
    assert home is not None
    file = home / "metrics.json"
    if damage == "flip":
        file.write_bytes(b'{"uf1": 2}')
    elif damage == "cut":
        file.write_bytes(b'{"uf1"')
    elif damage == "missing":
        file.unlink()
    elif damage == "more":
        (home / "foreign").write_text("")
    else:
        (home / "cell.json").write_text("{}")
    assert results.folder("abcd") is None
    assert results.damaged() == ["abcd"]
    _save(results, "abcd")
    assert results.folder("abcd") is not None


def test_a_cell_that_another_works_on_is_not_waited_for(tmp_path: Path) -> None:
    results = Results(root=tmp_path / "results")
    with results.locked("abcd", wait=True) as mine:
        assert mine
        with results.locked("abcd", wait=False) as other:
            assert not other
    with results.locked("abcd", wait=False) as mine:
        assert mine


def test_the_ledger_says_how_long_it_takes(tmp_path: Path) -> None:
    ledger = Ledger(folder=tmp_path, total=3, began=time.time() - 10, scores=("uf1", "uar"))
    ledger.write(Line(number=1, overrides=("a=1",), state="done", scores={"uf1": 0.5, "uar": 0.25}, seconds=9.0))
    said = ledger.said(ledger.lines()[0])
    assert re.fullmatch(r"\[2/3\] a=1  UF1 0.500  UAR 0.250  9.0 s  \(1 of 3 finished, about 20 s left\)", said)
    assert [duration(s) for s in (40, 700, 12600)] == ["40 s", "12 min", "3.5 h"]
    ledger.write(Line(number=0, overrides=(), state="failed", error="no face"))
    assert [line.name for line in ledger.close()] == ["base", "a=1"]
    assert cell_states(tmp_path) == ["failed", "done"]


def test_times_follow_the_machine(tmp_path: Path) -> None:
    times, component = Times(root=tmp_path), Results(root=tmp_path)
    assert times.expected("flow", component) is None
    times.add("flow", component, 1.0)
    times.add("flow", component, 3.0)
    assert times.expected("flow", component) == 2.0
    assert times.expected("flow", Results(root=tmp_path / "other")) == 2.0


# Whole sweeps


def test_the_same_command_keeps_every_cell_and_a_plan_runs_nothing(
    home: Path, undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _sweep(tmp_path / "plan", "sweep.plan=true") == 0
    assert "4 cells: 4 new" in capsys.readouterr().out
    assert not (tmp_path / "plan").exists()
    assert _sweep(tmp_path / "first") == 0
    assert cell_states(tmp_path / "first") == ["done"] * 4
    assert _scores(tmp_path / "first") == _scores(undisturbed)
    assert _sweep(tmp_path / "second") == 0
    assert cell_states(tmp_path / "second") == ["kept"] * 4
    assert _scores(tmp_path / "second") == _scores(undisturbed)
    assert (tmp_path / "second" / "3" / "predictions.csv").read_bytes() == (
        undisturbed / "3" / "predictions.csv"
    ).read_bytes()
    capsys.readouterr()
    assert _sweep(tmp_path / "plan", "descriptor.bins=4,5", "sweep.plan=true") == 0
    said = capsys.readouterr().out
    assert "4 cells: 2 kept, 2 new; expected time about" in said
    assert re.search(r"descriptor.bins=5 roi=grid +new +0 +24", said)
    assert _sweep(tmp_path / "forced", "sweep.force=true") == 0
    assert cell_states(tmp_path / "forced") == ["done"] * 4
    assert _scores(tmp_path / "forced") == _scores(undisturbed)


FAILED = "synthetic sub01_01_disgust: clip 7: no such flow; another remark"


def test_a_failed_cell_is_noted_and_the_rest_goes_on(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mer.descriptor.hoof import Hoof

    right = Hoof.__call__

    def wrong(self: Hoof, flow: object, regions: object) -> object:
        if self.bins == 9:
            error = DataError("clip 7: no such flow")
            error.add_note("another remark")
            raise error
        return right(self, flow, regions)  # type: ignore[arg-type]

    words = [*SMALL, "study=failing", "descriptor.bins=9,10", f"hydra.sweep.dir={tmp_path / 'out'}"]
    with monkeypatch.context() as patch:
        patch.setattr(Hoof, "__call__", wrong)
        assert main(["run", "-m", *words]) == 1
    assert "1 cell failed, for the reasons above" in capsys.readouterr().err
    rows = cell_table(tmp_path / "out")
    assert [(row["state"], row["error"]) for row in rows] == [("failed", FAILED), ("done", "")]
    with monkeypatch.context() as patch:
        patch.setattr(Hoof, "__call__", wrong)
        first = [*SMALL, "tracking=off", "descriptor.bins=9,10", f"hydra.sweep.dir={tmp_path / 'stopped'}"]
        assert main(["run", "-m", *first, "sweep.stop=first"]) == 1
    assert cell_states(tmp_path / "stopped") == ["failed"], "the second cell is not begun"
    capsys.readouterr()
    with sqlite3.connect(home / "mlflow.db") as store:
        assert sorted(store.execute("select status from runs")) == [("FAILED",), ("FINISHED",)]
        assert store.execute("select value from tags where key = 'error'").fetchall() == [(FAILED.partition("; ")[0],)]
    assert main(["run", "-m", *words[:-1], "sweep.plan=true"]) == 0
    assert re.search(r"bins=9 +failed before", capsys.readouterr().out)
    assert main(["run", "-m", *words]) == 0
    assert cell_states(tmp_path / "out") == ["done", "kept"]


def test_a_result_that_mlflow_does_not_know_is_recorded_without_work(home: Path, tmp_path: Path) -> None:
    words = [*SMALL, "descriptor.bins=10", "study=recorded_later"]
    assert main(["run", "-m", *words, f"hydra.sweep.dir={tmp_path / 'out'}"]) == 0
    assert cell_states(tmp_path / "out") == ["done"]
    assert main(["run", "-m", *words, f"hydra.sweep.dir={tmp_path / 'again'}"]) == 0
    assert cell_states(tmp_path / "again") == ["kept"]


def test_any_damaged_file_is_found_and_the_result_is_the_same(home: Path, undisturbed: Path, tmp_path: Path) -> None:
    assert _sweep(tmp_path / "first") == 0
    files = sorted(p for folder in ("cache", "results") for p in (home / folder).rglob("*") if _has_content(p))
    for number, path in enumerate(random.Random(0).sample(files, 60) + [p for p in files if p.name == "cell.json"]):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data if number % 2 else data[:-1])
    assert _sweep(tmp_path / "again") == 0
    assert _scores(tmp_path / "again") == _scores(undisturbed)


def _has_content(path: Path) -> bool:
    return path.is_file() and path.suffix != ".lock" and path.stat().st_size > 0


def _start(folder: Path, home: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mer", "run", "-m", *QUICK, *CELLS, f"hydra.sweep.dir={folder}", *words]
    # A shell starts its background jobs deaf to Ctrl-C, and children inherit that: here it shall be heard.
    return subprocess.Popen(
        command,
        env=os.environ | {"MER_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def _interrupted(home: Path, out: Path, number: int, after: int) -> tuple[int, str]:
    """Send a signal to a sweep once `after` cells are finished; returns its exit status and what it said."""
    with _start(out, home) as sweep:
        # In a folder that begins with a dot lies what is not finished, also after SIGKILL.
        while len(list((home / "results").glob("??/[!.]*/cell.json"))) < after and sweep.poll() is None:
            time.sleep(0.05)
        sweep.send_signal(number)
        said = sweep.communicate(timeout=120)[0].decode()
    return sweep.returncode, said


def test_a_sweep_goes_on_after_sigkill_and_ctrl_c_and_two_side_by_side_share_the_rest(
    undisturbed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert _interrupted(home, tmp_path / "killed", signal.SIGKILL, 1)[0] == -signal.SIGKILL
    status, said = _interrupted(home, tmp_path / "ended", signal.SIGINT, 2)
    assert status == 130, said
    assert "rerun the same command to resume" in said
    assert "Traceback" not in said
    assert set(cell_states(tmp_path / "ended")) <= {"kept", "done"}
    with _start(tmp_path / "a", home) as a, _start(tmp_path / "b", home) as b:
        for sweep in (a, b):
            assert sweep.wait(120) == 0, sweep.communicate()[0].decode()
    assert _scores(tmp_path / "a") == _scores(tmp_path / "b") == _scores(undisturbed)
    states = [*cell_states(tmp_path / "a"), *cell_states(tmp_path / "b")]
    assert states.count("done") <= 2  # two were finished before, none was done twice


def test_a_process_of_hydra_runs_cells_and_leaves_this_program_as_it_was(tmp_path: Path) -> None:
    """Through Hydra's own launcher; those of joblib and submitit take the same way."""
    before = list(sys.argv)
    sweep = Sweep(
        shared=tuple(QUICK), cells=(("roi=grid",), ("roi=whole",)), folder=tmp_path / "it's", force=False, figures=False
    )
    assert launch(sweep, [0, 1], wait=False) == 0
    assert [line.state for line in sweep.ledger.lines()] == ["done", "done"]
    assert sys.argv == before
    assert not list(sweep.folder.glob(".sweep.json"))


def test_a_process_of_hydra_prints_the_settings(tmp_path: Path) -> None:
    code = "import sys; from mer.sweep.hydra_process import show; sys.exit(show(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "--cfg=job", "--package=roi", "roi=grid"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "_target_: mer.roi." in done.stdout


def test_a_plan_does_not_take_one_tuning_for_another(tmp_path: Path) -> None:
    times = Times(root=tmp_path / "times")
    none, nested = component("tuning", "none"), component("tuning", "nested")
    assert times.expected("evaluation", none) is None
    times.add("evaluation", none, 0.5)
    assert times.expected("evaluation", none) == 0.5
    assert times.expected("evaluation", nested) is None
    dis, tvl1 = component("flow", "dis"), component("flow", "tvl1")
    times.add("flow", dis, 0.25)
    assert times.expected("flow", tvl1) == 0.25  # a guess of the right size
    times.add("rest", "run", 9.0)
    times.add("rest", "cell", 1.0)
    assert times.expected("rest", "cell") == 1.0
