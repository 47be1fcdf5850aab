"""The command as a user runs it: what a run's folder holds, what is computed again, what bad input is told."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from pathlib import Path

import pytest

from mer import metrics
from mer.cli import main
from mer.store.predictions import read_predictions

RARE = [f"dataset.frequencies.{name}=0" for name in ("anger", "fear", "sadness")]
SMALL = ["dataset.subjects=4", "dataset.clips=7", *RARE, "flow=dis", "tuning=tpe", "tuning.trials=3", "workers=2"]
FILES = {
    *("predictions.csv", "folds.csv", "metrics.json", "protocol.json", "config.yaml", "excluded.csv", "regions.csv"),
    *("trials.csv", "figures"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One MER_HOME for the file, so that the cache is warm after the first run."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _at_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_HOME", str(home))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def first(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a first run on an empty cache."""
    out = tmp_path_factory.mktemp("first") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MER_HOME", str(home))
        assert main(["run", *SMALL, "study=small", f"hydra.run.dir={out}"]) == 0
    return out


def _runs(home: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(home / "mlflow.db") as store:
        return store.execute("select name, status from runs order by start_time").fetchall()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_every_file_that_the_contract_names(first: Path) -> None:
    assert {path.name for path in first.iterdir()} == FILES
    pictures = {f"{name}.{kind}" for name in ("confusion", "regions", "search") for kind in ("png", "svg", "pdf")}
    pictures |= {"clip.png", "clip.pdf"}
    assert {path.name for path in (first / "figures").iterdir()} == pictures
    trials = _rows(first / "trials.csv")
    assert len(trials) == 4 * 3 and sum(row["chosen"] == "1" for row in trials) == 4
    regions = _rows(first / "regions.csv")
    assert len(regions) == 36 * len(json.loads((first / "metrics.json").read_text(encoding="utf-8"))["classes"])
    assert {row["unit"] for row in regions} == {"px"}
    rows = _rows(first / "predictions.csv")
    assert len(rows) == 28
    assert list(rows[0])[:5] == ["sample_id", "dataset", "subject", "y_true", "y_pred"]
    assert len(_rows(first / "folds.csv")) == 4
    card = json.loads((first / "protocol.json").read_text(encoding="utf-8"))
    assert card["clips"] == 28
    assert card["subjects"] == 4
    assert card["tuning"] == "tpe"
    assert not card["optimistic"]
    assert sum(card["classes"].values()) == 28


def test_metrics_follow_from_predictions_alone(first: Path) -> None:
    written = json.loads((first / "metrics.json").read_text(encoding="utf-8"))
    drawn = written["label_permutation"]
    again = metrics.from_predictions(
        read_predictions(first / "predictions.csv"), draws=drawn["draws"], seed=drawn["seed"]
    )
    assert json.loads(json.dumps(again)) == written


def test_the_same_command_gives_the_same_result_and_computes_nothing(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one_worker = [*SMALL[:-1], "workers=1"]
    assert main(["run", *one_worker, "study=small", f"hydra.run.dir={tmp_path / 'again'}"]) == 0
    assert "computed  nothing; the rest came from the cache" in capsys.readouterr().out
    for name in ("predictions.csv", "metrics.json", "excluded.csv", "regions.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (first / name).read_bytes(), name


def test_another_bin_count_computes_no_flow(first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *SMALL, "descriptor.bins=5", "study=small", f"hydra.run.dir={tmp_path / 'bins'}"]) == 0
    out = capsys.readouterr().out
    assert "computed  28 descriptor; the rest came from the cache" in out and "only its base" not in out


def test_a_single_run_of_a_study_says_that_it_was_the_base_alone(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SMALL, "+experiment=vector_norm", f"hydra.run.dir={tmp_path / 'base'}"]
    assert main(["run", *words]) == 0
    assert "study vector_norm has several; this run was only its base; mer run -m runs" in capsys.readouterr().out


def test_a_run_over_sequences_leaves_the_same_files_and_computes_nothing_twice(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    over_time = ["frames=sequence", "frames.count=3", "descriptor=temporal", "evaluation.mirror=both"]
    over_time = [*SMALL[:-2], "tuning=none", *over_time, "study=small"]
    for name in ("one", "two"):
        assert main(["run", *over_time, f"hydra.run.dir={tmp_path / name}"]) == 0
    out = capsys.readouterr().out
    assert "28 flow, 28 statistics, 28 descriptor" in out
    assert "computed  nothing; the rest came from the cache" in out
    assert {path.name for path in (tmp_path / "one").iterdir()} == FILES - {"trials.csv"}
    for name in ("predictions.csv", "metrics.json", "regions.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    card = json.loads((tmp_path / "one" / "protocol.json").read_text(encoding="utf-8"))
    assert card["frames"] == "sequence"
    assert "annotated onset and apex" in card["oracle"]
    # The apex is the last of the three frames, so what the regions do there is what it was for the pair.
    assert (tmp_path / "one" / "regions.csv").read_bytes() == (first / "regions.csv").read_bytes()
    assert main(["run", *over_time, "descriptor.segments=4", f"hydra.run.dir={tmp_path / 'short'}"]) == 1
    assert re.search(r"synthetic sub.*: a sequence of 3 fields cannot be cut into 4 seg", capsys.readouterr().err)


def test_a_run_learns_codes_of_frames_inside_its_folds(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        *SMALL[:-1],
        "descriptor=sparse_mdmo",
        "frames.count=3",
        "descriptor.positions=3",
        "evaluation.mirror=train",
    ]
    words += ["codes.atoms=8", "codes.epochs=1", "tuning.inner_folds=2", "tracking=off"]
    for workers in (1, 2):
        assert main(["run", *words, f"workers={workers}", f"hydra.run.dir={tmp_path / str(workers)}"]) == 0
    assert {path.name for path in (tmp_path / "1").iterdir()} == FILES
    for name in ("predictions.csv", "trials.csv"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
    assert main(["run", *words, "codes.atoms=500", "workers=2", f"hydra.run.dir={tmp_path / 'many'}"]) == 1
    assert re.search(r"codes.atoms=500: the \d+ training rows hold \d+ different frames", capsys.readouterr().err)


def test_every_cell_of_a_sweep_is_one_finished_mlflow_run(
    first: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(_runs(home))
    sweep = ["descriptor.bins=4,6", "roi=grid,whole", f"hydra.sweep.dir={tmp_path / 'sweep'}", "study=swept"]
    assert main(["run", "-m", *SMALL[:-2], "tuning=none", *sweep]) == 0
    assert [status for _, status in _runs(home)[before:]] == ["FINISHED"] * 4
    out = capsys.readouterr().out
    assert out.count("UF1") >= 4
    assert {path.name for path in (tmp_path / "sweep").iterdir() if path.is_dir()} == {"0", "1", "2", "3"}
    assert [path.name for path in (tmp_path / "sweep" / "3" / "figures").iterdir()] == ["confusion.png"]


def test_every_cell_of_a_sweep_can_have_all_figures(first: Path, tmp_path: Path) -> None:
    words = [*SMALL[:-2], "tuning=none", "tracking=off", "sweep.figures=true", f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    assert main(["run", "-m", *words]) == 0
    names = {path.name for path in (tmp_path / "sweep" / "0" / "figures").iterdir()}
    assert {"confusion.png", "clip.png", "regions.png", "regions.svg"} <= names


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["run", "flow=dsi"], 2, r"flow=dsi: no such option; choose one of"),
        (["run", "descriptor.bin=3"], 2, r"descriptor.bin: no such setting"),
        (["run", "descriptor.bins=0"], 2, r"descriptor.bins=0"),
        (["run", "-m", "descriptor.bins=4,0"], 2, r"descriptor.bins=0"),
        (["run", "bad_clips=perhaps"], 2, r"bad_clips=perhaps: must be stop or exclude"),
        (["run", "flow=dis,tvl1"], 2, r"mer run -m"),
        (["run", "dataset=flow_images", "dataset.root=/no/such/folder"], 1, r"/no/such/folder"),
        (["run", "dataset=csv", "dataset.table=/no/such.csv"], 1, r"/no/such.csv"),
        (["run", "--config-dir", "/no/such/dir"], 2, r"--config-dir /no/such/dir: no such folder"),
        (["rnu"], 2, r"mer rnu: no such command; did you mean run\?"),
        (["run", "--no-such-flag"], 2, r"--no-such-flag"),
        (["run", "flow=precomputed"], 2, r"flow=precomputed: dataset=synthetic needs this stage; choose one of .*dis"),
        (["run", "seed=-1"], 2, r"seed=-1: must be a whole number"),
        (["run", "=="], 2, r"==: not understood"),
        (["run", "flow"], 2, r"flow: not understood .*; write group.setting=value"),
        (["run", "hydra/launcher=joblib"], 2, r"hydra/launcher=joblib: is for a sweep; write mer run -m"),
        (["run", "hydra.sweep.dir=OUT"], 2, r"hydra.sweep.dir=OUT: is for a sweep; .*hydra.run.dir=OUT"),
        (["run", "+hydra.sweeper.params.seed=1"], 2, r"hydra.sweeper.params.seed=1: is for a sweep"),
        (["run", "hydra.job.chdir=true"], 2, r"hydra.job.chdir=true: has no effect on a single run"),
        (["run", "hydra/job_logging=default"], 2, r"hydra/job_logging=default: has no effect on a single run"),
        (["run", "sweep.plan=true"], 2, r"sweep.plan=true: .* write mer run -m"),
        (["run", "sequence=path"], 2, r"sequence=path: is used only with frames=sequence"),
        (["run", "+bins=4"], 2, r"\+bins=4: the setting bins is not used"),
        (["run", "-m", "+bins=4,16"], 2, r"\+bins=4: the setting bins is not used"),
        (["run", "+sweep.plans=true"], 2, r"the setting sweep.plans is not used"),
        (["run", "+classifier.k=3"], 2, r"the setting classifier.k is not used"),
        (["run", "+svm.foo=3"], 2, r"foo: this setting of Svm does not exist"),
        (["run", "~motion"], 2, r"~motion: cannot be removed, .*; motion=none switches it off"),
        (["run", "~seed"], 2, r"~seed: cannot be removed"),
        (["run", "-m", "~hydra.launcher"], 2, r"~hydra.launcher: cannot be removed"),
        (["run", "-m", "seed=0,1", "hydra.launcher=joblib"], 2, r"write hydra/launcher=joblib"),
        (["run", "-m", "hydra=null"], 2, r"hydra=null: not understood; write hydra.NAME=VALUE"),
        (["run", "svm=null"], 2, r"svm=null: no such option; choose one of .*rbf"),
        (["run", "flow={levels: 3}"], 2, r"no such option; .*a setting of it is flow.NAME=VALUE"),
        (["run", "flow=[dsi]"], 2, r"flow=dsi: no such option"),
        (["run", "sweep=null"], 2, r"sweep=null: not understood; write sweep.NAME=VALUE"),
        (["run", "=3"], 2, r"=3: not understood"),
        (["run", "study=.."], 2, r"study='..': use a name that is not only dots"),
        (["run", "-m", "study=a,b/c"], 2, r"study='b/c': a name cannot contain '/'"),
        (["run", "study=a=b"], 2, r"study='a=b': a name cannot contain '='"),
        (["run", f"study={'x' * 300}"], 2, r"study=xxxx.*has 300 bytes; use at most 200"),
        (["run", "--cfg", "job", "flow=dsi"], 2, r"flow=dsi: no such option"),
        (["run", "-m", "seed=0,1", "sweep.memory_gb=some"], 2, r"sweep.memory_gb=some: must be a number, at least 0"),
        (["run", "-m", "seed=0,1", "sweep.figures=few"], 2, r"sweep.figures must be true or false"),
    ],
)
def test_bad_input_is_told_in_a_sentence(
    arguments: list[str], status: int, sentence: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = main([*arguments, *([f"hydra.run.dir={tmp_path / 'out'}"] if "-m" not in arguments else [])])
    err = capfd.readouterr().err
    assert found == status, err
    assert re.search(sentence, err), err
    assert "Traceback" not in err
    assert "Error executing job" not in err
    assert not (tmp_path / "out").exists()
