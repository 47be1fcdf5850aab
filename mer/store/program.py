"""How this program was started, and where it keeps things, for the lines that a user is told to type."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

__all__ = ["default_home", "typed"]


def default_home() -> str:
    """Return the folder of everything that is kept between runs: MER_HOME of the environment, or ``mer_home``."""
    return os.environ.get("MER_HOME") or "mer_home"


def typed(*words: str, home: str | Path | None = None) -> str:
    """Return a command that works as it is in the shell that started this program.

    Parameters
    ----------
    *words : str
        What follows ``mer``, such as ``"report"``, ``"my study"``; quoted where the shell needs it.
    home : str or Path, optional
        MER_HOME of the run; named where the command would not find it by itself.
    """
    named = [] if home is None or Path(home).absolute() == Path(default_home()).absolute() else [f"home={home}"]
    return shlex.join([*_program(), *words, *named])


def _program() -> list[str]:
    """Return ``mer`` where the shell finds it; else its path, or ``python -m mer`` where it was started so."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py" and started.parent.name == "mer":
        return [_found("python", Path(sys.executable)), "-m", "mer"]
    if started.name != "mer" or not started.exists():
        return ["mer"]  # a program that imports mer
    return [_found("mer", started)]


def _found(name: str, path: Path) -> str:
    """Return the name where the shell finds this very file by it, else the shortest path to it."""
    on_path = shutil.which(name)
    if on_path and Path(on_path).absolute() == path.absolute():
        return name
    try:
        near = path.absolute().relative_to(Path.cwd())
        return str(near) if len(near.parts) > 1 else f"./{near}"  # a bare name is looked for on the path alone
    except ValueError:
        return str(path.absolute())
