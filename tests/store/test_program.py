"""The commands that are printed to be typed work in the shell that started the program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mer.store.program import typed


def _started(monkeypatch: pytest.MonkeyPatch, argv: Path, path: Path) -> None:
    monkeypatch.setattr(sys, "argv", [str(argv)])
    monkeypatch.setenv("PATH", str(path))


def test_a_program_that_is_on_the_path_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "mer"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    _started(monkeypatch, script, tmp_path)
    assert typed("report", "my study") == "mer report 'my study'"


def test_one_that_is_not_has_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / ".venv" / "bin" / "mer"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    _started(monkeypatch, script, tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert typed("ui") == ".venv/bin/mer ui"
    monkeypatch.chdir(script.parent)
    assert typed("ui") == "./mer ui"
    monkeypatch.chdir("/")
    assert typed("ui").endswith(".venv/bin/mer ui")


def test_one_started_as_a_module_is_named_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _started(monkeypatch, tmp_path / "mer" / "__main__.py", tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.chdir("/")
    assert typed("runs").endswith("python -m mer runs")


def test_a_home_is_named_where_the_command_would_not_find_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_HOME", str(tmp_path))
    assert typed("sync", home=tmp_path) == "mer sync"
    assert typed("sync", home=tmp_path / "other") == f"mer sync home={tmp_path / 'other'}"
