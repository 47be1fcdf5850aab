"""``mer run task=spot``: the folder, the record in MLflow, what is kept, and bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import mer
from mer.cli import main
from mer.config.composition import compose
from mer.spotting.assemble import spotting
from mer.spotting.prepare import prepare
from mer.spotting.run_files import seconds_of
from mer.store.keys import code_key

SMALL = ("dataset.look.subjects=2", "dataset.videos=1", "dataset.seconds=10", "dataset.look.size=96")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def run(home: Path, *words: str) -> int:
    return main(["run", "task=spot", f"home={home}", *SMALL, *words])


@pytest.fixture(scope="module")
def folder(home: Path) -> Path:
    assert run(home, f"hydra.run.dir={home / 'out'}") == 0
    return home / "out"


def test_a_run_leaves_intervals_scores_and_a_picture_per_video(folder: Path) -> None:
    assert sorted(path.name for path in (folder / "figures").iterdir()) == ["sub01_01.png", "sub02_01.png"]
    scores = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    kinds = scores["sets"]["synthetic_long"]
    assert scores["iou"] == 0.5 and scores["matching"] == "one_to_one"
    with (folder / "intervals.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == kinds["together"]["found"]
    assert all(float(row["seconds"]) == int(row["onset"]) / 30 for row in rows)
    card = json.loads((folder / "protocol.json").read_text(encoding="utf-8"))
    assert card["thresholds"] == "fitted on the other subjects" and card["data"]["videos"] == 2


def test_the_run_is_in_mlflow_with_its_scores(home: Path, folder: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    study = client.get_experiment_by_name("spotting")
    assert study is not None
    (found,) = client.search_runs([study.experiment_id])
    scores = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["sets"]["synthetic_long"]
    assert found.data.metrics["true_together"] == scores["together"]["true"]
    assert found.data.tags["task"] == "spot" and found.data.params["flow"] == "microflow"
    assert "intervals.csv" in {item.path for item in client.list_artifacts(found.info.run_id)}


def test_measured_motion_is_kept_and_the_same_run_gives_the_same_bytes(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mer.spotting.motion import RegionMotion

    def refuse(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(RegionMotion, "__call__", refuse)
    assert run(home, f"hydra.run.dir={home / 'again'}") == 0
    for name in ("intervals.csv", "metrics.json", "scores.csv"):
        assert (home / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_too_few_subjects_are_refused_before_anything_is_measured(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mer.spotting.motion import RegionMotion

    def refuse(*_: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(RegionMotion, "__call__", refuse)
    assert run(home, "tracking=off", "dataset.look.subjects=1", "dataset.look.seed=7") == 2
    assert "thresholds are fitted on the other subjects" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("task.iou=0",), "task.iou=0: must be a number"),
        (("task.heights=[0.2,-1]",), "task.heights=-1: must be a number"),
        (("spotter.strongest=1,2",), "several values make a sweep; write mer run -m"),
        (("dataset.look.subjects=1",), "thresholds are fitted on the other subjects, and there is only"),
        (("spotter.bogus=1",), "spotter.bogus: no such setting"),
        (("svm=linear",), "svm"),
        (("task=recognize",), "task=spot,recognize: choose one of recognise, spot"),
        (("workers=0",), "workers=0: must be a number of cores"),
    ],
)
def test_bad_words_are_one_sentence(
    home: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, *words, "tracking=off") != 0
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told


def test_a_data_set_of_clips_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "task=spot", f"home={home}", "dataset=synthetic"]) == 2
    assert "dataset=synthetic: task=spot needs long videos; choose a data set of them" in capsys.readouterr().err


def test_the_composed_settings_are_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "task=spot", "--cfg", "job", "--package", "spotter", "spotter.strongest=3"]) == 0
    assert "strongest: 3" in capfd.readouterr().out


def test_task_recognise_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "task=recognise", "descriptor.bins=0"]) == 2
    assert "descriptor.bins=0: must be a" in capsys.readouterr().err


def test_seconds_are_those_of_the_camera_where_the_video_is_slow_motion(tmp_path: Path) -> None:
    path = tmp_path / "slow.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 64))
    for level in range(41):
        writer.write(np.full((64, 64, 3), level, np.uint8))
    writer.release()
    for fps, last in (("", 40 / 25), ("200", 40 / 200)):
        (tmp_path / "events.csv").write_text(f"path,subject,onset,offset,fps\nslow.avi,a,,,{fps}\n", encoding="utf-8")
        table = mer.component("dataset", "csv_long", table=str(tmp_path / "events.csv"))
        assert seconds_of(table.recordings().recordings[0])[-1] == pytest.approx(last)


def test_a_video_that_is_too_short_for_the_spotter_can_be_left_out(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = mer.component("dataset", "synthetic_long", look={"subjects": 1, "size": 96}, videos=1, seconds=8)
    rows = ["path,subject,onset,offset,fps"]
    for name, count in (("long", 150), ("short", 20)):
        (tmp_path / name).mkdir()
        for index in range(count):
            cv2.imwrite(str(tmp_path / name / f"{index}.png"), made.recordings().recordings[0].clip.read(index))
        rows.append(f"{name},a,,,30")
    (tmp_path / "events.csv").write_text("\n".join(rows), encoding="utf-8")
    words = ["run", "task=spot", "dataset=csv_long", f"dataset.table={tmp_path / 'events.csv'}", "spotter=mdmd"]
    words += ["flow=farneback", "roi.rows=6", "roi.columns=6", "tracking=off", f"hydra.run.dir={tmp_path / 'run'}"]
    assert main([*words, f"home={home}"]) == 1
    assert "short: the face is seen in 20 frames in a row, and spotter.micro_k=0.4 s" in capsys.readouterr().err
    assert main([*words, f"home={home}", "bad_clips=exclude"]) == 0
    assert "left out: short: the face is seen in 20 frames in a row" in capsys.readouterr().err


def test_a_result_without_videos_that_turned_out_to_be_bad_does_not_stand_for_one_that_stops_at_them() -> None:
    keys = [
        prepare(spotting(compose([*SMALL, f"bad_clips={choice}"], root="spot_run"), {"task": "spot"})).key
        for choice in ("stop", "exclude", "stop")
    ]
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize("module", ["curves", "left_out", "recognise", "run_files"])
def test_a_result_is_not_kept_for_changed_code(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = spotting(compose([*SMALL], root="spot_recognise_run"), {"task": "spot_recognise"})
    before = prepare(run).key
    monkeypatch.setattr(
        "mer.spotting.prepare.code_key",
        lambda name: code_key(name) if name != f"mer.spotting.{module}" else ["changed"],
    )
    assert prepare(run).key != before
