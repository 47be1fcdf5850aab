"""Logs of predictions: what they hold, what is refused, and that writing gives the bytes that were read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mer.errors import ConfigError, DataError
from mer.run.logs import read_megc, read_subject_lists, read_table_of_predictions, write_log
from mer.run.logs.keep import FILE, log_of
from mer.run.logs.own import log_of_own
from mer.run.logs.published import differences, read_published, recounted

CLASSES = ("negative", "positive", "surprise")
LOG = "casme2 sub01\r\nEP02_01f 1 1\r\nEP19_05f 0 0\r\nsmic s01\r\ns01_sur_01 2 0"


def written(folder: Path, text: str, name: str = "log.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        LOG,
        LOG + "\r\n",
        LOG.replace("\r\n", "\n"),
        LOG.replace("\r\n", "\n", 1),
        LOG.replace("\r\n", " \r\n\r\n"),
        LOG.replace(" ", "\t"),
        "casme2 sub99\n" + LOG,
        "\ufeff" + LOG,
    ],
)
def test_a_log_is_written_to_the_byte_as_it_was_read(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    log = read_megc(path, CLASSES)
    assert [row.id for row in log.rows] == ["casme2/sub01/EP02_01f", "casme2/sub01/EP19_05f", "smic/s01/s01_sur_01"]
    write_log(tmp_path / "again.txt", log, "megc")
    assert (tmp_path / "again.txt").read_bytes() == path.read_bytes()


def test_other_formats_are_written_to_the_byte_as_they_were_read_too(tmp_path: Path) -> None:
    table = written(
        tmp_path, "\ufeffdatabase;sub;clip;truth;prediction\r\nsmic;s1;a;no;yes\nsmic;s1;b;yes;yes", "t.csv"
    )
    lists = written(tmp_path, "Subject: s1 \nPredicted   : [0, 1] \nGround Truth: [0, 1] \nUF1: 1 \n")
    for path, log in (
        (table, read_table_of_predictions(table, ())),
        (lists, read_subject_lists(lists, ("no", "yes"))),
    ):
        write_log(tmp_path / "again", log, log.format)
        assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("read", [read_megc, read_subject_lists, read_table_of_predictions])
def test_what_is_not_utf_8_is_said(tmp_path: Path, read: Callable[[Path, tuple[str, ...]], object]) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes("database,subject,clip,truth,prediction\nsmic,s1,a,no,yes\n".encode("utf-16"))
    with pytest.raises(DataError, match="not UTF-8 text"):
        read(path, ("no", "yes"))


def test_the_published_logs_give_the_published_scores(data_root: Path) -> None:
    folder = data_root / "published_logs"
    log = read_megc(folder / "ststnet_megc2019.txt", CLASSES)
    counts = recounted(log.predictions())
    wanted = {"uf1": 0.7353, "uar": 0.7186, "uar_casme2": 0.8190, "uar_samm": 0.6415, "uar_smic": 0.6703}
    assert {name: round(counts[name], 4) for name in wanted} == wanted
    published = read_published("uf1:.7353,uar:.7605,uar_casme2:.8686,uar_samm:.6810,uar_smic:.7013")
    assert len(differences(published, counts)) == 4
    assert all("the mean precision" in sentence for sentence in differences(published, counts))
    port = recounted(read_subject_lists(folder / "ststnet_port_megc2019.txt", CLASSES).predictions())
    assert (round(port["uf1"], 4), round(port["uar"], 4)) == (0.7209, 0.7250)


def test_a_table_and_a_log_of_an_own_run_come_back(tmp_path: Path) -> None:
    table = read_megc(written(tmp_path, LOG), CLASSES).predictions()
    own = log_of_own(table)
    assert [row.id for row in own.rows] == ["casme2/sub01/EP02_01f", "casme2/sub01/EP19_05f", "smic/s01/s01_sur_01"]
    write_log(tmp_path / "own.csv", own, "csv")
    again = read_table_of_predictions(tmp_path / "own.csv", CLASSES)
    assert [(row.id, row.truth, row.predicted) for row in again.rows] == [
        (row.id, row.truth, row.predicted) for row in own.rows
    ]
    write_log(tmp_path / "again.csv", replace(again, text=""), "csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()


def test_a_table_may_hold_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, "database,subject,clip,label,predicted\nsmic,s1,a,0,1\nsmic,s1,b,1,1\n", "t.csv")
    log = read_table_of_predictions(path, ("no", "yes"))
    assert [(row.truth, row.predicted) for row in log.rows] == [(0, 1), (1, 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("EP02_01f 1 1\n", "line 1: a line DATABASE SUBJECT must come before the first clip"),
        ("casme2 sub01\nEP02_01f 1 3\n", "line 2: '3' is no class; the classes are 0 to 2"),
        ("casme2 sub01\nEP02_01f 1 -1\n", "line 2: '-1' is no class"),
        ("casme2 sub01\nEP02_01f 1 1 1\n", "line 2 has 4 words"),
        ("casme2\n", "line 1 has 1 word;"),
        ("casme2 sub01\nEP02_01f 1 1\nEP02_1F 1 1\n", "casme2/sub01/EP02_1F stands in the log twice"),
        ("casme2 sub01\n", "holds no line CLIP TRUTH PREDICTION"),
    ],
)
def test_a_faulty_log_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_megc(written(tmp_path, text), CLASSES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Subject: s1\nPredicted: [0, 1]\nGround Truth: [0]\n",
            "a list Predicted and a list Ground Truth of one length",
        ),
        ("Subject: s1\nPredicted: [0]\n", "a list Predicted and a list Ground Truth"),
        ("Subject: s1\nSubject: s1\n", "subject s1 stands in the log twice"),
        ("Subject: s1\n", "holds no line 'Predicted"),
    ],
)
def test_faulty_lists_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_subject_lists(written(tmp_path, text), CLASSES)


def test_a_log_without_a_clip_of_a_class_is_refused(tmp_path: Path) -> None:
    log = read_megc(written(tmp_path, LOG), (*CLASSES, "other"))
    with pytest.raises(DataError, match="no clip of other"):
        log.predictions()


@pytest.mark.parametrize("text", ["f1:.3", "uf1", "uf1:3", "uf1:-.3", "uf1:nan"])
def test_what_is_no_score_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="must be a score, a colon and a number"):
        read_published(text)


def test_a_kept_log_is_read_back(tmp_path: Path) -> None:
    log = read_megc(written(tmp_path, LOG), CLASSES)
    clips = ", ".join(f'["{row.database}", "{row.subject}", "{row.clip}"]' for row in log.rows)
    text = f'{{"log": {{"format": "megc", "line_end": "\\n"}}, "clips": [{clips}]}}'
    write_log(tmp_path / "again.txt", log_of(text, log.predictions()), "megc")
    assert (tmp_path / "again.txt").read_text(encoding="utf-8").splitlines() == LOG.splitlines()
    assert FILE == "imported.json"
