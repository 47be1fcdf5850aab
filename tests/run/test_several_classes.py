"""protocol=fourdme as a user runs it: clips with several classes, one classifier per class."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mer.cli import main

EQUAL = [f"dataset.frequencies.{name}=10" for name in ("happiness", "surprise", "disgust", "anger", "fear", "others")]
SIZE = ["dataset.subjects=4", "dataset.clips=8", "dataset.size=64", "dataset.frequencies.sadness=0", *EQUAL]


def test_a_run_its_list_and_what_refuses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert main(["data", "export", "layout=fourdme", *SIZE, "output=db"]) == 0
    command = ["dataset=fourdme", "dataset.root=db", "protocol=fourdme", "flow=dis", "tuning=none", "workers=1"]
    assert main(["run", *command, "study=several", "hydra.run.dir=out"]) == 0
    with (tmp_path / "out" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [name for name in rows[0] if name.startswith("score_")] == [
        f"score_{name}" for name in ("negative", "positive", "surprise", "repression", "others")
    ]
    assert "negative+surprise" in {row["y_true"] for row in rows}
    scores = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    each = [scores["per_class"][name]["f1"]["value"] for name in scores["classes"]]
    assert scores["uf1"]["value"] == pytest.approx(sum(each) / 5) and scores["labels"][:5] == scores["classes"]
    capsys.readouterr()
    assert main(["runs", "several"]) == 0
    assert f"{scores['uf1']['value']:.3f}" in capsys.readouterr().out
    assert main(["report", "several"]) != 0
    assert "may have several classes, which report, compare and export do not handle" in capsys.readouterr().err
    assert main(["fit", "name=model", *command]) != 0
    assert "clips may have several classes, and a model predicts one; use protocol=three_classes" in (
        capsys.readouterr().err
    )
