"""`mer import`, `mer export predictions` and `mer report`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mer.cli import main

LOG = "\r\n".join(
    f"smic s{s:02d}\r\n" + "\r\n".join(f"s{s:02d}_a_{k} {k % 3} {(k + (k == s)) % 3}" for k in range(6))
    for s in range(1, 5)
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.txt"
    path.write_bytes(LOG.encode())
    return path


@pytest.fixture(scope="module")
def home(log: Path) -> Path:
    """A study with the same log twice, once with other predictions."""
    home = log.parent / "home"
    other = log.with_name("other.txt")
    other.write_bytes(LOG.replace("a_0 0 0", "a_0 0 1").encode())
    for path in (log, other):
        assert main(["import", str(path), "study=logs", f"home={home}", "source=doi:10.1"]) == 0
    return home


def test_the_report_tests_the_logs_and_the_log_comes_back(home: Path, log: Path, tmp_path: Path) -> None:
    assert main(["report", "logs", f"home={home}", f"output={tmp_path / 'report'}"]) == 0
    cells = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))["cells"]
    assert [cell["predictions"] for cell in cells] == ["log", "other"]
    out = tmp_path / "again.txt"
    assert main(["export", "predictions", cells[0]["run"], f"output={out}", f"home={home}"]) == 0
    assert out.read_bytes() == log.read_bytes()


def test_the_scores_are_printed_and_what_was_published_otherwise(
    log: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["import", str(log), "study=logs", f"home={home}", "name=again", "published=uf1:.95"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "24 clips of 4 subjects" in printed
    assert "note: uf1: published .95, recounted .83" in printed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["import", "nothing.txt", "study=a"], "nothing.txt: cannot be read (No such file or directory)"),
        (["import", "LOG"], "study=: say which study the log becomes a run of"),
        (["import", "LOG", "study=a", "format=xml"], "format=xml: no such choice"),
        (["import", "LOG", "study=a", "classes=a,b"], "is no class; the classes are 0 to 1 (a, b)"),
        (["import", "LOG", "study=a", "classes=a,a,b"], "classes=['a', 'a', 'b']: give at least two different names"),
        (["import", "LOG", "study=a", "optimistic=perhaps"], "optimistic=perhaps: no such choice"),
        (["export", "predictions", "nothing"], "run nothing: there is no such run"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], sentence: str, log: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(log) if word == "LOG" else word for word in words] + [f"home={home}"]) in (1, 2)
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
