"""The bench of stability: counts against counts by hand, tables on a tiny experiment, what protocol.json says."""

from __future__ import annotations

import contextlib
import io
import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mer.bench._stability_measures import (
    Observed,
    Processor,
    differing,
    folds_alike,
    largest_difference,
    observe,
    part,
    spread,
)
from mer.bench._stability_runs import Bench, variants
from mer.cli import main
from mer.errors import MerError

WORDS = [
    *(
        "dataset.subjects=4",
        "dataset.clips=4",
        "dataset.size=64",
        "landmarks=stored",
        "flow=dis",
        "tuning=none",
    ),
    *(f"dataset.frequencies.{name}=0" for name in ("anger", "fear", "sadness")),
]


def _observed(predictions: dict[str, str], settings: dict[str, tuple[str, ...]], uf1: float = 0.5) -> Observed:
    return Observed(uf1=uf1, predictions=predictions, settings=settings)


A = _observed({"c1": "x", "c2": "y", "c3": "x"}, {"s1": ("1.0", "2.0"), "s2": ("1.0", "2.0"), "s3": ("3.0", "2.0")})
B = _observed({"c1": "x", "c2": "x", "c3": "y"}, {"s1": ("1.0", "2.0"), "s2": ("1.0", "4.0"), "s3": ("3.0", "2.0")})
C = _observed({"c1": "x", "c2": "y", "c4": "x"}, {"s1": ("1.0", "2.0"), "s2": ("1.0", "2.0"), "s3": ("3.5", "2.0")})


def test_predictions_that_differ_are_counted_by_clip() -> None:
    assert differing(A.predictions, A.predictions) == 0
    assert differing(A.predictions, B.predictions) == 2  # c2, c3
    assert differing(A.predictions, C.predictions) == 2  # c3 and c4, which only one of them has
    assert differing(B.predictions, C.predictions) == 3
    assert largest_difference([A, B, C]) == 3
    assert largest_difference([A]) == 0


def test_a_fold_chooses_alike_only_where_all_runs_do() -> None:
    assert folds_alike([A, B]) == (2, 3)
    assert folds_alike([A, C]) == (2, 3)
    assert folds_alike([A, B, C]) == (1, 3)


def test_a_fold_that_one_run_lacks_is_not_alike() -> None:
    assert folds_alike([A, _observed({}, {"s1": ("1.0", "2.0")})]) == (1, 3)


def test_spread_is_that_of_a_sample() -> None:
    assert spread([0.70, 0.72, 0.74]) == pytest.approx((0.02, 0.70, 0.74))
    assert np.isnan(spread([0.7])[0])


def test_a_run_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text(
        "sample_id,dataset,subject,y_true,y_pred,score_x,score_y\n"
        "c1,d,s1,x,x,1.0,-1.0\nc2,d,s1,y,y,-1.0,1.0\nc3,d,s2,x,y,-0.5,0.5\nc4,d,s2,y,y,-2.0,2.0\n"
    )
    (tmp_path / "folds.csv").write_text("subject,C,gamma,inner_score,seconds\ns1,1.0,2.0,0.6,0.1\ns2,3.0,,0.7,0.2\n")
    seen = observe(tmp_path)
    assert seen.predictions == {"c1": "x", "c2": "y", "c3": "y", "c4": "y"}
    assert seen.settings == {"s1": ("1.0", "2.0"), "s2": ("3.0", "")}  # neither the score nor the seconds
    assert seen.uf1 == pytest.approx((2 / 3 + 4 / 5) / 2)  # x: TP 1, FN 1; y: TP 2, FP 1


def test_every_source_changes_one_thing_of_the_base() -> None:
    plan = variants(["isa", "seeds", "workers", "threads", "noise"], 10)
    base = plan[0]
    assert len(plan) == 1 + 2 + 9 + 1 + 1
    for variant in plan[1:]:
        changed = [name for name in ("seed", "workers", "threads", "limits") if vars(variant)[name] != vars(base)[name]]
        assert len(changed) == 1
        assert (variant.home == base.home) == (changed == ["seed"])  # only seeds may share features and never folds
    assert [variant.name for variant in variants(["workers"], 10)] == ["base", "one_worker"]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The kept folder of a whole bench, and what it printed."""
    keep = tmp_path_factory.mktemp("bench") / "keep"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["bench", "stability", *WORDS, "parts=isa,noise", "tables=2", "noise=0.3", f"keep={keep}"]) == 0
    return keep, printed.getvalue()


def test_the_tables_of_a_whole_bench(ended: tuple[Path, str]) -> None:
    keep, printed = ended
    rows = {cells[0]: cells[1:] for line in printed.splitlines() if len(cells := _cells(line)) > 3}
    runs = [observe(keep / "runs" / name) for name in ("base", "avx2", "sse41")]
    sd, low, high = spread([seen.uf1 for seen in runs])
    assert rows["instruction sets"][:3] == ["3", f"{sd:.4f}", f"{low:.3f}–{high:.3f}"]
    assert rows["instruction sets"][3] == f"{largest_difference(runs)} of 16"
    assert rows["noise on the features"][0] == "2"
    assert rows["UF1"] == [f"{seen.uf1:.4f}" for seen in runs]
    assert rows["landmarks, max |Δ| px"][1:] == ["0", "0"]  # stored ones are the same everywhere
    assert rows["predictions alike"][2] == f"{16 - differing(runs[0].predictions, runs[2].predictions)} of 16"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│┃ ").replace("┃", "│").split("│")]


def test_what_computes_is_in_protocol_json_and_in_no_key(ended: tuple[Path, str]) -> None:
    cards = {name: _card(ended[0] / "runs" / name) for name in ("base", "avx2", "sse41")}
    assert len({card["cell"] for card in cards.values()}) == 1
    compute = cards["sse41"]["compute"]
    assert compute["processor"] and compute["computed"]["flow"] == 16
    assert compute["torch"]["onednn_max_cpu_isa"] == "SSE41" and compute["torch"]["threads"] == 1
    assert cards["base"]["compute"]["torch"]["onednn_max_cpu_isa"] == "no limit"
    assert {blas["threads"] for blas in compute["blas"]} == {1}
    if platform.machine() in ("x86_64", "AMD64"):
        assert compute["torch"]["cpu_capability"] == "DEFAULT"


def test_a_run_from_the_cache_does_not_load_torch_to_describe_it(
    ended: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MER_HOME", str(ended[0] / "base"))
    monkeypatch.delitem(sys.modules, "torch", raising=False)  # as in a process that has not imported it
    assert main(["run", *WORDS, "workers=2", "tracking=off", f"hydra.run.dir={tmp_path / 'out'}"]) == 0
    assert "torch" not in sys.modules
    compute = _card(tmp_path / "out")["compute"]
    assert compute["torch"] is None and "not imported" in compute["torch_absent"]
    assert compute["computed"] == {}
    before = (ended[0] / "runs" / "base" / "predictions.csv").read_bytes()
    assert (tmp_path / "out" / "predictions.csv").read_bytes() == before


def _card(folder: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((folder / "protocol.json").read_text(encoding="utf-8"))
    return card


def test_two_processors_part_where_their_results_do(ended: tuple[Path, str]) -> None:
    keep = ended[0]
    one, other_flow = Bench(words=tuple(WORDS), folder=keep), Bench(words=(*WORDS, "flow=farneback"), folder=keep)
    with pytest.raises(MerError, match="computed again"):  # what this process computes itself is none of another's
        part(one.side("base"), other_flow.side("base"))
    native, other = one.side("base"), other_flow.side("base")
    found = part(native, other)
    assert (found.landmarks_px, found.images, found.clips) == (0.0, 16, 16)
    assert (found.flows, found.rows) == (0, 0)
    apart = [np.abs(_flow(native, k) - _flow(other, k)).max() for k in range(16)]
    assert found.flow_px == pytest.approx(max(apart), rel=1e-6)
    same = part(native, one.side("base"))
    assert (same.flow_px, same.flows, same.rows) == (0.0, 16, 16)


def _flow(side: Processor, clip: int) -> NDArray[Any]:
    return side.experiment.pipeline.view(side.manifest.samples[clip]).flow.uv


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("parts=isa,moon", "no part 'moon'"),
        ("parts=", "no part ''"),
        ("seeds=1", "2 or more"),
        ("tables=many", "2 or more"),
        ("noise=2", "between 0 and 1"),
        ("noise=some", "between 0 and 1"),
        ("seed=3", "sets seed itself"),
        ("+workers=1", "sets workers itself"),
        ("hydra.run.dir=out", "sets hydra.run.dir itself"),
        ("-m", "not understood"),
        ("subjects", "not understood"),
        ("flow=raftt", "no such option"),
        ("dataset.clips=0", "dataset.clips is 0"),
    ],
)
def test_bad_words_are_told_in_one_sentence(
    word: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert main(["bench", "stability", word]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


def test_a_folder_that_holds_something_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.csv").touch()
    assert main(["bench", "stability", f"keep={tmp_path}"]) == 1
    assert "not empty" in capsys.readouterr().err
