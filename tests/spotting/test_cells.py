"""Runs of task=spot as cells, from the texts of their files."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from mer.errors import DataError
from mer.report.study import Files
from mer.spotting.cells import parts_of, read_cell, read_cells
from mer.spotting.report import report_spotting

TRUTH = (
    "video,subject,first,last,fps,onset,apex,offset,kind,label\n"
    "v1,a,1,600,30.0,10,15,20,micro,fear\n"
    "v2,b,1,600,30.0,,,,,\n"
)
FOUND = "video,onset,apex,offset,seconds,duration,kind,strength,regions\nv1,11,15,20,0.3,0.3,micro,0.5,lid brow\n"
RUN = Files(
    run_id="r1",
    name="one",
    params={"flow": "dis"},
    tags={"dataset": "csv_long"},
    texts={"truth.csv": TRUTH, "intervals.csv": FOUND, "metrics.json": '{"iou": 0.5}', "config.yaml": "study: s\n"},
)


def edited(name: str, text: str) -> Files:
    return replace(RUN, texts={**RUN.texts, name: text})


def test_a_video_without_an_expression_is_read_and_has_its_duration() -> None:
    first, second = read_cell(RUN).videos
    assert (first.true[0].onset, first.true[0].label, first.found[0].regions) == (10, "fear", ("lid", "brow"))
    assert (second.true, second.found, second.minutes) == ((), (), pytest.approx(1 / 3))


DAMAGE = [
    ("truth.csv", TRUTH.replace("10,15,20", "x,15,20")),
    ("truth.csv", TRUTH.replace(",fps", "")),
    ("truth.csv", TRUTH.replace("30.0", "0")),
    ("intervals.csv", FOUND[:-20]),
    ("intervals.csv", FOUND.replace("onset", "start")),
    ("metrics.json", "[]"),
    ("metrics.json", '{"iou": 0.5, "recognition": {"strs": "high"}}'),
    ("metrics.json", '{"iou": '),
    ("config.yaml", "a: [1"),
]


@pytest.mark.parametrize(("name", "text"), DAMAGE)
def test_an_edited_file_is_one_sentence_and_leaves_the_other_runs(name: str, text: str) -> None:
    damaged = replace(edited(name, text), run_id="r2")
    with pytest.raises(DataError, match=r"run r2: its files were edited .*; repeat the run"):
        read_cell(damaged)
    cells, left_out = read_cells([RUN, damaged])
    assert ([cell.run_id for cell in cells], [one.run_id for one in left_out]) == (["r1"], ["r2"])


def test_the_report_shows_the_score_of_spotting_then_recognising(tmp_path: Path) -> None:
    more = edited("metrics.json", '{"iou": 0.5, "recognition": {"uf1": null, "strs": 0.0}}')
    assert math.isnan(read_cell(more).recognition["uf1"])
    more = edited("metrics.json", '{"iou": 0.5, "recognition": {"uf1": 0.4, "strs": 0.125}}')
    cells, _ = read_cells([RUN, replace(more, run_id="r2")])
    document = report_spotting("s", cells, [], tmp_path / "report")
    (main,) = [table for table in document.tables if table.key == "1-main"]
    heads = [column.head for column in main.columns]
    shown = {row.items[heads.index("STRS")].text for row in main.rows}
    assert shown == {"0.125", "–"}


def test_the_report_takes_decimals_and_words(tmp_path: Path) -> None:
    cells, _ = read_cells([RUN, replace(RUN, run_id="r2", params={"flow": "mine"})])
    document = report_spotting("s", cells, [], tmp_path / "report", digits=2, words={"mine": "our flow"})
    (main,) = [table for table in document.tables if table.key == "1-main"]
    assert [row.items[1].text for row in main.rows] == ["1.00", "1.00"]
    latex = (tmp_path / "report" / "tables.tex").read_text(encoding="utf-8")
    assert "our flow" in latex and "mine" not in latex


def test_runs_with_another_truth_are_another_part() -> None:
    other = edited("truth.csv", TRUTH.replace("10,15,20", "9,15,20"))
    assert [len(part.cells) for part in parts_of([read_cell(run) for run in (RUN, RUN, other)])] == [2, 1]
