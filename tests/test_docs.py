"""The documentation: every command in it is valid, its code runs, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mer.cli import COMMANDS, load
from mer.cli.command import Command
from mer.config.arguments import overrides
from mer.config.composition import compose, compose_cell
from mer.sweep.cells import expand, probes

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
TEXTS = [path for path in sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("experiments/*/*.md")) if path.is_file()]
SMALL = ["dataset.subjects=6", "dataset.clips=6", "tuning=none", "tracking=off", "workers=2"]
# The configuration that a command composes, or the task of `mer run`.
ROOTS = {
    "mer run": "config",
    "mer run spot": "spot_run",
    "mer run spot_recognise": "spot_recognise_run",
    "mer data": "config",
    "mer landmarks": "landmarks_of",
    "mer spot": "spot",
    "mer fit": "config",
    "mer predict": "predict",
    "mer train landmarks": "training",
    "mer train flow": "training",
}


def _blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def _commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of every command of a page; a backslash at the end of a line continues it."""
    for block in _blocks(page, "console"):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                yield shlex.split(line[2:], comments=True)


MER = [
    (page, words)
    for page in PAGES
    for found in _commands(page)
    for words in [[word for i, word in enumerate(found) if i or "=" not in word]]  # without FOO=... before it
    if words[0] == "mer" and not words[1].startswith("-")
]


def _id(case: object) -> str:
    return case.stem if isinstance(case, Path) else " ".join(case) if isinstance(case, list) else str(case)


@pytest.mark.parametrize(("page", "words"), MER, ids=_id)
def test_every_command_is_valid(page: Path, words: list[str], tmp_path: Path) -> None:
    """The command exists, takes these arguments, and its options and settings exist."""
    assert words[1] in COMMANDS, page
    command, name, rest = load(words[1]), f"mer {words[1]}", words[2:]
    if not isinstance(command, Command):
        command, name, rest = command.actions[rest[0]], f"{name} {rest[0]}", rest[1:]
    parser = command.parser(name)
    if not command.parsed:
        return
    own = "~" in " ".join(rest) or "my_options" in rest  # options of the reader's own
    asked = parser.read([word for word in rest if not own or "mine" not in word])
    if parser.groups and not own:
        launcher = ("hydra/launcher", "hydra.launcher")  # extras that need not be installed; mer spot also takes files
        asked.overrides = [word for word in asked.overrides if "=" in word and not word.startswith(launcher)]
        _compose(name, overrides(asked), sweep=getattr(asked, "multirun", False))


def _compose(name: str, words: list[str], *, sweep: bool) -> None:
    task = next((word.removeprefix("task=") for word in words if word.startswith("task=")), "")
    words = [word for word in words if not word.startswith("task=")]
    root = ROOTS.get(f"{name} {task}".strip()) or ROOTS[name.rpartition(" ")[0]]
    if sweep:
        shared, cells = expand(words, root)
        for cell in probes(cells):
            compose_cell(shared, cell, root)
    else:
        compose(words, root=root)


@pytest.mark.parametrize("number", range(len(_blocks(DOCS / "guides" / "python.md", "python"))))
def test_code_of_the_guide_runs(number: int, tmp_path: Path) -> None:
    code = _blocks(DOCS / "guides" / "python.md", "python")[number]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=_environment(tmp_path), check=False)
    assert done.returncode == 0


@pytest.fixture(scope="module")
def own_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that a guide shows: blocks that begin with a name."""
    folder = tmp_path_factory.mktemp("own")
    for page in ("own-parts.md", "sweeps.md"):
        for block in (*_blocks(DOCS / "guides" / page, "python"), *_blocks(DOCS / "guides" / page, "yaml")):
            name = re.match(r"(?:# @package _global_\n)?# ([\w/]+\.(?:py|yaml))", block)
            assert name, block
            path = folder / name.group(1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
    return folder


OWN = [
    command
    for page in ("own-parts.md", "sweeps.md")
    for command in _commands(DOCS / "guides" / page)
    if "my_options" in command or any("my_flows" in word for word in command)
]


@pytest.mark.parametrize("command", OWN, ids=_id)
def test_own_parts_of_the_guides_run(command: list[str], own_files: Path) -> None:
    words = command[command.index("mer") + 1 :]
    more = ["sweep.plan=true"] if "-m" in words else SMALL
    call = [sys.executable, "-m", "mer", *words, *more]
    done = subprocess.run(call, cwd=own_files, env=_environment(own_files), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"MER_HOME": str(folder / "home"), "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}


def test_own_parts_are_tried() -> None:
    assert len(OWN) == 4


@pytest.mark.parametrize("page", [*TEXTS, *PAGES[1:]], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Files only: `make docs` checks the headings, and the generated pages exist only there."""
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)", text)
    generated = ("options/", "cards/", "commands.md")
    missing = [
        link
        for link in links
        if not link.startswith(("http:", "https:", "mailto:"))
        and not any(part in link for part in generated)
        and not (page.parent / link).exists()
    ]
    assert not missing


def _hook(name: str) -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "hooks" / f"{name}.py"))


def test_terms_are_spelt_out_once() -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="guides/page.md"))
    text = "# UF1\n\n`UF1` and [UF1](x.md), then UF1.\nUF1 again.\n\n```text\nLOSO\n```\n"
    linked = "[unweighted F1 score (UF1)](../glossary.md#uf1)"
    assert _hook("terms")["on_page_markdown"](text, page) == text.replace("then UF1", f"then {linked}")


def test_comments_of_options_become_markdown() -> None:
    linked = _hook("reference")["_linked"]
    assert linked("MDMO, doi:10.1109/TAFFC.2015.2485205.") == (
        "MDMO, [doi:10.1109/TAFFC.2015.2485205](https://doi.org/10.1109/TAFFC.2015.2485205)."
    )
    assert linked("a_b * c, see https://mlflow.org/docs/.") == r"a\_b \* c, see <https://mlflow.org/docs/>."


def test_pages_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    """The pages are built as `make docs` builds them; a warning fails."""
    call = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    loads = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\bhttps?://[^>]*>|url\([\"']?https?:")
    found = {
        match
        for path in (*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css"))
        for match in loads.findall(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").stat().st_size <= 6144
