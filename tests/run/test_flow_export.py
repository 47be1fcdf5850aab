"""The flow of a data set as files: through the command, in both layouts, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mer.cli import main

WORDS = ["dataset.subjects=2", "dataset.clips=2", "landmarks=stored", "flow=farneback"]
CLASSES = "dataset.classes=[happiness,surprise,disgust,anger,fear,sadness,others]"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def export(home: Path, output: Path, *words: str) -> int:
    return main(["data", "export", f"output={output}", f"home={home}", *words])


@pytest.mark.parametrize("form", ["png", "flo", "npy"])
def test_files_come_back_to_the_byte(home: Path, tmp_path: Path, form: str) -> None:
    assert export(home, tmp_path / "a", "layout=htnet", f"format={form}", *WORDS) == 0
    root = f"dataset.root={tmp_path / 'a'}"
    again = ["layout=flow_images", f"format={form}", "dataset=flow_images", root, CLASSES]
    assert export(home, tmp_path / "b", *again, "~dataset.databases", "+dataset.databases={synthetic: .+}") == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "a").glob(f"*/u_test/*/*.{form}")}
    second = {path.name: path.read_bytes() for path in (tmp_path / "b" / "u_v_os").glob(f"*.{form}")}
    assert len(first) == 4
    assert first == second
    table = next((tmp_path / "b").glob("*.csv")).read_text(encoding="utf-8")
    assert table.count("synthetic,sub0") == 4
    training = [path.name for path in (tmp_path / "a").glob(f"*/u_train/*/*.{form}")]
    assert sorted(training) == sorted(first)  # of two subjects, each trains on the clips of the other


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["layout=nix"], "layout=nix: no such choice; layout can be mmew, mmew_subjects, casme,"),
        (["layout=htnet", "format=gif"], "format=gif: no such choice; format can be png, flo, npy"),
        (["layout=htnet", "size=1"], "size=1: must be a number of pixels, 2 or more"),
        (["layout=flow_images", "dataset=flow_images"], "dataset.root: where are the flow images?"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], sentence: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(home, tmp_path / "a", *words) in (1, 2)
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1
