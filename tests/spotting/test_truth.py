"""True intervals from a list instead of from the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from mer.cli import main
from mer.errors import DataError
from mer.spotting.megc_log import read_log
from mer.spotting.score import counts
from mer.spotting.truth import with_truth

TRUTH = ("006 1 micro-expression 10 15 20", "006 1 macro-expression 100 200 300", "007 2 micro-expression 5 6 9")


def file(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_what_the_log_leaves_out_is_missed(tmp_path: Path) -> None:
    log = file(tmp_path / "log", "1", "006_1 10 20 11 20 TP")
    found, remarks = with_truth(read_log(log), [file(tmp_path / "truth", *TRUTH)])
    videos = found["SAMM Long Videos"]
    assert {kind: (c.true, c.found, c.hits) for kind, c in counts(videos).items()} == {
        "micro": (2, 1, 1),
        "macro": (1, 0, 0),
        "together": (3, 1, 1),
    }
    assert remarks == [
        "SAMM Long Videos: true intervals of truth= that are not in the log, counted as missed: 2, such as "
        "006_1 100 300, 007_2 5 9"
    ]


def test_a_line_that_stands_twice_in_a_list_is_one_interval(tmp_path: Path) -> None:
    log = file(tmp_path / "log", "1", "006_1 10 20 11 20 TP", "006_1 10 20 11 20 TP")
    found, _ = with_truth(read_log(log), [file(tmp_path / "truth", TRUTH[0], TRUTH[0])])
    assert counts(found["SAMM Long Videos"])["micro"].true == 1


def test_a_true_interval_and_a_video_that_the_list_does_not_hold_are_named(tmp_path: Path) -> None:
    log = file(tmp_path / "log", "1", "006_1 10 21 10 21 TP", "s9_1 - - 1 5 FP")
    found, remarks = with_truth(read_log(log), [file(tmp_path / "truth", *TRUTH)])
    assert counts(found["SAMM Long Videos"])["micro"].hits == 1  # the list says 10 to 20, an overlap of 11 in 12
    assert "true intervals of the log that are not in truth=, not counted: 1, such as 006_1 10 21" in remarks[1]
    assert "videos of the log without a true interval in truth=: 1, such as s9_1" in remarks[2]


def test_without_a_list_it_is_said_where_kinds_come_from(tmp_path: Path) -> None:
    _, (remark,) = with_truth(read_log(file(tmp_path / "log", "1", "006_1 10 21 10 21 TP")), [])
    assert remark.startswith("SAMM Long Videos: kinds come from durations")


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ([()], "the list holds no interval"),
        ([("099 9 micro-expression 1 2 3",)], "shares no video with the log; give the list of the same data set"),
        ([TRUTH, TRUTH], "already holds the true intervals of SAMM Long Videos; give one of them"),
        ([("006 1 micro-expression 9 2 3",)], "line 1: onset 9 is after offset 3; correct the line"),
    ],
)
def test_a_list_that_does_not_fit_is_one_sentence(tmp_path: Path, lists: list[tuple[str, ...]], said: str) -> None:
    sets = read_log(file(tmp_path / "log", "1", "006_1 10 21 10 21 TP"))
    files = [file(tmp_path / f"truth{number}", *lines) for number, lines in enumerate(lists)]
    with pytest.raises(DataError, match=said):
        with_truth(sets, files)


def test_the_command_says_how_often_a_found_interval_counts_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("2", "1_1 0 7 0 9 TP", "1_1 2 9 0 9 TP", "1_1 3 12 0 9 TP")
    log = str(file(tmp_path / "log", *lines))
    assert main(["score", "spotting", log]) == 0
    told = capsys.readouterr()
    assert "2 of 3 hits come from found intervals that already count" in told.err and "3.0000" in told.out
    assert main(["score", "spotting", log, "matching=one_to_one"]) == 0
    assert "1.0000" in capsys.readouterr().out


def test_an_output_that_is_a_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = file(tmp_path / "log", "1", "006_1 10 20 11 20 TP")
    assert main(["score", "spotting", str(log), f"output={log}"]) == 1
    assert "log: cannot be written (File exists); choose another output=" in capsys.readouterr().err
