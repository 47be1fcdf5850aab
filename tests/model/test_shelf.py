"""`mer models`: what is kept, one card, two side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from mer.cli import main
from mer.model import shelf
from tests.model.conftest import Small


def test_models_are_listed_shown_and_compared(small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("small", "other"):
        shelf.add(tmp_path, name, small.fitted)
    home = f"home={tmp_path}"
    assert main(["models", home]) == 0
    listed = capsys.readouterr().out
    assert "small@1" in listed and "other@1" in listed
    assert main(["models", "small", home]) == 0
    card = capsys.readouterr().out
    assert "24 clips of 4 subjects, synthetic" in card and "ECE" in card and "demonstration" in card
    assert main(["models", "small", "other", home]) == 0
    assert "all settings are equal" in capsys.readouterr().out


def test_bad_names_are_one_sentence(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["models", "nobody", f"home={small.home}"], "no such model"),
        (["fit"], "missing name; write mer fit name=NAME"),
        (["fit", "name=a/b"], "use letters, digits"),
        (["fit", "name=x", "tuning=global", f"home={small.home}"], "tuning=global chooses by test scores"),
        (["fit", "name=x", "dataset=flow_images", "dataset.root=/nowhere", f"home={small.home}"], "ready-made flow"),
        (["app", "port=none"], "must be a number from 1 to 65535"),
    ):
        assert main(words) == 2, words
        assert said in capsys.readouterr().err


def test_an_empty_home_says_how_to_make_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", f"home={tmp_path}"]) == 0
    assert "mer fit name=NAME makes one" in capsys.readouterr().out
