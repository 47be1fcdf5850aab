"""Training of network 1: reproducible, resumable, and its command says what is wrong."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import mer
from mer.cli import main
from mer.config.composition import build, compose
from mer.tracking import reading
from mer.training.landmarks.faces import rendered_faces

QUICK = [
    "train.false_pictures=6",
    "train.synthetic.subjects=2",
    "train.synthetic.size=64",
    *("train.points.side=32", "train.points.widths=[4,4,8,8]", "train.points.decoder=8", "train.points.blocks=[0,0,1]"),
    *("train.points.window=3", "train.points.hidden=2"),
    *("train.points.schedule.batch=3", "train.points.schedule.checkpoint=2", "train.points.schedule.steps=4"),
    *("train.points.ending.batch=2", "train.points.ending.checkpoint=2", "train.points.ending.steps=2"),
    *("train.detector.widths=[4,4,4,8,8]", "train.detector.decoder=8", "train.detector.scenes.side=64"),
    *("train.detector.schedule.batch=2", "train.detector.schedule.checkpoint=2", "train.detector.schedule.steps=3"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photographs: generated faces of four people with room around them."""
    root = tmp_path_factory.mktemp("faces")
    (root / "images").mkdir()
    faces = rendered_faces(mer.component("dataset", "synthetic", subjects=4, clips=1, seed=5, size=64))
    columns = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    with (root / "keypoints.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["image", "subject", *columns])
        for number, (image, xy) in enumerate(zip(faces.images, faces.xy, strict=True)):
            wide = cv2.copyMakeBorder(image, 20, 20, 20, 20, cv2.BORDER_REPLICATE)
            cv2.imwrite(str(root / "images" / f"{number}.png"), wide)
            out.writerow([f"{number}.png", f"person{number // 2}", *(xy + 20).ravel()])
    return root


def trained(folder: Path, output: Path, *words: str) -> Any:
    output.mkdir(exist_ok=True)
    cfg = compose(
        ["train=landmarks", f"train.folder={folder}", "train.held_out_stride=3", *QUICK, *words], root="training"
    )
    seen: list[int] = []
    scores = build(cfg.train)(output, lambda figures, step: seen.append(step))
    with np.load(output / "cnn68.npz") as file:
        return {name: file[name] for name in file.files}, scores


def test_the_same_settings_give_the_same_weights_also_after_an_interruption(folder: Path, tmp_path: Path) -> None:
    whole, scores = trained(folder, tmp_path / "whole")
    assert scores["faces"] == 4 and 0 <= scores["not_found"] <= 1  # of the four people the first and the fourth
    trained(folder, tmp_path / "broken", "train.points.schedule.steps=4", "train.detector.schedule.steps=3")
    again, _ = trained(folder, tmp_path / "broken")
    assert whole.keys() == again.keys()
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    other, _ = trained(folder, tmp_path / "other", "train.seed=1")
    assert not all(np.array_equal(whole[name], other[name]) for name in whole)


def test_an_interrupted_fit_resumes_from_its_checkpoint(folder: Path, tmp_path: Path) -> None:
    whole, _ = trained(folder, tmp_path / "whole")

    class BrokenOffError(Exception):
        pass

    cfg = compose(["train=landmarks", f"train.folder={folder}", "train.held_out_stride=3", *QUICK], root="training")
    training = build(cfg.train)
    plain, calls = type(training.points)._loss, []

    def failing(self: Any, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:  # after the state of two steps was kept
            raise BrokenOffError
        return plain(self, *arguments)

    (tmp_path / "broken").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(training.points), "_loss", failing)
        with pytest.raises(BrokenOffError):
            training(tmp_path / "broken", lambda figures, step: None)
    again, _ = trained(folder, tmp_path / "broken")
    assert all(np.array_equal(whole[name], again[name]) for name in whole)


def test_the_command_trains_records_and_prints_the_scores(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MER_HOME", str(tmp_path / "home"))
    words = ["train", "landmarks", f"train.folder={folder}", "train.held_out_stride=3", *QUICK]
    assert main(words) == 0
    assert "nme_median" in capsys.readouterr().out
    output = tmp_path / "home" / "training" / "landmarks"
    assert {"cnn68.npz", "config.yaml", "log.csv"} <= {file.name for file in output.iterdir()}
    with reading(home=tmp_path / "home") as client:
        (study,) = (each for each in client.search_experiments() if each.name != "Default")
        (recorded,) = client.search_runs([study.experiment_id])
        assert recorded.data.tags["kind"] == "training" and recorded.data.metrics["faces"] == 4
        assert "cnn68.npz" in {file.path for file in client.list_artifacts(recorded.info.run_id)}
    assert main([*words, "train.seed=4"]) == 2
    assert "contains a training with other settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], r"mer train: missing action; choose one of .*landmarks"),
        (["landmark"], "mer train landmark: no such action; did you mean landmarks"),
        (["landmarks"], "train.folder: no folder is named"),
        (["landmarks", "train.folder=/nowhere"], r"/nowhere/keypoints.csv: cannot be read"),
        (["landmarks", "train.sed=1"], "train.sed: no such setting"),
        (["landmarks", "train.threads=0"], "train.threads=0: must be a whole number"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MER_HOME", str(tmp_path))
    assert main(["train", *words, *(["tracking=off"] if words else [])]) in (1, 2)
    assert re.search(message, capsys.readouterr().err)


def test_motion_pairs_differ_by_the_motion_that_their_points_tell() -> None:
    still = [f"train.points.mild.{key}=0" for key in ("hide", "blur", "noise", "squeeze", "gamma", "gain", "bias")]
    part = build(compose(["train=landmarks", *still], root="training").train).points
    y, x = np.mgrid[:200, :200]
    moved = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        xy = np.vstack([rng.uniform(50, 150, (30, 2)), [[100, 100]], rng.uniform(50, 150, (37, 2))])
        dot = np.rint(20 + 200 * np.exp(-((x - xy[30, 0]) ** 2 + (y - xy[30, 1]) ** 2) / 18)).astype(np.uint8)
        crops, points = part.motion_pairs(rng, part.mild, dot, xy, (xy - 50) / 100, 112)
        rows, columns = np.mgrid[:112, :112]
        weight = np.clip(crops.astype(float) - 30, 0, None)
        centre = np.stack([(weight * axis).sum(axis=(1, 2)) / weight.sum(axis=(1, 2)) for axis in (columns, rows)], -1)
        assert centre == pytest.approx(points[:, 30], abs=0.15)
        moved.append(np.linalg.norm(points[1, 30] - points[0, 30]))
    assert 0.05 < np.median(moved) < 3
