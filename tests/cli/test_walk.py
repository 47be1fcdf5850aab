"""The walk of a new user, from the list of options to the table of a paper: every command as typed, in one folder.

What is printed to be typed is typed. The first step, ``make setup``, is what made this Python; the MLflow UI, which
needs a browser, has tests of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mer

SMALL = (
    "dataset.subjects=4 dataset.clips=5 dataset.size=64 landmarks=stored align=none roi=brow_mouth3 tuning=none "
    "workers=1 drop=[anger,fear,sadness]"
)


class Shell:
    """A shell in an empty folder, in which `mer` is the program of this Python, though not on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / ".venv" / "bin" / "mer"
        program.parent.mkdir(parents=True)
        code = "import sys; from mer.cli import main; sys.exit(main())"
        program.write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
        program.chmod(0o755)
        path = os.pathsep.join([str(Path(mer.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "120"}
        self.environment.pop("MER_HOME", None)

    def type(self, line: str) -> str:
        """Run a line and return what it prints; it must end well, and without a traceback."""
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout


def _line(said: str, name: str) -> str:
    """Return what stands beside a name in what a command printed."""
    found = re.search(rf"^{name} +(.*)$", said, re.MULTILINE)
    assert found, said
    return found.group(1)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_new_user_gets_from_the_options_to_the_table_of_a_paper(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    mer_ = ".venv/bin/mer"

    # What can be chosen?
    assert "mer options" in shell.type(f"{mer_} --help")
    assert "hoof*" in shell.type(f"{mer_} options descriptor")
    assert "directions over the full circle [at least 2]" in shell.type(f"{mer_} options descriptor=hoof")

    # A first run: it says where its files are, what its id is, and how to look at it.
    said = shell.type(f"{mer_} run flow=dis {SMALL} study=walk")
    assert (Path(_line(said, "folder")) / "figures" / "regions.svg").exists()
    assert _line(said, "compare").startswith(".venv/bin/mer ui study=walk")
    first = _line(said, "run")
    assert re.fullmatch(r"[0-9a-f]{32}", first)

    # An option of one's own.
    own = tmp_path / "my" / "descriptor"
    own.mkdir(parents=True)
    (own / "coarse.yaml").write_text("# HOOF with few directions.\ndefaults:\n  - hoof\n  - _self_\n\nbins: 4\n")
    assert "HOOF with few directions (in your folder)" in shell.type(f"{mer_} options descriptor --config-dir my")
    said = shell.type(f"{mer_} run --config-dir my descriptor=coarse flow=dis {SMALL} study=walk")
    second = _line(said, "run")

    # Two runs beside each other.
    said = shell.type(f"{mer_} runs walk")
    assert first[:8] in said and second[:8] in said and "coarse" in said
    said = shell.type(f"{mer_} compare {first[:8]} {second[:8]} clips=0")
    assert re.search(r"^UF1, B minus A +[-+]?0\.\d+ \[.*\], p = ", said, re.MULTILINE), said

    # A sweep with two seeds, and its report: typed as the sweep says.
    said = shell.type(f"{mer_} run -m flow=dis,farneback seed=0,1 {SMALL} study='a sweep'")
    report = _line(said, "compare").partition("  (")[0]
    assert report == ".venv/bin/mer report 'a sweep'"
    said = shell.type(f"{report} digits=3")
    page = tmp_path / _line(said, "open").strip() if re.search(r"^open +", said, re.MULTILINE) else None
    assert page is not None and page.exists()

    # The table of the paper.
    table = page.with_name("table.tex").read_text(encoding="utf-8")
    assert "DIS & 2 & " in table and "Farnebäck & 2 & " in table
    if shutil.which("pdflatex"):
        shell.type(f"cd '{page.parent}' && pdflatex -interaction=nonstopmode -halt-on-error table.tex")


def test_a_misspelling_is_answered_with_what_was_meant(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for line, meant in (
        ("rnu", "did you mean run?"),
        ("run descriptor.bin=8", "did you mean descriptor.bins?"),
        ("run experiment=bins", "did you mean +experiment=bins?"),
        ("run flow=diss", "did you mean flow=dis?"),
        ("report walk", "holds no mlflow.db yet"),
    ):
        said = shell.type(f".venv/bin/mer {line} 2>&1 || true")
        assert meant in said and said.count("\n") == 1, said
