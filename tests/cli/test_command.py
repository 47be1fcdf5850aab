"""The command line: help of every command, settings in both spellings, suggestions and completion."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mer.cli import COMMANDS, load, main
from mer.cli.command import Group, Parser
from mer.cli.completion import candidates
from mer.errors import ConfigError

ACTIONS = [
    [name, *action]
    for name in COMMANDS
    for command in [load(name)]
    for action in ([[one] for one in command.actions] if isinstance(command, Group) else [[]])
]


@pytest.mark.parametrize("words", [*ACTIONS, *([name] for name in COMMANDS)], ids=" ".join)
def test_every_command_has_a_help_page(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    page = capsys.readouterr().out
    assert page.startswith(f"usage: mer {' '.join(words)}")
    assert main(["help", *words]) == 0
    assert capsys.readouterr().out == page


def test_a_help_page_shows_what_its_command_takes(capsys: pytest.CaptureFixture[str]) -> None:
    pages = {}
    for words in (["run"], ["data", "check"], ["ui"]):
        assert main([*words, "--help"]) == 0
        pages[words[0]] = capsys.readouterr().out
    assert "--multirun" in pages["run"] and "svm  " in pages["run"]
    assert "--multirun" not in pages["data"] and "svm  " not in pages["data"] and "dataset  " in pages["data"]
    assert "--port" in pages["ui"] and "group=option" not in pages["ui"]


def test_every_command_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    page = capsys.readouterr().out
    assert all(f"  {name} " in page for name in COMMANDS)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rnu"], "mer rnu: no such command; did you mean run? (mer --help)"),
        (["xyz"], "mer xyz: no such command; choose one of run, options,"),
        (["cache"], "mer cache: missing action; choose one of ls, verify, gc (mer cache --help)"),
        (["cache", "verfy"], "mer cache verfy: no such action; did you mean verify? (mer cache --help)"),
        (["bench", "flw"], "mer bench flw: no such action; did you mean flow?"),
        (["ui", "prot=1"], "prot=1: mer ui has no such setting; it has study, home, host, port"),
        (["ui", "port=x"], "port=x: must be a number between 1 and 65535"),
        (["doctor", "--fast"], "mer doctor: unrecognized arguments: --fast; see mer doctor --help"),
        (["landmarks"], "mer landmarks: missing video; write mer landmarks VIDEO"),
        (["run", "--config-dir"], "mer run: argument --config-dir: expected one argument"),
    ],
)
def test_wrong_usage_is_told_in_one_line(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"mer: {sentence}") and said.count("\n") == 1


def test_a_setting_is_taken_with_and_without_dashes() -> None:
    parser = Parser("mer x", "")
    parser.setting("port", "", default="1")
    parser.overrides(("flow",))
    for words in (["port=2"], ["--port=2"], ["--port", "2"]):
        found = parser.read(["flow=dis", *words, "roi=grid"])
        assert (found.port, found.overrides) == ("2", ["flow=dis", "roi=grid"])
    assert parser.read(["~motion", "port="]).overrides == ["~motion"]
    with pytest.raises(ConfigError, match="unrecognized arguments: --prot=2; see mer x --help"):
        parser.read(["--prot=2"])


@pytest.mark.parametrize(
    ("before", "word", "found"),
    [
        ([], "r", ["run", "runs", "report"]),
        (["data"], "", ["check", "show", "export", "--help"]),
        (["run"], "flow=d", ["flow=deepflow", "flow=dis"]),
        (["run", "-m"], "flow=dis,tv", ["flow=dis,tvl1"]),
        (["run", "flow=dis"], "descr", ["descriptor="]),
        (["run"], "+exp", ["+experiment="]),
        (["run"], "+experiment=apex", ["+experiment=apex"]),
        (["run"], "descriptor.bins", ["descriptor.bins="]),
        (["run"], "--mu", ["--multirun"]),
        (["options"], "descr", ["descriptor="]),
        (["options"], "descriptor=ho", ["descriptor=hoof"]),
        (["data", "check"], "prot", ["protocol="]),
        (["data", "check"], "svm", []),
        (["ui"], "p", ["port="]),
        (["cache", "gc"], "--g", ["--gb"]),
        (["nothing"], "", []),
    ],
)
def test_what_a_word_may_become(before: list[str], word: str, found: list[str]) -> None:
    assert candidates(before, word) == found


_TYPED = [
    ("mer rep", "report"),
    ("mer run flow=tv", "tvl1"),
    ("mer run -m flow=dis,tv", "dis,tvl1"),
    ("mer cache v", "verify"),
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("line", "found"), _TYPED)
def test_bash_completes_as_readline_asks_it(line: str, found: str, tmp_path: Path) -> None:
    _mer_of(tmp_path)
    code = 'eval "$(mer completion bash)"; COMP_LINE=$1; COMP_POINT=${#1}; _mer; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", code, "bash", line], env=_with(tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [found], done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_reads_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "mer completion words" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n", "/dev/stdin"], input=script, text=True, check=True)


def _mer_of(folder: Path) -> None:
    """Put a command `mer` of this Python into a folder."""
    file = folder / "mer"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mer "$@"\n', encoding="utf-8")
    file.chmod(0o755)


def _with(folder: Path) -> dict[str, str]:
    path = os.pathsep.join(filter(None, sys.path))
    return os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": path}


def test_a_console_without_a_letter_shows_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    monkeypatch.setattr("mer.cli.load", lambda name: lambda prog, words: print("\u60b2\u4f24 d\u00e9go\u00fbt") or 0)
    assert main(["run"]) == 0
    sys.stdout.flush()
    assert written.getvalue() == b"\\u60b2\\u4f24 d\xe9go\xfbt\n"
