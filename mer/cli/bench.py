"""`mer bench NAME`: measures a part against its peers, in the same run, and prints the table."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Sequence
from pathlib import Path

import mer
from mer.errors import ConfigError

__all__ = ["USAGE", "main"]

_FOLDER = Path(mer.__file__).parent / "bench"


def _benchmarks() -> dict[str, str]:
    """Return every file of `mer/bench/` with the first line of its docstring, without importing any."""
    files = sorted(path for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))
    texts = {path.stem: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in files}
    return {name: text.splitlines()[0] for name, text in texts.items()}


USAGE = "usage: mer bench NAME [group=option ...] [output=DIR]\n\nbenchmarks\n" + "".join(
    f"  {name:<12} {line}\n" for name, line in _benchmarks().items()
)


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark that the first word names, with the words after it."""
    known = _benchmarks()
    if not arguments or arguments[0] not in known:
        named = f"mer bench {arguments[0]}: no such benchmark" if arguments else "mer bench: which benchmark?"
        raise ConfigError(f"{named}; there are {', '.join(known) or 'none yet'}")
    importlib.import_module(f"mer.bench.{arguments[0]}").run(arguments[1:])
    return 0
