"""`mer bench NAME`: benchmark a part of mer against alternatives in the same run and print the table."""

from __future__ import annotations

import ast
import importlib
from argparse import Namespace
from functools import partial
from pathlib import Path

import mer
from mer.cli.command import Command, Group, Parser

__all__ = ["COMMAND"]

_FOLDER = Path(mer.__file__).parent / "bench"


def _benchmarks() -> dict[str, str]:
    """Return every file of `mer/bench/` with its docstring, without importing any."""
    files = sorted(path for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))
    return {path.stem: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem for path in files}


def _fill(parser: Parser) -> None:
    parser.words("its settings, such as output=DIR")


def _run(name: str, asked: Namespace) -> int:
    importlib.import_module(f"mer.bench.{name}").run(asked.words)
    return 0


COMMAND = Group(
    help="benchmark a part of mer against alternatives and print the table",
    actions={
        name: Command(help=text.splitlines()[0], description=text, fill=_fill, run=partial(_run, name), parsed=False)
        for name, text in _benchmarks().items()
    },
)
