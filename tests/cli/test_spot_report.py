"""A sweep of task=spot, its report and its log, as a user makes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mer.cli import main
from mer.spotting.megc_log import read_log
from mer.spotting.score import counts

WORDS = (
    *("flow=farneback", "dataset.look.subjects=3", "dataset.look.size=64", "dataset.videos=1", "dataset.seconds=8"),
    *("dataset.micro=15", "dataset.macro=8", "study=small"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two cells on the same videos, and a third one with another rule."""
    folder = tmp_path_factory.mktemp("home")
    assert main(["run", "-m", "task=spot", "roi=facs26,grid", *WORDS, f"home={folder}"]) == 0
    assert main(["run", "task=spot", "task.iou=0.3", *WORDS, f"home={folder}"]) == 0
    return folder


@pytest.fixture(scope="module")
def report(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "small"
    assert main(["report", "small", f"home={home}", f"output={folder}"]) == 0
    return folder


def test_the_report_has_every_cell_once_and_names_what_cannot_be_compared(report: Path) -> None:
    whole = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert [(cell["part"], cell.get("roi")) for cell in whole["cells"]] == [(1, "facs26"), (1, "grid"), (2, None)]
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "Part 2: synthetic_long, 3 videos, overlap of 0.3 or more" in page
    keys = [table["key"] for table in whole["tables"]]
    assert keys == ["1-short", "1-main", "1-factors", "1-baseline", "2-short", "2-main"]


def test_the_scores_of_the_report_are_those_of_the_runs(report: Path, home: Path) -> None:
    shown = json.loads((report / "report.json").read_text(encoding="utf-8"))["cells"][0]
    files = [json.loads(path.read_text(encoding="utf-8")) for path in home.glob("runs/small/*/0/metrics.json")]
    assert shown["f1_together"] == files[0]["sets"]["synthetic_long"]["together"]["f1"]["value"]


def test_the_log_of_a_run_gives_its_counts(report: Path, home: Path, tmp_path: Path) -> None:
    run = json.loads((report / "report.json").read_text(encoding="utf-8"))["cells"][0]
    log = tmp_path / "log.txt"
    assert main(["export", "intervals", run["run"], "set=casme_sq", f"output={log}", f"home={home}"]) == 0
    (videos,) = read_log(log).values()
    score = counts(videos)["together"]
    assert score.true > 0
    assert score.f1 == pytest.approx(run["f1_together"])


def test_the_log_of_videos_with_other_frames_per_second_comes_with_a_limit_that_gives_the_same_kinds(
    report: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = json.loads((report / "report.json").read_text(encoding="utf-8"))["cells"][0]
    log = tmp_path / "log.txt"
    assert main(["export", "intervals", run["run"], "set=samm_lv", f"output={log}", f"home={home}"]) == 0
    told = capsys.readouterr()
    assert "the videos have 30 frames per second, and a log of SAMM Long Videos is read with 200" in told.err
    assert "micro=0.078" in told.out
    (videos,) = read_log(log, micro=0.078).values()
    found = counts(videos)
    assert {kind: found[kind].f1 for kind in found} == pytest.approx({kind: run[f"f1_{kind}"] for kind in found})


def test_bad_input_is_one_sentence(report: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = json.loads((report / "report.json").read_text(encoding="utf-8"))["cells"][0]["run"]
    for words, sentence in (
        (["export", "intervals", run], "a run on synthetic_long: a MEGC log holds samm_lv (200 frames per second)"),
        (["export", "intervals", run, "set=mmew"], "set=mmew: a MEGC log holds samm_lv"),
        (["export", "intervals", run, "format=csv"], "format=csv: no such choice; format can be megc"),
        (["export", "intervals", "nothing"], "run nothing: there is no such run"),
        (["export"], "mer export: missing action; choose one of intervals"),
        (["report", "small", "baseline=flow=x"], "baseline=flow=x: must name one cell of every part, by its levels"),
        (["compare", run, run], "it spots intervals in long videos; mer report STUDY compares such runs"),
    ):
        home_too = [f"home={home}"] if len(words) > 1 else []
        assert main([*words, *home_too]) in (1, 2)
        assert sentence in capsys.readouterr().err
