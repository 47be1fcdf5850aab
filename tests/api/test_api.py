"""`mer.run`, `mer.sweep` and `mer.report`: the examples of their docstrings, and what callers get for bad input."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import mer
import mer.api
from mer.config import composition
from mer.errors import ConfigError


def _examples(module: object) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder(recurse=True).find(module) if test.examples]


EXAMPLES = [*_examples(mer.api), *_examples(composition)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_of_the_docstrings(example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(example)
    assert runner.failures == 0


def test_every_function_has_an_example() -> None:
    names = {example.name.rpartition(".")[2] for example in EXAMPLES}
    assert {*mer.api.__all__, "component"} <= names


@pytest.mark.parametrize("name", ["run", "sweep", "report"])
def test_packages_of_the_same_name_stay_packages(name: str) -> None:
    """Whoever imports `mer.run` first, it is a package and can be called."""
    code = f"import mer.{name}, mer; assert callable(mer.{name}) and mer.{name}.__path__; print(mer.{name}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"mer.{name}"


def test_importing_mer_is_light() -> None:
    heavy = "{'numpy', 'hydra', 'omegaconf', 'mlflow', 'torch', 'pandas'}"
    code = f"import sys, mer; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bad_words_are_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"^flow=nosuch: no such option; choose one of deepflow, dis, "):
        mer.run(["flow=nosuch"])
    with pytest.raises(ConfigError, match=r"^overrides='flow=dis': must be a list of words; write \['flow=dis'\]$"):
        mer.run("flow=dis")
    with pytest.raises(ConfigError, match=r"several values make a sweep"):
        mer.run(["flow=dis,tvl1"])


def test_spotting_is_swept_and_a_single_run_of_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^task=spot: mer\.run recognises only; use mer\.sweep"):
        mer.run(["task=spot"])
    size = ["dataset.videos=1", "dataset.seconds=5", "dataset.look.subjects=2", "dataset.look.size=96"]
    (cell,) = mer.sweep(["task=spot", *size, "flow=farneback", "tracking=off", f"home={tmp_path}"])
    assert cell.state == "done" and set(cell.scores) == {"f1_micro", "f1_macro", "f1_together"}
